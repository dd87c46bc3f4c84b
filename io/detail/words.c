/* Writes constants by their names. */
#include "io/detail/words.h"

#include "io/detail/text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/close_range.h>
#include <linux/falloc.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct word {
	uint64_t value;
	const char *name; /* NULL: the end */
};

/* A negative constant is an int of the same bits. */
#define W(constant) {(uint32_t)(constant), #constant},
#define W0(value, name) {value, name},

#define WORDS(group, unknown, ...)                                                                 \
	static const struct word rows_of_##group[] = {__VA_ARGS__{0, NULL}};
#include "io/detail/words.def"
#undef WORDS

#define WORDS(group, unknown, ...) {unknown, rows_of_##group},
static const struct {
	const char *unknown;
	const struct word *rows;
} groups[] = {
#include "io/detail/words.def"
};
#undef WORDS

const char *detail_word(enum detail_words words, uint64_t value)
{
	for (const struct word *row = groups[words].rows; row->name; row++)
		if (row->value == value)
			return row->name;
	return NULL;
}

void detail_add_word(struct detail_text *text, enum detail_words words, uint64_t value)
{
	const char *name = detail_word(words, value);

	if (name)
		detail_text_add(text, "%s", name);
	else
		detail_text_add(text, "%#" PRIx64 " /* %s */", value, groups[words].unknown);
}

/* What has no name is left. */
static uint64_t add_named(struct detail_text *text, enum detail_words words, uint64_t value,
                          const char **between)
{
	for (const struct word *row = groups[words].rows; row->name; row++)
		if (row->value && (value & row->value) == row->value) {
			detail_text_add(text, "%s%s", *between, row->name);
			*between = "|";
			value &= ~row->value;
		}
	return value;
}

void detail_add_flags(struct detail_text *text, enum detail_words words, uint64_t value)
{
	const char *between = "";
	uint64_t left;

	if (!value && detail_word(words, 0)) {
		detail_text_add(text, "%s", detail_word(words, 0));
		return;
	}
	left = add_named(text, words, value, &between);
	if (!value)
		detail_text_add(text, "0");
	else if (left == value)
		detail_text_add(text, "%#" PRIx64 " /* %s */", value, groups[words].unknown);
	else if (left)
		detail_text_add(text, "|%#" PRIx64, left);
}

void detail_add_more_flags(struct detail_text *text, enum detail_words words, uint64_t value)
{
	const char *between = "|";
	uint64_t left = add_named(text, words, value, &between);

	if (left)
		detail_text_add(text, "|%#" PRIx64, left);
}

void detail_add_open_flags(struct detail_text *text, uint32_t flags)
{
	detail_add_word(text, WORDS_open_access, flags & O_ACCMODE);
	detail_add_more_flags(text, WORDS_open, flags & ~(uint32_t)O_ACCMODE);
}
