/* Raises our limit of open files, and remembers what it was. */
#include "core/target/descriptors.h"

#include <stdbool.h>
#include <sys/resource.h>

static struct rlimit original;
static bool is_raised;

uint64_t descriptors_raise(uint64_t wanted)
{
	struct rlimit limit, beyond;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return limit.rlim_cur;
	if (!is_raised)
		original = limit;
	is_raised = true;
	beyond.rlim_cur = wanted;
	beyond.rlim_max = limit.rlim_max > wanted ? limit.rlim_max : wanted;
	if (!setrlimit(RLIMIT_NOFILE, &beyond)) /* beyond the hard limit only as root */
		return wanted;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}

void descriptors_restore(void)
{
	if (is_raised)
		setrlimit(RLIMIT_NOFILE, &original);
}
