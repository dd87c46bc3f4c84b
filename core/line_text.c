/* Takes control characters out of text. */
#include "core/line_text.h"

#include "core/alloc.h"

char *line_text(const char *text)
{
	char *line = xstrdup(text);

	for (char *at = line; at && *at; at++) {
		if (*at == '\n' || *at == '\r' || *at == '\t')
			*at = ' ';
		else if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	}
	return line;
}
