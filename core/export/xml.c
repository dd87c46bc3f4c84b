/* Escapes text for XML; names of functions and commands may be any bytes. */
#include "core/export/xml.h"

#include <stdint.h>

/* XML 1.0, section 2.2: the characters a document may hold. */
static int xml_allows(uint32_t character)
{
	return character == '\t' || character == '\n' || character == '\r' ||
	       (character >= 0x20 && character <= 0xd7ff) ||
	       (character >= 0xe000 && character <= 0xfffd) ||
	       (character >= 0x10000 && character <= 0x10ffff);
}

size_t utf8_length(const char *text)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000}; /* by length */
	const unsigned char *bytes = (const unsigned char *)text;
	size_t len = bytes[0] < 0x80 ? 1 : bytes[0] >> 5 == 6 ? 2 : bytes[0] >> 4 == 14 ? 3 : 4;
	uint32_t character;

	if (len == 1)
		return bytes[0] && xml_allows(bytes[0]) ? 1 : 0;
	if (len == 4 && bytes[0] >> 3 != 30)
		return 0;
	character = bytes[0] & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if (bytes[i] >> 6 != 2) /* the zero at the end stops here too */
			return 0;
		character = character << 6 | (bytes[i] & 0x3f);
	}
	return character >= smallest[len] && xml_allows(character) ? len : 0;
}

/* What is shown as one character: a character, or one bad byte. */
static size_t step_length(const char *text)
{
	size_t len = utf8_length(text);

	return len ? len : 1;
}

size_t utf8_count(const char *text)
{
	size_t count = 0;

	for (; *text; text += step_length(text))
		count++;
	return count;
}

static void write_character(FILE *out, const char *text, size_t len)
{
	switch (*text) {
	case '&':
		fputs("&amp;", out);
		break;
	case '<':
		fputs("&lt;", out);
		break;
	case '>':
		fputs("&gt;", out);
		break;
	case '"':
		fputs("&quot;", out);
		break;
	case '\'':
		fputs("&#39;", out);
		break;
	default:
		fwrite(text, 1, len, out);
	}
}

void xml_write_start(FILE *out, const char *text, size_t n_characters)
{
	for (; *text && n_characters > 0; n_characters--) {
		size_t len = utf8_length(text);

		if (len)
			write_character(out, text, len);
		else
			fputs("\xef\xbf\xbd", out); /* U+FFFD */
		text += step_length(text);
	}
}

void xml_write(FILE *out, const char *text)
{
	xml_write_start(out, text, SIZE_MAX);
}
