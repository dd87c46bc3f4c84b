/* Whether a function is the one that a user names (CONTRACT 5: cpu.self_percent(F)).
 */
#ifndef CORE_FUNCTION_MATCH_H
#define CORE_FUNCTION_MATCH_H

#include <stdbool.h>

/* `name` is one without arguments, as demangle_short() makes it. The pattern is the name itself, or
 * a glob (glob(7)) on the name without its template arguments; without `::` it may also be, or
 * match, the last component alone. */
bool function_matches(const char *pattern, const char *name);

/* "ns::f::g" of "ns::f<int>::g". What a Rust path begins with (<T as Trait>::f) and operators stay.
 * The caller frees it. */
char *function_without_templates(const char *name);

/* Is the symbol the function's, but for a version ("@GLIBC_2.34") or a clone's suffix (".cold")? */
bool function_has_symbol(const char *function, const char *symbol);

/* "g" of "ns::f::g": points into the name. */
const char *function_last_component(const char *name);

#endif
