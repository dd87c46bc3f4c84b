/* Reads JSON (RFC 8259) where it lies, without building anything: for thousands of manifests of
 * which few members are needed.
 *
 * The caller walks the text in its order and takes or skips each value:
 *
 *	json_scan_init(&scan, text, len_bytes);
 *	if (json_scan_object(&scan))
 *		while (json_scan_member(&scan, &name))
 *			if (json_span_is(&name, "schema"))
 *				json_scan_number(&scan, &schema);
 *			else
 *				json_scan_skip(&scan);
 *	if (!json_scan_end(&scan))
 *		the text is damaged
 *
 * What is skipped is checked as well. Texts are refused as jansson refuses them (json_loadb without
 * flags), but for numbers out of range that are skipped; of members of one name the last is to
 * count, as there. After the first error every call fails, and loops end. The text may be any
 * bytes; nothing is read behind its end. No state is shared between scans.
 */
#ifndef CORE_JSON_SCAN_H
#define CORE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct json_scan {
	const char *at;
	const char *end;
	size_t depth;
	bool is_first; /* of the members or items: no comma before it */
	bool is_bad;
};

/* A string as it stands between its quotes. */
struct json_span {
	const char *text;
	size_t len_bytes;
	bool has_escapes;
};

void json_scan_init(struct json_scan *scan, const char *text, size_t len_bytes);

/* Enters the value when it is an object; else skips it and returns false. */
bool json_scan_object(struct json_scan *scan);
/* The next member of the object entered last; its value is to be taken or skipped before the next
 * call. False: there is no more, and the object is left. */
bool json_scan_member(struct json_scan *scan, struct json_span *name);
/* The same of arrays. */
bool json_scan_array(struct json_scan *scan);
bool json_scan_item(struct json_scan *scan);

/* Take a value of their kind; one of another kind is skipped, and they return false and leave the
 * result as it was. */
bool json_scan_string(struct json_scan *scan, struct json_span *string);
bool json_scan_number(struct json_scan *scan, double *number);
bool json_scan_bool(struct json_scan *scan, bool *value);
void json_scan_skip(struct json_scan *scan);
/* Skips the value and gives it as it stands in the text. False: it is none. */
bool json_scan_raw(struct json_scan *scan, struct json_span *raw);

/* Was all of it JSON, with nothing behind it? */
bool json_scan_end(struct json_scan *scan);

bool json_span_is(const struct json_span *span, const char *text);
/* The string without its escapes. The caller frees it. */
char *json_span_copy(const struct json_span *span);

#endif
