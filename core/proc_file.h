/* Small files and links of /proc/PID (proc(5)). A thread's id will do in place of a process's;
 * names are below that folder: "stat", "task/12/syscall". */
#ifndef CORE_PROC_FILE_H
#define CORE_PROC_FILE_H

#include <stddef.h>
#include <sys/types.h>

struct diag;

/* Is /proc that of our PID namespace? Its numbers are of other processes where it is not, so names
 * and descriptors read there would be somebody else's. -EOPNOTSUPP with a sentence: it is not, or
 * there is none. */
int proc_file_check(struct diag *diag);

/* Reads the file, or as much of its beginning as there is room for, and puts a NUL behind it.
 * Returns the bytes before that: 0 where the file is empty, as the command line of a zombie is; or
 * -errno: -ENOENT and -ESRCH when the process is gone. The text is "" then. */
ssize_t proc_file_read(pid_t pid, const char *name, char *text, size_t text_bytes);

/* Where the link points. NULL: the process is gone, or hides it. The caller frees it. */
char *proc_file_link(pid_t pid, const char *name);

/* A number in the file "status", which may be long: `format` is for sscanf(3), a line, with one
 * %ld in it. -1: there is no such line, or no process. */
long proc_file_status(pid_t pid, const char *format);

#endif
