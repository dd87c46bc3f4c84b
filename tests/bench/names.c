/* Names addresses as `addr2line -afipC` does, for the bench: the symbolizer alone, beside its peers.
 *
 * usage: names FILE <ADDRESSES   hexadecimal, one a line
 */
#include "core/recording.h"
#include "core/symbolize/symbolize.h"

#include <stdio.h>

static void print_frames(const struct symbol_frame *frames, size_t n, unsigned long long vaddr)
{
	printf("0x%016llx:", vaddr);
	for (size_t i = 0; i < n; i++)
		printf("%s %s at %s:%u\n", i ? " (inlined by)" : "",
		       frames[i].function ? frames[i].function : "??",
		       frames[i].file ? frames[i].file : "??", frames[i].line);
}

int main(int argc, char **argv)
{
	struct object object = {.kind = OBJECT_FILE, .path = argv[1], .fd = -1};
	struct symbolizer *symbolizer;
	unsigned long long vaddr;
	const char *remedy;

	if (argc != 2) {
		fputs("usage: names FILE <ADDRESSES\n", stderr);
		return 2;
	}
	symbolizer = symbolizer_new();
	while (scanf("%llx", &vaddr) == 1) {
		const struct symbol_frame *frames;
		size_t n = symbolizer_look_up(symbolizer, &object, vaddr, false, &frames);

		print_frames(frames, n, vaddr);
	}
	remedy = symbolizer_remedy(symbolizer, &object);
	if (remedy)
		fprintf(stderr, "%s\n", remedy);
	symbolizer_free(symbolizer);
	return 0;
}
