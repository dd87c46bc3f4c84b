/* Walks over JSON text, checking it. */
#include "core/json_scan.h"

#include "core/alloc.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* As jansson has it (JSON_PARSER_MAX_DEPTH). */
#define DEPTH_MAX 2048

/* Numbers of ours have 17 digits at most. */
#define NUMBER_BYTES 64

void json_scan_init(struct json_scan *scan, const char *text, size_t len_bytes)
{
	*scan = (struct json_scan){.at = text, .end = text + len_bytes};
}

static bool fail(struct json_scan *scan)
{
	scan->is_bad = true;
	scan->at = scan->end;
	return false;
}

/* The next character that is no blank, not taken; 0 at the end. */
static char peek(struct json_scan *scan)
{
	while (scan->at < scan->end &&
	       (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\t' || *scan->at == '\r'))
		scan->at++;
	return scan->at < scan->end ? *scan->at : '\0';
}

static bool take(struct json_scan *scan, char expected)
{
	if (peek(scan) != expected)
		return fail(scan);
	scan->at++;
	return true;
}

/* -1: four digits are not there. */
static int read_hex(const char *at, const char *end)
{
	int value = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = at[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
		            : c >= 'a' && c <= 'f' ? c - 'a' + 10
		            : c >= 'A' && c <= 'F' ? c - 'A' + 10
		                                   : -1;

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* The length of the escape that begins at the backslash, 0: it is none. *code is its character. */
static size_t read_escape(const char *at, const char *end, uint32_t *code)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *known = end - at > 1 && at[1] ? strchr(from, at[1]) : NULL;
	int high, low;

	if (known) {
		*code = (unsigned char)to[known - from];
		return 2;
	}
	if (end - at < 6 || at[1] != 'u')
		return 0;
	high = read_hex(at + 2, end);
	*code = (uint32_t)high;
	if (high <= 0 || (high >= 0xDC00 && high < 0xE000))
		return 0;
	if (high < 0xD800 || high >= 0xE000)
		return 6;
	low = end - at >= 12 && at[6] == '\\' && at[7] == 'u' ? read_hex(at + 8, end) : -1;
	if (low < 0xDC00 || low >= 0xE000)
		return 0;
	*code = 0x10000 + (((uint32_t)high - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
	return 12;
}

/* The length of the UTF-8 sequence of more than one byte (RFC 3629), 0: it is none. */
static size_t read_utf8(const char *at, const char *end)
{
	const unsigned char *byte = (const unsigned char *)at;
	size_t len = byte[0] >= 0xC2 && byte[0] < 0xE0   ? 2
	             : byte[0] >= 0xE0 && byte[0] < 0xF0 ? 3
	             : byte[0] >= 0xF0 && byte[0] < 0xF5 ? 4
	                                                 : 0;

	if (!len || (size_t)(end - at) < len)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((byte[i] & 0xC0) != 0x80)
			return 0;
	/* Overlong, a surrogate, beyond Unicode. */
	if ((byte[0] == 0xE0 && byte[1] < 0xA0) || (byte[0] == 0xED && byte[1] >= 0xA0) ||
	    (byte[0] == 0xF0 && byte[1] < 0x90) || (byte[0] == 0xF4 && byte[1] >= 0x90))
		return 0;
	return len;
}

/* Of which a string has many in a row. */
static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

static bool take_string(struct json_scan *scan, struct json_span *string)
{
	bool has_escapes = false;
	const char *at, *start, *end = scan->end;

	if (!take(scan, '"'))
		return false;
	start = at = scan->at;
	for (;;) {
		uint32_t code;
		size_t len;

		while (at < end && is_plain(*at))
			at++;
		if (at == end)
			return fail(scan);
		if (*at == '"')
			break;
		has_escapes |= *at == '\\';
		len = *at == '\\' ? read_escape(at, end, &code) : read_utf8(at, end);
		if (!len)
			return fail(scan);
		at += len;
	}
	*string = (struct json_span){start, (size_t)(at - start), has_escapes};
	scan->at = at + 1;
	return true;
}

static const char *skip_digits(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

/* Moves over a number; *is_whole: it has neither a fraction nor an exponent. */
static bool take_number(struct json_scan *scan, bool *is_whole)
{
	const char *at = scan->at, *end = scan->end, *digits;

	at += at < end && *at == '-';
	digits = at;
	at = skip_digits(at, end);
	if (at == digits || (*digits == '0' && at - digits > 1))
		return fail(scan);
	*is_whole = true;
	if (at < end && *at == '.') {
		digits = ++at;
		at = skip_digits(at, end);
		*is_whole = false;
		if (at == digits)
			return fail(scan);
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		at++;
		at += at < end && (*at == '-' || *at == '+');
		digits = at;
		at = skip_digits(at, end);
		*is_whole = false;
		if (at == digits)
			return fail(scan);
	}
	scan->at = at;
	return true;
}

static bool take_word(struct json_scan *scan, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, word, len) != 0)
		return fail(scan);
	scan->at += len;
	return true;
}

/* Enters an object or an array. */
static bool enter(struct json_scan *scan, char opening)
{
	if (!take(scan, opening))
		return false;
	if (scan->depth == DEPTH_MAX)
		return fail(scan);
	scan->depth++;
	scan->is_first = true;
	return true;
}

/* Moves to the next member or item. False: there is none, and it is left. */
static bool next(struct json_scan *scan, char closing)
{
	bool was_first = scan->is_first;

	if (scan->is_bad)
		return false;
	scan->is_first = false;
	if (peek(scan) == closing) {
		scan->at++;
		scan->depth--;
		return false;
	}
	return was_first || take(scan, ',');
}

/* A value that is neither object nor array. */
static bool take_scalar(struct json_scan *scan)
{
	struct json_span string;
	bool is_whole;

	switch (peek(scan)) {
	case '"':
		return take_string(scan, &string);
	case 't':
		return take_word(scan, "true");
	case 'f':
		return take_word(scan, "false");
	case 'n':
		return take_word(scan, "null");
	default:
		return take_number(scan, &is_whole);
	}
}

bool json_scan_object(struct json_scan *scan)
{
	if (peek(scan) == '{')
		return enter(scan, '{');
	json_scan_skip(scan);
	return false;
}

bool json_scan_member(struct json_scan *scan, struct json_span *name)
{
	return next(scan, '}') && take_string(scan, name) && take(scan, ':');
}

bool json_scan_array(struct json_scan *scan)
{
	if (peek(scan) == '[')
		return enter(scan, '[');
	json_scan_skip(scan);
	return false;
}

bool json_scan_item(struct json_scan *scan)
{
	return next(scan, ']');
}

bool json_scan_string(struct json_scan *scan, struct json_span *string)
{
	if (peek(scan) == '"')
		return take_string(scan, string);
	json_scan_skip(scan);
	return false;
}

/* Of a few digits, as most are. */
static double small_whole(const char *text, size_t len)
{
	bool is_negative = *text == '-';
	int64_t value = 0;

	for (size_t i = is_negative; i < len; i++)
		value = value * 10 + (text[i] - '0');
	return is_negative ? -(double)value : (double)value;
}

/* False: out of range. The program's locale is "C" for numbers. */
static bool convert(const char *text, size_t len, bool is_whole, double *number)
{
	char buffer[NUMBER_BYTES];
	char *copy = len < sizeof(buffer) ? memcpy(buffer, text, len) : xstrndup(text, len);

	copy[len] = '\0';
	errno = 0;
	if (is_whole)
		*number = (double)strtoll(copy, NULL, 10);
	else
		*number = strtod(copy, NULL);
	if (copy != buffer)
		free(copy);
	return is_whole ? errno != ERANGE : isfinite(*number);
}

bool json_scan_number(struct json_scan *scan, double *number)
{
	const char *start;
	double value;
	bool is_whole;
	char c = peek(scan);
	size_t len;

	if (c != '-' && (c < '0' || c > '9')) {
		json_scan_skip(scan);
		return false;
	}
	start = scan->at;
	if (!take_number(scan, &is_whole))
		return false;
	len = (size_t)(scan->at - start);
	if (is_whole && len <= 15)
		value = small_whole(start, len);
	else if (!convert(start, len, is_whole, &value))
		return fail(scan);
	*number = value;
	return true;
}

bool json_scan_bool(struct json_scan *scan, bool *value)
{
	char c = peek(scan);

	if (c != 't' && c != 'f') {
		json_scan_skip(scan);
		return false;
	}
	if (!take_scalar(scan))
		return false;
	*value = c == 't';
	return true;
}

/* Goes down without recursion: what is below is on a list of its own. */
void json_scan_skip(struct json_scan *scan)
{
	bool is_object[DEPTH_MAX + 1];
	size_t level = 0;
	struct json_span name;

	do {
		char c = peek(scan);

		if (c == '{' || c == '[') {
			if (!enter(scan, c))
				return;
			is_object[++level] = c == '{';
		} else if (!take_scalar(scan)) {
			return;
		}
		while (level &&
		       !(is_object[level] ? json_scan_member(scan, &name) : json_scan_item(scan))) {
			if (scan->is_bad)
				return;
			level--;
		}
	} while (level);
}

bool json_scan_raw(struct json_scan *scan, struct json_span *raw)
{
	const char *start;

	peek(scan);
	start = scan->at;
	json_scan_skip(scan);
	if (scan->is_bad)
		return false;
	*raw = (struct json_span){.text = start, .len_bytes = (size_t)(scan->at - start)};
	return true;
}

bool json_scan_end(struct json_scan *scan)
{
	peek(scan);
	return !scan->is_bad && scan->at == scan->end && !scan->depth;
}

/* Appends a character in UTF-8. */
static char *put_utf8(char *to, uint32_t code)
{
	if (code < 0x80) {
		*to++ = (char)code;
		return to;
	}
	if (code >= 0x10000) {
		*to++ = (char)(0xF0 | code >> 18);
		*to++ = (char)(0x80 | (code >> 12 & 0x3F));
	} else if (code >= 0x800) {
		*to++ = (char)(0xE0 | code >> 12);
	}
	*to++ = (char)(code < 0x800 ? 0xC0 | code >> 6 : 0x80 | (code >> 6 & 0x3F));
	*to++ = (char)(0x80 | (code & 0x3F));
	return to;
}

char *json_span_copy(const struct json_span *span)
{
	/* An escape is longer than what it stands for. */
	char *copy = xmalloc(span->len_bytes + 1), *to = copy;
	const char *at = span->text, *end = span->text + span->len_bytes;

	while (at < end) {
		uint32_t code = 0;
		size_t len = *at == '\\' ? read_escape(at, end, &code) : 0;

		if (len) {
			to = put_utf8(to, code);
			at += len;
		} else {
			*to++ = *at++;
		}
	}
	*to = '\0';
	return copy;
}

bool json_span_is(const struct json_span *span, const char *text)
{
	char *copy;
	bool is;

	if (!span->has_escapes)
		return strlen(text) == span->len_bytes &&
		       !memcmp(span->text, text, span->len_bytes);
	copy = json_span_copy(span);
	is = !strcmp(copy, text);
	free(copy);
	return is;
}
