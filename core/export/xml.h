/* Text made safe for XML and SVG. */
#ifndef CORE_EXPORT_XML_H
#define CORE_EXPORT_XML_H

#include <stddef.h>
#include <stdio.h>

/* The length in bytes of the UTF-8 character at `text`, or 0: the bytes there are not UTF-8 (RFC
 * 3629), or a character that XML 1.0 forbids. `text` ends with a zero byte. */
size_t utf8_length(const char *text);

/* How many characters the text is shown as. */
size_t utf8_count(const char *text);

/* Writes the text for use between tags and in quoted attributes: & < > " ' as entities, what XML
 * cannot hold as U+FFFD, one for each byte. */
void xml_write(FILE *out, const char *text);

/* The same for the first `n_characters` of the text. */
void xml_write_start(FILE *out, const char *text, size_t n_characters);

#endif
