/* Mangled names: C++, Rust, D, and the cutting down of what they become. */
#include "tests/fuzz/fuzz.h"

#include "core/alloc.h"
#include "core/symbolize/demangle.h"

#include <stdlib.h>
#include <string.h>

void fuzz_add_seeds(void)
{
	static const char *const symbols[] = {
	    "_ZNSt6vectorIiSaIiEE9push_backEOi",
	    "_ZNK5boost6detail8functionIFvRKSsEE6invokeIZ4mainEUlS3_E_EEvS3_.isra.0",
	    "_ZN12_GLOBAL__N_15scaleEi.part.0.cold",
	    "_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc@@GLIBCXX_3.4",
	    "_ZN4core3fmt9Formatter9write_str17h0123456789abcdefE",
	    "_RNvXs_NtCs1234_4rust1SNtB4_4Grow4grow",
	    "_RINvNtC3std3mem8align_ofdE",
	    "_D3std5stdio12__T7writelnTAyaZ7writelnFAyaZv",
	    "_Z1fIXadL_Z1gvEEEvDTclL_Z1hvEE",
	    "printf@plt",
	    "_Z1f1pIiiES_IS0_S0_ES_IS1_S1_ES_IS2_S2_ES_IS3_S3_ES_IS4_S4_ES_IS5_S5_E",
	};

	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		fuzz_seed(symbols[i], strlen(symbols[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *symbol = xstrndup((const char *)bytes, len);
	char *name = demangle(symbol);
	char *shorter = demangle_short(name);
	char *direct = demangle_short(symbol);

	free(direct);
	free(shorter);
	free(name);
	free(symbol);
	return 0;
}
