/* A copy of a program without its file capabilities, for --ambient-cap.
 *
 * exec of a file with capabilities sets AT_SECURE, which strips LD_PRELOAD and hides the target
 * from an ordinary user's perf events; a plain file under an ambient capability has the same rights
 * and neither effect.
 */
#ifndef CORE_DRIVER_PLAIN_COPY_H
#define CORE_DRIVER_PLAIN_COPY_H

struct diag;

/* Copies the program to a directory of its own under TMPDIR; the caller frees *copy after
 * plain_copy_remove(). */
int plain_copy_make(const char *program, char **copy, struct diag *diag);
void plain_copy_remove(char *copy); /* NULL is fine; frees it too */

#endif
