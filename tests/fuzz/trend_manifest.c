/* Manifests of stored runs, as trend reads them. */
#include "tests/fuzz/fuzz.h"

#include "core/diag.h"
#include "core/trend/manifest_read.h"

#include <stdlib.h>
#include <string.h>

void fuzz_add_seeds(void)
{
	static const char *const seeds[] = {
	    "{\"schema\": 1, \"started\": \"2026-11-20T09:30:00.123Z\", \"verdict\": \"ok\", "
	    "\"host\": {\"hostname\": \"vm\"}, \"git\": {\"commit\": \"ab\", \"dirty\": true}, "
	    "\"parameters\": {\"n\": \"1000\"}, \"metrics\": {\"run.wall_ns\": {\"value\": 1.5e3, "
	    "\"unit\": \"ns\", \"better\": \"lower\", \"samples\": [1, 2, -0.5]}, \"user.x\": "
	    "{\"value\": 2, \"unit\": \"\", \"better\": null, \"samples\": []}}}",
	    "{\"schema\": 2}",
	};

	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		fuzz_seed(seeds[i], strlen(seeds[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct trend_wish wish = {.with_samples = true};
	struct manifest_reading reading = {.pool = string_pool_new(), .wish = &wish};
	char *text = malloc(len ? len : 1);

	memcpy(text, bytes, len);
	if (manifest_read(&reading, "stat", text, len))
		BUG(reading.n_metrics || reading.n_samples);
	for (size_t i = 0; i < reading.n_metrics; i++)
		BUG(reading.metrics[i].first_sample + reading.metrics[i].n_samples >
		    reading.n_samples);
	manifest_reading_fini(&reading);
	string_pool_free(reading.pool);
	free(text);
	return 0;
}
