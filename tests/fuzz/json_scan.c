/* Manifests read where they lie: any bytes are taken, or refused, as jansson does. */
#include "tests/fuzz/fuzz.h"

#include "tests/unit/json_peer.h"

#include <stdlib.h>
#include <string.h>

void fuzz_add_seeds(void)
{
	static const char *const seeds[] = {
	    "{\"schema\": 1, \"run_id\": \"20261120T093000.123Z\", \"git\": {\"commit\": \"ab\", "
	    "\"dirty\": false}, \"metrics\": {\"run.wall_ns\": {\"value\": 1.5e3, \"unit\": "
	    "\"ns\", "
	    "\"better\": null, \"samples\": [1, 2, -0.5]}}}",
	    "[\"\\ud83d\\udd25\\u00e9\\n\", \"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\xa5\", [[], "
	    "{}]]",
	};

	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		fuzz_seed(seeds[i], strlen(seeds[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	/* In memory of its own length: what is read behind the end is found. */
	char *text = malloc(len ? len : 1);

	memcpy(text, bytes, len);
	if (peer_differs(text, len))
		abort();
	free(text);
	return 0;
}
