/* Heap memory for the driver and the collectors: never NULL.
 *
 * Running out of memory in the profiler is not something its modules can mend,
 * so these print one sentence and end the process with status 125. The preload
 * library does not use them: it must let its host live.
 */
#ifndef CORE_ALLOC_H
#define CORE_ALLOC_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *block, size_t size);
char *xstrdup(const char *text); /* NULL gives NULL */
char *xstrndup(const char *text, size_t len_bytes);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Large memory in huge pages where the kernel has some: a page fault for each 4 KB costs more than
 * what most do there. Zeroed; 0 bytes are NULL. To be freed by huge_free() alone. */
void *huge_new(size_t bytes);
/* With its content, moved; what is new is zeroed. */
void *huge_grow(void *memory, size_t old_bytes, size_t new_bytes);
void huge_free(void *memory, size_t bytes); /* NULL is fine */

/* Makes room for `needed` items, at least doubling. Returns the (moved) items;
 * *capacity is updated. Grown items are not zeroed. */
void *array_reserve(void *items, size_t *capacity, size_t needed, size_t item_size);

/* Appends a zeroed item and gives its address: struct thing *t =
 * ARRAY_APPEND(list->things, list->n_things, list->things_capacity); */
#define ARRAY_APPEND(items, count, capacity)                                                       \
	((items) = array_reserve((items), &(capacity), (count) + 1, sizeof(*(items))),             \
	 (items)[(count)] = (__typeof__(*(items))){0}, &(items)[(count)++])

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
