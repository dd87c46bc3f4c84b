/* A baseline file, which people merge by hand; what is taken is written and must be taken again. */
#include "tests/fuzz/fuzz.h"

#include "core/alloc.h"
#include "core/baseline/baseline.h"
#include "core/diag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_add_seeds(void)
{
	static const char seed[] =
	    "{\"schema\": 1, \"tool\": {\"version\": \"0.1.0\"}, \"baseline\": \"v1\", "
	    "\"scenario\": "
	    "\"s\",\n\"history\": [{\"at\": \"2026\", \"by\": \"save\"}],\n\"types\": {\"io\": "
	    "{\"runs\": [{\"run_id\": \"1\", \"started\": \"x\", \"commit\": \"abc\", \"dirty\": "
	    "false}],\n\"repeats\": 2, \"command\": [\"p\"], \"environment\": {}, \"parameters\": "
	    "{},"
	    "\n\"host\": {\"cpus\": 2}, \"binary\": null, \"collector\": {\"name\": \"io\"}, "
	    "\"mixed\": [\"host\"],\n\"quality\": {\"samples\": 20, \"lost_samples\": 1, "
	    "\"lost_percent\": 5.0, \"notes\": [\"n\"]},\n\"metrics\": {\n\"io.read.calls\": "
	    "{\"value\": 7, \"unit\": \"count\", \"better\": \"lower\", \"instrumented\": false, "
	    "\"samples\": [7, 7]},\n\"run.wall_ns\": {\"value\": 1.5, \"unit\": \"ns\", "
	    "\"better\": "
	    "null, \"instrumented\": true, \"samples\": [1, 2]}\n},\n\"values\": [{\"name\": "
	    "\"calls\", \"unit\": \"count\"}],\n\"kinds\": {\"call\": {\"repeats\": 2, "
	    "\"left_out\": 0, \"whole\": [14]}},\n\"rows\": [\n{\"kind\": \"call\", \"name\": "
	    "\"read\", \"object\": \"o\", \"file\": \"f.c\", \"line\": 3, \"self\": [14], "
	    "\"total\": [14]}\n]}}}\n";

	fuzz_seed(seed, strlen(seed));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct baseline *baseline, *again;
	struct diag diag;
	char *text;
	size_t text_len;
	FILE *out;

	if (baseline_read((const char *)bytes, len, "file", &baseline, &diag))
		return 0;
	out = open_memstream(&text, &text_len);
	baseline_write(baseline, out);
	fclose(out);
	BUG(baseline_read(text, text_len, "written", &again, &diag) != 0);
	baseline_free(again);
	baseline_free(baseline);
	free(text);
	return 0;
}
