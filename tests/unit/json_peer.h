/* What json_scan reads beside what jansson reads of the same text. */
#ifndef TESTS_UNIT_JSON_PEER_H
#define TESTS_UNIT_JSON_PEER_H

#include "core/alloc.h"
#include "core/json_scan.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The value that the scan is at, as jansson would hold it; numbers all as reals. */
static json_t *peer_build(struct json_scan *scan)
{
	struct json_span span;
	json_t *value = NULL;
	double number;
	bool is_true;
	char *text;

	switch (scan->at < scan->end ? *scan->at : 0) {
	case '{':
		value = json_object();
		json_scan_object(scan);
		while (json_scan_member(scan, &span)) {
			while (scan->at < scan->end && strchr(" \n\t\r", *scan->at) && *scan->at)
				scan->at++;
			text = json_span_copy(&span);
			json_object_set_new(value, text, peer_build(scan));
			free(text);
		}
		return value;
	case '[':
		value = json_array();
		json_scan_array(scan);
		while (json_scan_item(scan)) {
			while (scan->at < scan->end && strchr(" \n\t\r", *scan->at) && *scan->at)
				scan->at++;
			json_array_append_new(value, peer_build(scan));
		}
		return value;
	case '"':
		if (!json_scan_string(scan, &span))
			return json_null();
		text = json_span_copy(&span);
		value = json_string(text);
		free(text);
		return value;
	case 't':
	case 'f':
		return json_scan_bool(scan, &is_true) ? json_boolean(is_true) : json_null();
	case 'n':
		json_scan_skip(scan);
		return json_null();
	default:
		return json_scan_number(scan, &number) ? json_real(number) : json_null();
	}
}

static bool peer_equal(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_number(a) && json_is_number(b))
		return json_number_value(a) == json_number_value(b);
	if (json_typeof(a) != json_typeof(b))
		return false;
	if (json_is_array(a)) {
		if (json_array_size(a) != json_array_size(b))
			return false;
		json_array_foreach(
		    (json_t *)a, i,
		    value) if (!peer_equal(value, json_array_get(b, i))) return false;
		return true;
	}
	if (json_is_object(a)) {
		if (json_object_size(a) != json_object_size(b))
			return false;
		json_object_foreach(
		    (json_t *)a, key,
		    value) if (!json_object_get(b, key) ||
		               !peer_equal(value, json_object_get(b, key))) return false;
		return true;
	}
	return json_equal(a, b);
}

/* NULL: json_scan and jansson agree about the text; else how they do not. */
static const char *peer_differs(const char *text, size_t len)
{
	json_t *theirs = json_loadb(text, len, 0, NULL), *ours;
	struct json_scan scan, skip;
	const char *why = NULL;

	json_scan_init(&skip, text, len);
	json_scan_skip(&skip);
	json_scan_init(&scan, text, len);
	while (scan.at < scan.end && *scan.at && strchr(" \n\t\r", *scan.at))
		scan.at++;
	/* jansson wants an object or an array at the top, and overlooks a zero byte behind a
	 * number. */
	if (memchr(text, 0, len))
		goto out;
	if (scan.at == scan.end || (*scan.at != '{' && *scan.at != '['))
		goto out;
	ours = peer_build(&scan);
	if (json_scan_end(&scan) && !theirs && scan.depth == 0)
		why = "taken, and jansson refuses it";
	else if (!json_scan_end(&scan) && theirs)
		why = "refused, and jansson takes it";
	else if (theirs && !json_scan_end(&skip))
		why = "taken, but refused when skipped";
	else if (theirs && !peer_equal(theirs, ours))
		why = "taken as another value than jansson's";
	json_decref(ours);
out:
	json_decref(theirs);
	return why;
}

#endif
