/* Says what a profile could not name, and what would give it names. */
#include "core/quality.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/json_text.h"
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

	if (remedy)
		*remedy = NULL;
	for (size_t i = 0; i < n_objects; i++) {
		const char *name = profile_text(profile, objects[i].object);
		const char *sentence = NULL;

		unresolved += objects[i].value;
		json_set_named(by_object, name, json_integer((json_int_t)objects[i].value));
		if (100.0 * (double)objects[i].value >= WORTH_SAYING_PERCENT * (double)total)
			sentence = find_remedy(recording, symbolizer, name);
		if (sentence)
			quality_add_note(quality, "%s", sentence);
		if (remedy && i == 0)
			*remedy = sentence;
	}
	json_object_set_new(quality, "unresolved_percent",
	                    json_real(total ? 100.0 * (double)unresolved / (double)total : 0));
	json_object_set_new(quality, "unresolved_by_object", by_object);
	free(objects);
	return unresolved;
}
