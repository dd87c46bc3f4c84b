/* Members of a manifest (run.json), for formats that are made from it. */
#ifndef CORE_EXPORT_MANIFEST_MEMBERS_H
#define CORE_EXPORT_MANIFEST_MEMBERS_H

#include <jansson.h>

/* "" where there is no such text; lives as long as the object. */
static inline const char *member_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

#endif
