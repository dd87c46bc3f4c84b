/* Protocol buffer messages, written field by field (protobuf.dev/programming-guides/encoding).
 *
 * A message grows in memory; a nested one is finished first and then put into its parent. Fields
 * whose value is the default (0, "") are left out, as proto3 does.
 */
#ifndef CORE_EXPORT_PROTOBUF_H
#define CORE_EXPORT_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

struct protobuf {
	uint8_t *bytes;
	size_t n_bytes;
	size_t capacity;
};

void protobuf_fini(struct protobuf *message);
void protobuf_clear(struct protobuf *message); /* empties it and keeps its memory */

/* Adds fields that were made before. */
void protobuf_append(struct protobuf *message, const struct protobuf *fields);
/* int64, uint64, bool, enum. */
void protobuf_add_number(struct protobuf *message, unsigned field, uint64_t value);
/* string, bytes; also where it is empty, since in a repeated field that is an element. */
void protobuf_add_bytes(struct protobuf *message, unsigned field, const void *bytes,
                        size_t n_bytes);
void protobuf_add_message(struct protobuf *message, unsigned field, const struct protobuf *nested);
/* A packed repeated field of numbers, zeroes included. */
void protobuf_add_numbers(struct protobuf *message, unsigned field, const uint64_t *values,
                          size_t n_values);

#endif
