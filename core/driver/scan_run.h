/* Runs a scan: every type at each of its points, then what grows with them.
 */
#ifndef CORE_DRIVER_SCAN_RUN_H
#define CORE_DRIVER_SCAN_RUN_H

struct command_line;
struct diag;

/* Returns the exit status; for any but 0 the diagnostic says why. */
int scan_run(const struct command_line *line, struct diag *diag);

#endif
