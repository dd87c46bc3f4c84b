/* What the parts of the decoder share: one argument of one call, to be written.
 *
 * The program decides what its memory has, and other threads write there meanwhile: no count,
 * length or end that lies there is trusted. Of arrays and buffers DETAIL_ITEMS are written, then
 * "..."; paths end at PATH_MAX, control messages at 4,096 bytes, sets and polled descriptors at
 * DESCRIPTORS_READ (io/descriptor_limit.h). */
#ifndef IO_DETAIL_DECODING_H
#define IO_DETAIL_DECODING_H

#include "io/detail/decode.h"
#include "io/detail/words.h"

#include <stdbool.h>

enum { N_SIGNALS = 64 };

struct decoding {
	const struct detail_subject *subject;
	struct detail_line *line;
	struct detail_text *text;
	const uint64_t *args;
	unsigned at; /* the argument */
	uint64_t value;
	unsigned group; /* that its kind has: of words, a structure, or another argument */
	bool has_returned;
	int64_t result; /* then */
};

/* False when not all of it can be read. */
bool decoding_read(const struct decoding *d, uint64_t addr, void *buffer, size_t len_bytes);
/* The call has returned with an error. */
bool decoding_failed(const struct decoding *d);

/* memory.c: what lies at an address. NULL and what cannot be read are written as such. */
void decode_pointer(const struct decoding *d, uint64_t addr);
void decode_bytes(const struct decoding *d, uint64_t addr, uint64_t len_bytes);
/* Bytes as \x01. */
void decode_bytes_hex(const struct decoding *d, uint64_t addr, uint64_t len_bytes);
void decode_path(const struct decoding *d, uint64_t addr);
/* Of one that is no path DETAIL_ITEMS bytes are written. */
void decode_text(const struct decoding *d, uint64_t addr);
/* Calls `write` for each element, up to DETAIL_ITEMS of them. */
void decode_array(const struct decoding *d, uint64_t addr, uint64_t count, size_t element_bytes,
                  void (*write)(const struct decoding *d, const void *element, void *context),
                  void *context);
/* struct iovec[count]; `contents`: of the bytes too, up to so many in all. */
void decode_vector(const struct decoding *d, uint64_t addr, uint64_t count, bool contents,
                   uint64_t n_bytes);
void decode_texts(const struct decoding *d, uint64_t addr);
/* "S_IFREG|S_ISUID|0644", "0644" */
void detail_add_mode(struct detail_text *text, unsigned mode);
void decode_stat(const struct decoding *d, uint64_t addr);
void decode_timespec(const struct decoding *d, uint64_t addr);
void decode_timeval(const struct decoding *d, uint64_t addr);
/* "INT", "RTMIN", "RT_1": without the SIG. */
void decode_signal(const struct decoding *d, int signal);
void decode_signals(const struct decoding *d, uint64_t addr);

/* kinds.c: a descriptor or AT_FDCWD. */
void decode_at(const struct decoding *d);

/* socket.c; an address that has been read, of sizeof(struct sockaddr_storage) at most. */
void detail_add_address(struct detail_text *text, const void *bytes, size_t len_bytes);
void decode_address(const struct decoding *d, uint64_t addr, uint64_t len_bytes);
/* `reads`: the call fills it; `n_bytes` of its buffers are shown. */
void decode_message(const struct decoding *d, uint64_t addr, bool reads, uint64_t n_bytes);
void decode_messages(const struct decoding *d, bool reads);
void decode_option_value(const struct decoding *d, uint64_t addr, int len_bytes);

#endif
