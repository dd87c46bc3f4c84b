/* The names that constants have in the headers: rows of words.def. */
#ifndef IO_DETAIL_WORDS_H
#define IO_DETAIL_WORDS_H

#include <stddef.h>
#include <stdint.h>

struct detail_text;

#define WORDS(group, unknown, ...) WORDS_##group,
enum detail_words {
#include "io/detail/words.def"
	N_WORDS
};
#undef WORDS

/* The name; NULL: it has none. */
const char *detail_word(enum detail_words words, uint64_t value);

/* "SEEK_SET", "0x9 / * SEEK_??? * /". */
void detail_add_word(struct detail_text *text, enum detail_words words, uint64_t value);

/* "PROT_READ|PROT_WRITE|0x100", "0" where none has no name. */
void detail_add_flags(struct detail_text *text, enum detail_words words, uint64_t value);

/* The same, but nothing for 0 and no word for what is unknown. */
void detail_add_bare_flags(struct detail_text *text, enum detail_words words, uint64_t value);

/* The same behind a '|', and nothing where there is none. */
void detail_add_more_flags(struct detail_text *text, enum detail_words words, uint64_t value);

/* "O_RDONLY|O_CLOEXEC": those of open(2), which fcntl(2) tells, too. */
void detail_add_open_flags(struct detail_text *text, uint32_t flags);

#endif
