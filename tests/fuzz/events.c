/* Lists of events, as a scenario file has them. */
#include "tests/fuzz/fuzz.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "cpu/stat/events.h"

#include <stdlib.h>
#include <string.h>

void fuzz_add_seeds(void)
{
	static const char *const lists[] = {
	    "cycles,instructions,branches,branch-misses,cache-references,cache-misses",
	    "{cycles,instructions},page-faults:u,{cs,migrations}",
	    "r1a8,r0,sched:sched_switch,syscalls:sys_enter_read:k,L1-dcache-loads",
	    "task-clock,cpu-clock,faults,faults,minor-faults:uk",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		fuzz_seed(lists[i], strlen(lists[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = xstrndup((const char *)bytes, len);
	struct event_list list;
	struct diag diag = {0};

	if (event_list_parse(&list, text, false, &diag)) {
		BUG(!*diag.text);
	} else {
		for (size_t i = 0; i < list.n_events; i++)
			list.events[i].source = SOURCE_COUNTER;
		event_list_group(&list);
		for (size_t i = 0; i < list.n_events; i++) {
			size_t leader = list.events[i].leader;

			BUG(leader > i || list.events[leader].leader != leader);
			BUG(counted_event_attr(&list, i, true).enable_on_exec != (leader == i));
		}
		event_list_fini(&list);
	}
	free(text);
	return 0;
}
