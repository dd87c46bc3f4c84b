/* Suppression files of both formats, and the rules that come of them. */
#include "tests/fuzz/fuzz.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/profile.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"
#include "mem/leaks/suppression.h"

#include <stdlib.h>
#include <string.h>

void fuzz_add_seeds(void)
{
	static const char *const files[] = {
	    "# ours\n{\n  one\n  Memcheck:Leak\n  match-leak-kinds: possible,definite\n"
	    "  fun:malloc\n  ...\n  obj:*/lib?.so*\n  src:a*.c:12\n}\n",
	    "{\n two\n Memcheck:Param\n write(buf)\n fun:write\n}\n"
	    "{\n three\n Addrcheck,Memcheck:Leak\n ...\n fun:_ZN*\n ...\n fun:main\n}\n",
	    "leak:^lib*.so$\n  leak:main\n#\nleak:*a*b\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		fuzz_seed(files[i], strlen(files[i]));
}

/* A stack of three frames: one with a name, one without, one that only has an object. */
static struct profile *make_profile(void)
{
	static const struct value_type type = {"space", "bytes"};
	static const struct symbol_frame name = {.function = "main", .file = "/a/b.c", .line = 12};
	const struct object object = {.kind = OBJECT_FILE, .path = (char *)"/a/lib.so", .fd = -1};
	struct recording *recording = recording_new(&type, 1);
	struct symbolizer *symbolizer = symbolizer_new();
	uint32_t id = recording_add_object(recording, &object);
	const struct recorded_frame frames[] = {{id, true, 1}, {id, true, 2}, {id, true, 1}};
	struct sample sample = {.thread = recording_add_thread(recording, 1, 1, "a")};
	const uint64_t value = 1;
	struct profile *profile;

	symbolizer_remember(symbolizer, &object, symbolizer_address(1, true), &name, 1);
	sample.stack = recording_add_stack(recording, frames, ARRAY_SIZE(frames));
	recording_add_sample(recording, sample, &value);
	profile = profile_new(recording, symbolizer);
	recording_free(recording);
	symbolizer_free(symbolizer);
	return profile;
}

static void use(const struct suppressions *set)
{
	static struct profile *profile;
	struct suppression_finder *finder;
	uint32_t frames[3];
	struct leak_stack stack = {.allocator = "malloc", .frames = frames};

	if (!profile)
		profile = make_profile();
	stack.n_frames = profile_stack_frames(profile, profile_sample(profile, 0).stack, frames,
	                                      ARRAY_SIZE(frames));
	finder = suppression_finder_new(set, profile, 12);
	for (int kind = 0; kind < LEAK_N_KINDS; kind++)
		if (suppression_find(finder, (enum leak_kind)kind, &stack) >
		    suppressions_count(set))
			abort();
	suppression_finder_free(finder);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct suppressions *set = suppressions_new();
	struct diag diag = {""};

	if (suppressions_parse(set, "x.supp", (const char *)bytes, len, &diag) && !*diag.text)
		abort();
	use(set);
	suppressions_free(set);
	return 0;
}
