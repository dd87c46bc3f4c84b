/* Says how far a profile can be believed, what it could not name, and what helps. */
#include "core/quality.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/json_text.h"
#include "core/number_text.h"
#include "core/profile.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An object with less than this share is in the list, but its remedy is not worth a sentence. */
enum { WORTH_SAYING_PERCENT = 1 };

void quality_add_note(json_t *quality, const char *format, ...)
{
	json_t *notes = json_object_get(quality, "notes");
	va_list args;
	char *text;

	if (!notes) {
		notes = json_array();
		json_object_set_new(quality, "notes", notes);
	}
	va_start(args, format);
	BUG(vasprintf(&text, format, args) < 0);
	va_end(args);
	json_array_append_new(notes, json_text(text));
	free(text);
}

static const struct {
	const char *word; /* "lost" and, with _percent, the key */
	const char *judged;
} flaws[QUALITY_N_FLAWS] = {
    [QUALITY_LOST] = {"lost", "were lost"},
    [QUALITY_TRUNCATED] = {"truncated", "have truncated stacks"},
    [QUALITY_UNRESOLVED] = {"unresolved", "have no name"},
};

/* False: it was not looked for. */
static bool percent_of(const json_t *quality, const char *word, double *percent)
{
	char *key = xasprintf("%s_percent", word);
	const json_t *value = json_object_get(quality, key);

	free(key);
	*percent = json_number_value(value);
	return value != NULL;
}

static void set_percent(json_t *quality, const char *word, double percent)
{
	char *key = xasprintf("%s_percent", word);

	json_object_set_new(quality, key, json_real(percent));
	free(key);
}

void quality_set_flaw(json_t *quality, enum quality_flaw flaw, double percent, const char *remedy)
{
	json_t *remedies = json_object_get(quality, "remedies");

	set_percent(quality, flaws[flaw].word, percent);
	if (!remedy || percent == 0)
		return;
	if (!remedies) {
		remedies = json_object();
		json_object_set_new(quality, "remedies", remedies);
	}
	json_object_set_new(remedies, flaws[flaw].word, json_text(remedy));
}

void quality_set_samples(json_t *quality, uint64_t n_samples, uint64_t n_lost, const char *remedy)
{
	uint64_t n_all = n_samples + n_lost;

	json_object_set_new(quality, "samples", json_integer((json_int_t)n_samples));
	json_object_set_new(quality, "lost_samples", json_integer((json_int_t)n_lost));
	quality_set_flaw(quality, QUALITY_LOST, share_percent(n_lost, n_all), remedy);
}

void quality_set_completed(json_t *quality, double percent)
{
	set_percent(quality, "completed", percent);
}

/* "; no names in libx.so, a.out and 3 more", largest first, as they were added. */
static void write_nameless(const json_t *quality, FILE *out)
{
	enum { MOST_NAMES = 2 };
	json_t *by_object = json_object_get(quality, "unresolved_by_object");
	size_t n_objects = json_object_size(by_object), n = 0;
	double percent;
	const char *name;
	json_t *value;

	percent_of(quality, flaws[QUALITY_UNRESOLVED].word, &percent);
	if (percent < 0.05) /* shown as 0.0 */
		return;
	json_object_foreach(by_object, name, value)
	{
		if (n++ == MOST_NAMES)
			break;
		fprintf(out, "%s%s", n == 1 ? "; no names in " : ", ", name);
	}
	if (n_objects > MOST_NAMES)
		fprintf(out, " and %zu more", n_objects - MOST_NAMES);
}

char *quality_text(const json_t *quality)
{
	json_int_t n_lost = json_integer_value(json_object_get(quality, "lost_samples"));
	const char *between = "";
	char *text = NULL;
	size_t len_bytes;
	FILE *out = open_memstream(&text, &len_bytes);
	double percent;

	BUG(!out);
	if (percent_of(quality, flaws[QUALITY_LOST].word, &percent)) {
		fprintf(out, "lost %s", count_text_of((uint64_t)n_lost).text);
		if (n_lost)
			/* Two digits, and never "1e+02". */
			fprintf(out, percent < 10 ? " (%.2g %%)" : " (%.0f %%)", percent);
		between = ", ";
	}
	for (size_t i = QUALITY_TRUNCATED; i <= QUALITY_N_FLAWS; i++) {
		const char *word = i < QUALITY_N_FLAWS ? flaws[i].word : "completed";

		if (!percent_of(quality, word, &percent))
			continue;
		fprintf(out, "%s%s %.1f %%", between, word, percent);
		between = ", ";
	}
	write_nameless(quality, out);
	BUG(fclose(out));
	return text;
}

char *quality_judge(const json_t *quality, double least_percent)
{
	double worst_percent = -1, left = 100, percent;
	size_t worst = 0;
	const char *remedy;

	for (size_t i = 0; i < QUALITY_N_FLAWS; i++) {
		if (!percent_of(quality, flaws[i].word, &percent))
			continue;
		left -= percent;
		if (percent > worst_percent) {
			worst_percent = percent;
			worst = i;
		}
	}
	if (worst_percent < 0)
		return xstrdup("--min-quality cannot be judged: nothing that could be lost, "
		               "truncated or without a name was measured");
	if (left >= least_percent)
		return NULL;
	remedy = json_string_value(
	    json_object_get(json_object_get(quality, "remedies"), flaws[worst].word));
	return xasprintf(
	    "quality is %.1f %%, below --min-quality %g: %.1f %% of the samples %s%s%s", left,
	    least_percent, worst_percent, flaws[worst].judged, remedy ? "; " : "",
	    remedy ? remedy : "");
}

/* From any recorded object of that base name. */
static const char *find_remedy(const struct recording *recording, struct symbolizer *symbolizer,
                               const char *name)
{
	for (uint32_t id = 0; id < recording_n_objects(recording); id++) {
		const struct object *object = recording_object(recording, id);
		const char *slash = object->path ? strrchr(object->path, '/') : NULL;
		const char *base = slash ? slash + 1 : object->path;
		const char *remedy = NULL;

		if (base && !strcmp(base, name))
			remedy = symbolizer_remedy(symbolizer, object);
		if (remedy)
			return remedy;
	}
	return NULL;
}

uint64_t quality_add_unresolved(json_t *quality, const struct profile *profile,
                                frame_filter *passes_on, const struct recording *recording,
                                struct symbolizer *symbolizer, const char **remedy)
{
	size_t n_objects;
	struct object_value *objects = profile_unresolved(profile, passes_on, &n_objects);
	uint64_t total = profile_total(profile, 0), unresolved = 0;
	json_t *by_object = json_object();
	const char *first = NULL;

	for (size_t i = 0; i < n_objects; i++) {
		const char *name = profile_text(profile, objects[i].object);
		const char *sentence = NULL;

		unresolved += objects[i].value;
		json_set_named(by_object, name, json_integer((json_int_t)objects[i].value));
		if (100.0 * (double)objects[i].value >= WORTH_SAYING_PERCENT * (double)total)
			sentence = find_remedy(recording, symbolizer, name);
		if (sentence)
			quality_add_note(quality, "%s", sentence);
		if (i == 0)
			first = sentence;
	}
	quality_set_flaw(quality, QUALITY_UNRESOLVED, share_percent(unresolved, total), first);
	if (remedy)
		*remedy = first;
	json_object_set_new(quality, "unresolved_by_object", by_object);
	free(objects);
	return unresolved;
}

char *quality_lines(const json_t *quality)
{
	const json_t *notes = json_object_get(quality, "notes");
	json_t *objects = json_object_get(quality, "unresolved_by_object");
	char *lines = NULL;
	size_t len;
	FILE *out = open_memstream(&lines, &len);

	BUG(!out);
	for (void *at = json_object_iter(objects); at; at = json_object_iter_next(objects, at))
		fprintf(out, "without a name in %s: %" JSON_INTEGER_FORMAT "\n",
		        json_object_iter_key(at), json_integer_value(json_object_iter_value(at)));
	for (size_t i = 0; i < json_array_size(notes); i++)
		fprintf(out, "%s\n", json_string_value(json_array_get(notes, i)));
	fclose(out);
	if (len)
		return lines;
	free(lines);
	return NULL;
}
