/* The wire format of protocol buffers: varints and length-delimited fields. */
#include "core/export/protobuf.h"

#include "core/alloc.h"

#include <stdlib.h>
#include <string.h>

enum wire_type { WIRE_VARINT = 0, WIRE_LENGTH = 2 };

/* A 64-bit varint has at most 10 groups of 7 bits. */
enum { VARINT_MAX = 10 };

void protobuf_fini(struct protobuf *message)
{
	free(message->bytes);
	*message = (struct protobuf){0};
}

void protobuf_clear(struct protobuf *message)
{
	message->n_bytes = 0;
}

static size_t encode_varint(uint64_t value, uint8_t *bytes)
{
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[n++] = (uint8_t)value | 0x80;
	bytes[n++] = (uint8_t)value;
	return n;
}

/* Room for so many bytes behind those that are there. */
static uint8_t *make_room(struct protobuf *message, size_t n_bytes)
{
	message->bytes =
	    array_reserve(message->bytes, &message->capacity, message->n_bytes + n_bytes, 1);
	return message->bytes + message->n_bytes;
}

static void append(struct protobuf *message, const void *bytes, size_t n_bytes)
{
	if (!n_bytes)
		return;
	memcpy(make_room(message, n_bytes), bytes, n_bytes);
	message->n_bytes += n_bytes;
}

void protobuf_append(struct protobuf *message, const struct protobuf *fields)
{
	append(message, fields->bytes, fields->n_bytes);
}

static void append_varint(struct protobuf *message, uint64_t value)
{
	message->n_bytes += encode_varint(value, make_room(message, VARINT_MAX));
}

static void append_key(struct protobuf *message, unsigned field, enum wire_type type)
{
	append_varint(message, (uint64_t)field << 3 | type);
}

void protobuf_add_number(struct protobuf *message, unsigned field, uint64_t value)
{
	if (!value)
		return;
	append_key(message, field, WIRE_VARINT);
	append_varint(message, value);
}

void protobuf_add_bytes(struct protobuf *message, unsigned field, const void *bytes, size_t n_bytes)
{
	append_key(message, field, WIRE_LENGTH);
	append_varint(message, n_bytes);
	append(message, bytes, n_bytes);
}

void protobuf_add_message(struct protobuf *message, unsigned field, const struct protobuf *nested)
{
	protobuf_add_bytes(message, field, nested->bytes, nested->n_bytes);
}

void protobuf_add_numbers(struct protobuf *message, unsigned field, const uint64_t *values,
                          size_t n_values)
{
	uint8_t scratch[VARINT_MAX], *at;
	size_t n_bytes = 0;

	if (!n_values)
		return;
	for (size_t i = 0; i < n_values; i++)
		n_bytes += encode_varint(values[i], scratch);
	append_key(message, field, WIRE_LENGTH);
	append_varint(message, n_bytes);
	at = make_room(message, n_bytes);
	for (size_t i = 0; i < n_values; i++)
		at += encode_varint(values[i], at);
	message->n_bytes += n_bytes;
}
