/* Writes constants by their names. */
#include "io/detail/words.h"

#include "io/detail/text.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <linux/close_range.h>
#include <linux/dqblk_xfs.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/kexec.h>
#include <linux/landlock.h>
#include <linux/magic.h>
#include <linux/mempolicy.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/quota.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/swap.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
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

static void add_unknown(struct detail_text *text, enum detail_words words, uint64_t value)
{
	detail_text_add(text, "%#" PRIx64, value);
	if (groups[words].unknown)
		detail_text_add(text, " /* %s */", groups[words].unknown);
}

void detail_add_word(struct detail_text *text, enum detail_words words, uint64_t value)
{
	const char *name = detail_word(words, value);

	if (name)
		detail_text_add(text, "%s", name);
	else
		add_unknown(text, words, value);
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
		add_unknown(text, words, value);
	else if (left)
		detail_text_add(text, "|%#" PRIx64, left);
}

void detail_add_bare_flags(struct detail_text *text, enum detail_words words, uint64_t value)
{
	const char *between = "";
	uint64_t left = add_named(text, words, value, &between);

	if (left)
		detail_text_add(text, "%s%#" PRIx64, between, left);
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
