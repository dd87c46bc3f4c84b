/* Reads the forms of RUN. */
#include "core/results/reference.h"

#include "core/alloc.h"
#include "core/results/results.h"
#include "core/results/run_id.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char dirty[] = "-dirty";

void reference_fini(struct reference *reference)
{
	free(reference->scenario);
	free(reference->type);
	free(reference->run_id);
	free(reference->commit);
}

static bool read_back(const char *text, unsigned long *back)
{
	size_t digits = strspn(text, "0123456789");

	*back = strtoul(text, NULL, 10);
	return digits && digits < 10 && !text[digits];
}

static bool read_commit(struct reference *reference, const char *text)
{
	size_t digits = strspn(text, "0123456789abcdefABCDEF");

	reference->is_dirty = !strcmp(text + digits, dirty);
	reference->commit = xstrndup(text, digits);
	for (size_t i = 0; i < digits; i++)
		reference->commit[i] = (char)tolower((unsigned char)text[i]);
	return digits >= COMMIT_MIN_DIGITS && digits <= COMMIT_MAX_DIGITS &&
	       (!text[digits] || reference->is_dirty);
}

/* "", "SCENARIO", "SCENARIO/TYPE" */
static bool read_prefix(struct reference *reference, const char *text, size_t len)
{
	const char *slash = memchr(text, '/', len);
	size_t scenario_len = slash ? (size_t)(slash - text) : len;

	if (!len)
		return true;
	reference->scenario = xstrndup(text, scenario_len);
	if (slash)
		reference->type = xstrndup(slash + 1, len - scenario_len - 1);
	return results_name_is_valid(reference->scenario) &&
	       (!slash || results_name_is_valid(reference->type));
}

bool reference_read(struct reference *reference, const char *text)
{
	const char *at = strchr(text, '@'), *slash = strchr(text, '/');
	const char *type = slash ? slash + 1 : "";
	size_t len = strcspn(type, "/~");

	*reference = (struct reference){0};
	if (at)
		return read_prefix(reference, text, (size_t)(at - text)) &&
		       read_commit(reference, at + 1);
	if (!slash || !read_prefix(reference, text, (size_t)(type - text) + len))
		return false;
	if (type[len] == '/')
		reference->run_id = xstrdup(type + len + 1);
	return (type[len] != '~' || read_back(type + len + 1, &reference->back)) &&
	       (!reference->run_id || run_id_is_valid(reference->run_id));
}
