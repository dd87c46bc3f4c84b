/* Naming the addresses of an ELF file: symbols, PLT, DWARF, links to debug files, packed sections.
 */
#include "tests/fuzz/fuzz.h"

#include "core/recording.h"
#include "core/symbolize/symbolize.h"

#include <stdbool.h>
#include <unistd.h>

/* A small program, so that most mutations hit what is read; its code begins at 0x1000. */
#define PROGRAM                                                                                    \
	"printf 'static inline __attribute__((always_inline)) int inner(int x) { return x * x + "  \
	"1; }\\n"                                                                                  \
	"static inline __attribute__((always_inline)) int outer(int x) { return inner(x) ^ 5; "    \
	"}\\n"                                                                                     \
	"struct s { int a; }; int global; int f(struct s *s) { return outer(s->a) + global; }\\n"  \
	"int main(void) { struct s s = {1}; return f(&s); }\\n' | "                                \
	"gcc -O2 -nostdlib -Wl,-e,main -o $out -xc - "

void fuzz_add_seeds(void)
{
	fuzz_seed_made_by(PROGRAM "-g -gdwarf-5");
	fuzz_seed_made_by(PROGRAM "-g -gdwarf-4");
	fuzz_seed_made_by(PROGRAM "-g -gz=zlib");
	fuzz_seed_made_by(PROGRAM "-g && objcopy --compress-debug-sections=zlib-gnu $out");
	fuzz_seed_made_by(PROGRAM "-g0");
	fuzz_seed_made_by(PROGRAM "-g0 -shared -fPIC -s");
	fuzz_seed_made_by(
	    PROGRAM "&& objcopy --only-keep-debug $out $out.m && xz -f $out.m && strip $out && "
	            "objcopy --add-section .gnu_debugdata=$out.m.xz $out && rm $out.m.xz");
	fuzz_seed_made_by(
	    PROGRAM "&& cp $out $out.d && objcopy --add-gnu-debuglink=$out.d $out && rm $out.d");
}

static bool see(void *context, const char *function, const uint64_t *address)
{
	(void)function;
	(void)address;
	(*(size_t *)context)++;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct object object = {.kind = OBJECT_FILE, .path = "/fuzz", .fd = fuzz_file(bytes, len)};
	const struct symbol_frame *frames;
	size_t n_functions = 0;

	for (uint64_t vaddr = 0x1000; vaddr < 0x1060; vaddr += 3)
		symbolizer_look_up(symbolizer, &object, vaddr, false, &frames);
	symbolizer_each_function(symbolizer, &object, see, &n_functions);
	symbolizer_remedy(symbolizer, &object);
	symbolizer_free(symbolizer);
	close(object.fd);
	return 0;
}
