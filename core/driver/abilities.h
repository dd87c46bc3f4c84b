/* Which options a type's collector cannot follow.
 */
#ifndef CORE_DRIVER_ABILITIES_H
#define CORE_DRIVER_ABILITIES_H

#include <stdbool.h>

struct collector;
struct diag;
struct run_options;

/* -EINVAL with a sentence that names the option and the type. */
int abilities_check(const struct collector *collector, const struct run_options *options,
                    struct diag *diag);

/* Can the type follow the option of this name ("pid")? */
bool abilities_has(const struct collector *collector, const char *option);

#endif
