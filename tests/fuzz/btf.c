/* The kernel's types, in BTF. */
#include "tests/fuzz/fuzz.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "io/bpf/offsets.h"
#include "io/bpf/wire.h"
#include "tests/unit/btf_fixture.h"

#include <stdlib.h>
#include <string.h>

void fuzz_add_seeds(void)
{
	static struct btf_fixture btf;

	btf_fixture_begin(&btf);
	btf_fixture_add_kinds(&btf);
	btf_fixture_add_wanted(&btf);
	btf_fixture_end(&btf);
	fuzz_seed(btf.image, btf.image_bytes);
	/* Small enough for mutations to meet its few members: a structure in itself. */
	btf_fixture_begin(&btf);
	btf_fixture_add_structure(&btf, BTF_KIND_STRUCT, "task_struct", "", 2, 0);
	btf_fixture_add_structure(&btf, BTF_KIND_UNION, "", "", 1, 32);
	btf_fixture_end(&btf);
	fuzz_seed(btf.image, btf.image_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct meter_offsets offsets;
	struct diag diag;
	void *aligned = xmalloc(len ? len : 1);

	memcpy(aligned, bytes, len);
	bpf_offsets_read(&offsets, aligned, len, &diag);
	free(aligned);
	return 0;
}
