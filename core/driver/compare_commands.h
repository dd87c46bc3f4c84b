/* compare --command-a OLD --command-b NEW: measures two commands in turns, and compares them.
 */
#ifndef CORE_DRIVER_COMPARE_COMMANDS_H
#define CORE_DRIVER_COMPARE_COMMANDS_H

struct command_line;
struct diag;

/* Three runs are stored under one name: OLD, OLD again as the control, NEW. That name is
 * --scenario's or that of OLD's program, with `-compare` behind it, but for a --scenario that has
 * no file: the history of a scenario's own command stays its own. The exit status, as
 * compare_report() has it; 3 when a command failed, with its end in the sentence. */
int compare_commands(const struct command_line *line, struct diag *diag);

#endif
