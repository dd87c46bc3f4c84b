/* The file that a command starts: found as execvp(3) finds it, and read as the kernel reads #!
 * lines. */
#ifndef CORE_PROGRAM_H
#define CORE_PROGRAM_H

struct diag;

/* The absolute path of the program that `command` names in directory `cwd` (NULL: the current one):
 * by itself when it has a slash, else from PATH. Links are not resolved. The caller frees *path.
 * -ENOENT, -EACCES (or what else the way there says) with a sentence. */
int program_find(char **path, const char *command, const char *cwd, struct diag *diag);

/* The program that really starts for a script: what its #! line names, through `env NAME` and
 * through interpreters that are scripts; /bin/sh for text without such a line, as execvp(3) does.
 * *interpreter is NULL for an ELF file and for one that may not be read. -ENOEXEC with a sentence
 * for what is neither. The caller frees it. */
int program_find_interpreter(char **interpreter, const char *path, const char *cwd,
                             struct diag *diag);

#endif
