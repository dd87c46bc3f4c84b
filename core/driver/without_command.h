/* A request that runs nothing: --pid, or --all-cpus alone.
 */
#ifndef CORE_DRIVER_WITHOUT_COMMAND_H
#define CORE_DRIVER_WITHOUT_COMMAND_H

#include <stdbool.h>

struct command_line;
struct diag;
struct request;

/* Whether a COMMAND need not be there. */
bool without_command_is_asked(const struct command_line *line);

/* Fills in pids and, of the first one, command. -EINVAL: options that are for a COMMAND, or a
 * COMMAND beside --pid; else errors as of running_parse(). */
int without_command_resolve(struct request *request, struct diag *diag);

/* What the results are called. The caller frees it. */
char *without_command_name(const struct request *request);

#endif
