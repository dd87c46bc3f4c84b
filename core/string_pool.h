/* Each distinct string once, under a small id. Id 0 is the empty string.
 *
 * The pool owns the text; a pointer from string_pool_text() lives as long as
 * the pool does. Not thread-safe.
 */
#ifndef CORE_STRING_POOL_H
#define CORE_STRING_POOL_H

#include <stddef.h>
#include <stdint.h>

struct string_pool;

struct string_pool *string_pool_new(void);
void string_pool_free(struct string_pool *pool);

uint32_t string_pool_add(struct string_pool *pool, const char *text); /* NULL counts as "" */
const char *string_pool_text(const struct string_pool *pool, uint32_t id);
size_t string_pool_count(const struct string_pool *pool); /* ids are 0 .. count - 1 */

#endif
