/* massif.out, as a run has stored it. */
#include "tests/fuzz/fuzz.h"

#include "core/diag.h"
#include "core/export/massif_read.h"

#include <stdio.h>
#include <string.h>

void fuzz_add_seeds(void)
{
	static const char seed[] =
	    "desc: --depth=30\ncmd: prog -x\ntime_unit: ms\n"
	    "#-----------\nsnapshot=0\n#-----------\ntime=0\nmem_heap_B=0\n"
	    "mem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=empty\n"
	    "#-----------\nsnapshot=1\n#-----------\ntime=25\nmem_heap_B=1000\n"
	    "mem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=peak\n"
	    "n2: 1000 (heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n"
	    " n1: 900 0x1139: inner (prog.c:7)\n  n0: 900 0x1150: main (prog.c:9)\n"
	    " n0: 100 in 2 places, all below massif's threshold (1.00%)\n";

	fuzz_seed(seed, strlen(seed));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	FILE *in = fmemopen((void *)bytes, len, "r");
	struct massif_file file;
	struct diag diag;

	if (!in)
		return 0; /* of no bytes */
	massif_read(in, &file, &diag);
	massif_file_fini(&file);
	fclose(in);
	return 0;
}
