/* The map that a JIT compiler leaves: perf-PID.map. */
#include "tests/fuzz/fuzz.h"

#include "core/alloc.h"
#include "core/symbolize/perf_map.h"
#include "core/symbolize/symbol_table.h"

#include <string.h>

void fuzz_add_seeds(void)
{
	static const char map[] = "1000 100 old\n2000 10 LazyCompile:*f a file.js:3\n1040 20 new\n"
	                          "ffffffffffffff00 1000 wraps\n4000 10 last";

	fuzz_seed(map, strlen(map));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct symbol_table *table = symbol_table_new();

	perf_map_parse(table, xstrndup((const char *)bytes, len));
	for (uint64_t address = 0; address < 0x5000; address += 64)
		symbol_table_find(table, address);
	symbol_table_free(table);
	return 0;
}
