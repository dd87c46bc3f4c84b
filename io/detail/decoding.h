/* What the parts of the decoder share: one argument of one call, to be written. */
#ifndef IO_DETAIL_DECODING_H
#define IO_DETAIL_DECODING_H

#include "io/detail/decode.h"
#include "io/detail/words.h"

#include <stdbool.h>

struct decoding {
	const struct detail_subject *subject;
	struct detail_line *line;
	struct detail_text *text;
	const uint64_t *args;
	unsigned at; /* the argument */
	uint64_t value;
	enum detail_words words; /* that its kind has */
	bool has_returned;
	int64_t result; /* then */
};

bool decoding_read(const struct decoding *d, uint64_t addr, void *buffer, size_t len_bytes);
/* The call has returned with an error. */
bool decoding_failed(const struct decoding *d);

/* memory.c: what lies at an address. NULL and what cannot be read are written as such. */
void decode_pointer(const struct decoding *d, uint64_t addr);
void decode_bytes(const struct decoding *d, uint64_t addr, uint64_t len_bytes);
void decode_path(const struct decoding *d, uint64_t addr);
/* Calls `write` for each element, up to DETAIL_ITEMS of them. */
void decode_array(const struct decoding *d, uint64_t addr, uint64_t count, size_t element_bytes,
                  void (*write)(const struct decoding *d, const void *element, void *context),
                  void *context);
/* struct iovec[count]; `contents`: of the bytes too, up to so many in all. */
void decode_vector(const struct decoding *d, uint64_t addr, uint64_t count, bool contents,
                   uint64_t n_bytes);
void decode_texts(const struct decoding *d, uint64_t addr);
void decode_stat(const struct decoding *d, uint64_t addr);
void decode_timespec(const struct decoding *d, uint64_t addr);
void decode_timeval(const struct decoding *d, uint64_t addr);
void decode_signals(const struct decoding *d, uint64_t addr);

/* socket.c */
void decode_address(const struct decoding *d, uint64_t addr, uint64_t len_bytes);
/* `reads`: the call fills it; `n_bytes` of its buffers are shown. */
void decode_message(const struct decoding *d, uint64_t addr, bool reads, uint64_t n_bytes);
void decode_messages(const struct decoding *d, bool reads);
void decode_option_value(const struct decoding *d, uint64_t addr, int len_bytes);

#endif
