/* Text of any bytes as JSON. Paths, arguments and names of functions may hold what is not UTF-8;
 * jansson makes no string of that, and json_set drops the member without a word. Each bad byte
 * becomes U+FFFD.
 */
#ifndef CORE_JSON_TEXT_H
#define CORE_JSON_TEXT_H

#include <jansson.h>

struct text_list;

/* A copy without the bytes that are no UTF-8. The caller frees it. */
char *utf8_text(const char *text);

/* New reference; NULL gives NULL. */
json_t *json_text(const char *text);
/* An array of strings. New reference. */
json_t *json_texts(const struct text_list *list);
/* The text of a member, as long as the object lives; NULL or "" where it has none. */
const char *json_text_at(const json_t *object, const char *key);
const char *json_text_or_empty(const json_t *object, const char *key);
/* Sets a member whose name is such a text; takes the reference. */
void json_set_named(json_t *object, const char *name, json_t *value);

#endif
