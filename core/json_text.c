/* Makes JSON strings of texts that may not be UTF-8. */
#include "core/json_text.h"

#include "core/diag.h"
#include "core/export/xml.h"
#include "core/options.h"

#include <stdio.h>
#include <stdlib.h>

char *utf8_text(const char *text)
{
	char *clean = NULL;
	size_t len_bytes;
	FILE *stream = open_memstream(&clean, &len_bytes);

	BUG(!stream);
	while (*text) {
		size_t len = utf8_length(text);

		/* JSON has escapes for control characters, which XML forbids. */
		if (!len && (unsigned char)*text < 0x80)
			len = 1;
		if (len)
			fwrite(text, 1, len, stream);
		else
			fputs("\uFFFD", stream);
		text += len ? len : 1;
	}
	fclose(stream);
	return clean;
}

json_t *json_text(const char *text)
{
	json_t *string = json_string(text);
	char *clean;

	if (string || !text)
		return string;
	clean = utf8_text(text);
	string = json_string(clean);
	free(clean);
	return string;
}

json_t *json_texts(const struct text_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n_texts; i++)
		json_array_append_new(array, json_text(list->texts[i]));
	return array;
}

const char *json_text_at(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

const char *json_text_or_empty(const json_t *object, const char *key)
{
	const char *text = json_text_at(object, key);

	return text ? text : "";
}

void json_set_named(json_t *object, const char *name, json_t *value)
{
	char *clean = utf8_text(name);

	json_object_set_new(object, clean, value);
	free(clean);
}
