/* Tells results by which the kernel begins a call again from errors. */
#include "core/trace/restart_names.h"

#include "core/alloc.h"
#include "core/trace/kernel_numbers.h"

#include <stddef.h>

static const struct restart_name rows[] = {
    {ERESTARTSYS, "ERESTARTSYS", "To be restarted if SA_RESTART is set"},
    {ERESTARTNOINTR, "ERESTARTNOINTR", "To be restarted"},
    {ERESTARTNOHAND, "ERESTARTNOHAND", "To be restarted if no handler"},
    {ERESTART_RESTARTBLOCK, "ERESTART_RESTARTBLOCK", "Interrupted by signal"},
};

const struct restart_name *restart_name_of(int64_t error)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].error == error)
			return &rows[i];
	return NULL;
}
