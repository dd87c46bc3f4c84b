/* state.json of a sweep; what is taken is written and must be taken again. */
#include "tests/fuzz/fuzz.h"

#include "core/diag.h"
#include "core/regress/state.h"

#include <string.h>

void fuzz_add_seeds(void)
{
	static const char seed[] =
	    "{\"schema\": 1, \"sweep_id\": \"20261120T093000.123Z\", \"key\": {\"the commit\": "
	    "null},"
	    " \"rows\": [{\"scenario\": \"s\", \"type\": \"io\", \"verdict\": \"regression\","
	    " \"status\": 1, \"reason\": \"why\", \"run_id\": \"20261120T093000.124Z\","
	    " \"metric\": \"io.calls\", \"ratio\": 1.5}, {\"scenario\": \"t\", \"type\": \"cpu\","
	    " \"verdict\": \"ok\", \"status\": 0, \"metric\": \"m\", \"ratio\": \"inf\"}]}";

	fuzz_seed(seed, strlen(seed));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	json_t *object = json_loadb((const char *)bytes, len, 0, NULL);
	struct regress_state state = {0}, again = {0};
	struct diag diag;

	if (object && !regress_state_from_json(&state, object, &diag)) {
		json_t *written = regress_state_to_json(&state);

		BUG(!written || regress_state_from_json(&again, written, &diag) != 0);
		json_decref(written);
	}
	regress_state_fini(&state);
	regress_state_fini(&again);
	json_decref(object);
	return 0;
}
