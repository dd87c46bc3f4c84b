/* Finds programs on PATH and the interpreters of scripts. */
#include "core/target/program.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the kernel reads of a #! line (BINPRM_BUF_SIZE), and how many interpreters may be scripts
 * (exec_binprm()). */
#define LINE_MAX_BYTES 256
#define SCRIPTS_MAX 5

#define BLANKS " \t"

/* `path` as seen from `cwd`, itself seen from the current directory. */
static char *make_absolute(const char *path, const char *cwd)
{
	char *here, *absolute;

	while (path[0] == '.' && path[1] == '/')
		path += 2;
	if (*path == '/')
		return xstrdup(path);
	if (cwd && *cwd == '/')
		return xasprintf("%s/%s", cwd, path);
	/* A current directory that was removed or unmounted has no name, only a handle. */
	here = get_current_dir_name();
	absolute = xasprintf("%s/%s%s%s", here ? here : ".", cwd ? cwd : "", cwd ? "/" : "", path);
	free(here);
	return absolute;
}

/* 0 or an errno, as execve(2) would say it. */
static int check_executable(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return errno;
	if (!S_ISREG(status.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

static int fail(struct diag *diag, int err, const char *path)
{
	struct stat status;

	if (err == EACCES && stat(path, &status) == 0) {
		if (S_ISDIR(status.st_mode))
			return diag_fail(diag, err, "cannot execute %s: it is a directory", path);
		if (!S_ISREG(status.st_mode))
			return diag_fail(diag, err, "cannot execute %s: it is no regular file",
			                 path);
		return diag_fail(diag, err,
		                 "cannot execute %s: it is not executable; run: chmod +x %s", path,
		                 path);
	}
	return diag_fail(diag, err, "cannot execute %s: %s", path, strerror(err));
}

static int search(char **path, const char *command, const char *cwd, struct diag *diag)
{
	const char *variable = getenv("PATH");
	/* The C library's own choice without PATH. */
	char *directories = xstrdup(variable ? variable : "/bin:/usr/bin");
	char *rest = directories, *directory, *denied = NULL;
	int err = ENOENT;

	while (err && (directory = strsep(&rest, ":"))) {
		char *relative = xasprintf("%s/%s", *directory ? directory : ".", command);
		char *candidate = make_absolute(relative, cwd);

		err = check_executable(candidate);
		if (!err) {
			*path = candidate;
		} else if (err == EACCES && !denied) {
			denied = candidate;
		} else {
			free(candidate);
		}
		free(relative);
	}
	free(directories);
	if (err && denied)
		err = fail(diag, EACCES, denied);
	else if (err)
		err = diag_fail(diag, ENOENT,
		                "cannot find the program %s in PATH; install it, or give its path",
		                command);
	free(denied);
	return err;
}

int program_find(char **path, const char *command, const char *cwd, struct diag *diag)
{
	char *candidate;
	int err;

	*path = NULL;
	if (!*command)
		return diag_fail(diag, ENOENT, "cannot execute a command without a name");
	if (!strchr(command, '/'))
		return search(path, command, cwd, diag);
	candidate = make_absolute(command, cwd);
	err = check_executable(candidate);
	if (!err) {
		*path = candidate;
		return 0;
	}
	err = fail(diag, err, candidate);
	free(candidate);
	return err;
}

/* The program that env(1) starts: the first word that is neither an option without operand nor
 * NAME=VALUE. NULL: env itself has to do. */
static const char *env_operand(char *words)
{
	char *word;

	while ((word = strsep(&words, BLANKS))) {
		if (strncmp(word, "-S", 2) == 0)
			word += 2;
		if (!*word || strcmp(word, "-i") == 0 || strcmp(word, "-") == 0 ||
		    strcmp(word, "--") == 0 || strchr(word, '='))
			continue;
		return *word == '-' ? NULL : word;
	}
	return NULL;
}

/* `line` follows the #!. */
static int find_named(char **interpreter, char *line, const char *cwd, struct diag *diag)
{
	const char *operand, *base;
	char *name;

	line[strcspn(line, "\n")] = '\0';
	line += strspn(line, BLANKS);
	name = strsep(&line, BLANKS);
	base = strrchr(name, '/');
	if (strcmp(base ? base + 1 : name, "env") == 0) {
		operand = env_operand(line);
		if (operand)
			return program_find(interpreter, operand, cwd, diag);
	}
	/* Without a slash the kernel looks in the current directory, not in PATH. */
	name = base ? xstrdup(name) : xasprintf("./%s", name);
	int err = program_find(interpreter, name, cwd, diag);

	free(name);
	return err;
}

/* What one file is started by: *interpreter stays NULL where it starts by itself. */
static int read_interpreter(char **interpreter, const char *path, const char *cwd,
                            struct diag *diag)
{
	char line[LINE_MAX_BYTES + 1];
	/* A FIFO that took the file's place must not hang us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t len;
	int err = 0;

	*interpreter = NULL;
	if (fd < 0)
		return errno == EACCES ? 0 : fail(diag, errno, path);
	len = read(fd, line, LINE_MAX_BYTES);
	close(fd);
	if (len < 0)
		return fail(diag, errno, path);
	line[len] = '\0';
	if (len >= SELFMAG && memcmp(line, ELFMAG, SELFMAG) == 0)
		return 0;
	if (line[0] == '#' && line[1] == '!') {
		err = find_named(interpreter, line + 2, cwd, diag);
		if (err)
			diag_prefix(diag, "%s is a script", path);
		return err;
	}
	if (memchr(line, '\0', (size_t)len))
		return diag_fail(diag, ENOEXEC,
		                 "cannot execute %s: it is neither an ELF program nor a script",
		                 path);
	*interpreter = xstrdup("/bin/sh");
	return 0;
}

int program_find_interpreter(char **interpreter, const char *path, const char *cwd,
                             struct diag *diag)
{
	char *next;
	int err;

	*interpreter = NULL;
	for (int scripts = 0; scripts <= SCRIPTS_MAX; scripts++) {
		err = read_interpreter(&next, *interpreter ? *interpreter : path, cwd, diag);
		if (!err && !next)
			return 0;
		free(*interpreter);
		*interpreter = next;
		if (err)
			return err;
	}
	free(*interpreter);
	*interpreter = NULL;
	return diag_fail(diag, ELOOP,
	                 "cannot execute %s: more than %d interpreters are scripts themselves",
	                 path, SCRIPTS_MAX);
}
