/* A text that grows: the line of a call, while it is written. It has no bound of its own: who
 * appends what the program has in memory bounds it (io/detail/decoding.h). */
#ifndef IO_DETAIL_TEXT_H
#define IO_DETAIL_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct detail_text {
	char *bytes; /* not ended by 0 */
	size_t len;
	size_t capacity;
};

void detail_text_add(struct detail_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* In quotes, with C's escapes, octal ones as short as can be. */
void detail_text_quote(struct detail_text *text, const void *bytes, size_t len);

/* In quotes, each byte as \x01. */
void detail_text_quote_hex(struct detail_text *text, const void *bytes, size_t len);

/* By who owns the text: log.c, of its buffer and of each line. A text is zeroed at first. */
void detail_text_fini(struct detail_text *text);

#endif
