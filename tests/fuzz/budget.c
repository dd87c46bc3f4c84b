/* A budget, as users and scenario files have it. */
#include "tests/fuzz/fuzz.h"

#include "core/alloc.h"
#include "core/budget.h"
#include "core/diag.h"
#include "core/metrics.h"

#include <stdlib.h>
#include <string.h>

void fuzz_add_seeds(void)
{
	static const char *const seeds[] = {
	    "io.sendmmsg.calls <= 20",
	    "mem.peak_bytes<64 MiB",
	    "run.wall_ns >= 1.5e3ms",
	    "cpu.self_percent(std::less<int>::operator<(int, int)) == 20 %",
	    "user.x > -3k",
	};

	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++)
		fuzz_seed(seeds[i], strlen(seeds[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char *const units[] = {"ns", "bytes", "percent", "count", ""};
	char *text = xstrndup((const char *)bytes, len);
	struct budget budget;
	struct diag diag;
	double factor;

	if (!budget_parse(&budget, text, &diag)) {
		for (size_t i = 0; i < ARRAY_SIZE(units); i++)
			budget_factor(&budget,
			              &(struct metric_row){"x", units[i], METRIC_LOWER, ""},
			              &factor, &diag);
		free(budget_function(budget.metric));
		budget_fini(&budget);
	}
	free(text);
	return 0;
}
