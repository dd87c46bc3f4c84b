/* Which options a type's collector cannot follow.
 */
#ifndef CORE_DRIVER_ABILITIES_H
#define CORE_DRIVER_ABILITIES_H

#include <stdbool.h>

struct collector;
struct command_line;
struct diag;
struct run_options;

/* -EINVAL with a sentence that names the option and the type. */
int abilities_check(const struct collector *collector, const struct run_options *options,
                    struct diag *diag);

/* Of types that draw no flame graph unless this option is given, too: what shapes nothing else must
 * not have been typed. -EINVAL with a sentence. */
int abilities_check_pictures(const struct command_line *line, const char *missing_option,
                             struct diag *diag);

/* Can the type follow the option of this name ("pid")? */
bool abilities_has(const struct collector *collector, const char *option);

#endif
