/* The table of what calls main. */
#include "mem/below_main.h"

#include "core/alloc.h"
#include "core/function_match.h"

#include <stddef.h>

/* valgrind's VG_(get_fnname_kind). */
static const char *const callers[] = {
    "__libc_start_main",
    "__libc_start_main_impl",
    "__libc_start_call_main",
    "generic_start_main",
    "_start",
};

bool is_below_main(const char *function)
{
	for (size_t i = 0; i < ARRAY_SIZE(callers); i++)
		if (function_has_symbol(callers[i], function))
			return true;
	return false;
}
