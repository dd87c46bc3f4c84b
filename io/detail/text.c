/* Appends to texts. */
#include "io/detail/text.h"

#include "core/alloc.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *reserve(struct detail_text *text, size_t len)
{
	text->bytes = array_reserve(text->bytes, &text->capacity, text->len + len, 1);
	return text->bytes + text->len;
}

void detail_text_add(struct detail_text *text, const char *format, ...)
{
	enum { USUAL = 64 };
	va_list arguments;
	size_t room = USUAL, len;

	do {
		char *at = reserve(text, room);

		va_start(arguments, format);
		len = (size_t)vsnprintf(at, room, format, arguments);
		va_end(arguments);
		if (len < room)
			break;
		room = len + 1;
	} while (true);
	text->len += len;
}

static char short_escape(unsigned char byte)
{
	static const char pairs[] = "\"\"\\\\\ff\nn\rr\tt\vv";

	for (size_t i = 0; pairs[i]; i += 2)
		if ((unsigned char)pairs[i] == byte)
			return pairs[i + 1];
	return 0;
}

void detail_text_quote(struct detail_text *text, const void *bytes, size_t len)
{
	enum { LONGEST_ESCAPE = 4 };
	const unsigned char *from = bytes;
	char *at = reserve(text, 2 + len * LONGEST_ESCAPE + 1);
	char *begin = at;

	*at++ = '"';
	for (size_t i = 0; i < len; i++) {
		bool digit_follows = i + 1 < len && from[i + 1] >= '0' && from[i + 1] <= '7';

		if (short_escape(from[i])) {
			*at++ = '\\';
			*at++ = short_escape(from[i]);
		} else if (from[i] >= ' ' && from[i] <= '~') {
			*at++ = (char)from[i];
		} else {
			at += sprintf(at, digit_follows ? "\\%03o" : "\\%o", from[i]);
		}
	}
	*at++ = '"';
	text->len += (size_t)(at - begin);
}

void detail_text_quote_hex(struct detail_text *text, const void *bytes, size_t len)
{
	const unsigned char *from = bytes;

	detail_text_add(text, "\"");
	for (size_t i = 0; i < len; i++)
		detail_text_add(text, "\\x%02x", from[i]);
	detail_text_add(text, "\"");
}

void detail_text_fini(struct detail_text *text)
{
	free(text->bytes);
}
