/* Manifests as one side of a comparison, two of them: the bytes are two texts with a 0 between. */
#include "tests/fuzz/fuzz.h"

#include "core/alloc.h"
#include "core/compare/comparison.h"
#include "core/compare/comparison_write.h"
#include "core/compare/side.h"
#include "core/diag.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANIFEST(id, samples)                                                                      \
	"{\"schema\": 1, \"scenario\": \"s\", \"type\": \"io\", \"verdict\": \"ok\", \"run_id\": " \
	"\"" id "\", \"started\": \"2026\", \"git\": {\"commit\": \"abc\", \"dirty\": false}, "    \
	"\"host\": {\"hostname\": \"h\", \"cpus\": 2}, \"collector\": {\"options\": {\"a\": 1}},"  \
	"\"quality\": {\"samples\": 9, \"lost_percent\": 1.5, \"notes\": [\"n\"]}, \"metrics\": {" \
	"\"io.calls\": {\"unit\": \"count\", \"better\": \"lower\", \"samples\": " samples "},"    \
	"\"io.read.calls\": {\"unit\": \"count\", \"better\": \"lower\", \"samples\": " samples    \
	"}, \"io.time_ns\": {\"unit\": \"ns\", \"better\": \"lower\", \"samples\": [1.5, 2]}}}"

void fuzz_add_seeds(void)
{
	static const char seed[] = MANIFEST("1", "[7, 7, 7]") "\0" MANIFEST("2", "[8, 8, 8]");

	fuzz_seed(seed, sizeof(seed) - 1);
}

static struct side *read_side(const uint8_t *bytes, size_t len)
{
	json_t *manifest = json_loadb((const char *)bytes, len, 0, NULL);
	struct side *side = side_new();
	struct diag diag;
	int err = manifest ? side_add_manifest(side, manifest, "a", &diag) : -1;

	/* A run may be there twice. */
	if (!err)
		err = side_add_manifest(side, manifest, "b", &diag);
	if (!err)
		err = side_finish(side, &diag);
	json_decref(manifest);
	if (err) {
		side_free(side);
		return NULL;
	}
	return side;
}

typedef void document_writer(const struct comparison *comparison, const char *picture, FILE *out);

/* Whatever names there are, no document has a control character. */
static void write_document(const struct comparison *comparison, document_writer *write)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	write(comparison, NULL, out);
	fclose(out);
	for (size_t i = 0; i < len; i++)
		BUG(iscntrl((unsigned char)text[i]) && text[i] != '\n');
	free(text);
}

static void write_documents(const struct comparison *comparison)
{
	json_t *json = comparison_to_json(comparison, NULL);

	BUG(!json_object_get(json, "metrics"));
	json_decref(json);
	write_document(comparison, comparison_write_text);
	write_document(comparison, comparison_write_markdown);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const uint8_t *end = len ? memchr(bytes, 0, len) : NULL;
	size_t first = end ? (size_t)(end - bytes) : len;
	struct side *base = read_side(bytes, first);
	struct side *new = end ? read_side(end + 1, len - first - 1) : NULL;
	struct comparison_options options = {.threshold_percent = 2};
	struct comparison comparison;
	struct diag diag;

	if (base && new) {
		if (!comparison_init(&comparison, base, new, NULL, &options, &diag))
			write_documents(&comparison);
		comparison_fini(&comparison);
	}
	side_free(base);
	side_free(new);
	return 0;
}
