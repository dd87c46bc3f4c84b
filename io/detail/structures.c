/* Writes structures by the rows of structures.def. */
#include "io/detail/structures.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <inttypes.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <linux/quota.h>
#include <mqueue.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>

/* As linux/mman.h has them since Linux 6.5. */
struct cachestat_range {
	uint64_t off, len;
};

struct cachestat {
	uint64_t nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted;
};

enum form {
	FORM_REST,
	FORM_INT,
	FORM_UINT,
	FORM_HEX,
	FORM_MODE,
	FORM_WORD,
	FORM_FLAGS,
	FORM_FLAGS_OR_WORD, /* 0 has no name and is said to have none */
	FORM_TIMESPEC,
	FORM_FSID,
	FORM_TEXT, /* in an array of char */
	FORM_ADDRESS,
	FORM_HARDWARE, /* likewise: of an interface's hardware */
	FORM_STRUCT,
};

struct member {
	const char *name; /* NULL and a size of 0: the end */
	size_t offset, size;
	enum form form;
	unsigned group; /* of words, or a structure */
};

#define F(structure, member, form, group)                                                          \
	{#member, offsetof(struct structure, member), sizeof(((struct structure *)0)->member),     \
	 FORM_##form, group},
#define REST {"...", 0, 0, FORM_REST, 0},

#define STRUCTURE(name, ...)                                                                       \
	static const struct member members_of_##name[] = {__VA_ARGS__{NULL, 0, 0, FORM_REST, 0}};
#include "io/detail/structures.def"
#undef STRUCTURE

#define STRUCTURE(name, ...) members_of_##name,
static const struct member *const structures[] = {
#include "io/detail/structures.def"
};
#undef STRUCTURE

/* Of 8 bytes at most, those of an int with its sign. */
static uint64_t number_of(const struct member *member, const char *at)
{
	int64_t number = 0;
	unsigned spare = (unsigned)(sizeof(number) - member->size) * 8;

	memcpy(&number, at, member->size);
	if (member->form == FORM_INT)
		number = (int64_t)((uint64_t)number << spare) >> spare;
	return (uint64_t)number;
}

static void add_number(struct detail_text *text, const struct member *member, uint64_t number)
{
	switch (member->form) {
	case FORM_INT:
		detail_text_add(text, "%" PRId64, (int64_t)number);
		break;
	case FORM_UINT:
		detail_text_add(text, "%" PRIu64, number);
		break;
	case FORM_MODE:
		detail_add_mode(text, (unsigned)number);
		break;
	case FORM_WORD:
		detail_add_word(text, member->group, number);
		break;
	case FORM_FLAGS:
		detail_add_flags(text, member->group, number);
		break;
	case FORM_FLAGS_OR_WORD:
		if (number)
			detail_add_flags(text, member->group, number);
		else
			detail_add_word(text, member->group, number);
		break;
	default:
		detail_text_add(text, "%#" PRIx64, number);
	}
}

static void add_timespec(struct detail_text *text, const char *at)
{
	struct timespec time;

	memcpy(&time, at, sizeof(time));
	detail_text_add(text, "{tv_sec=%jd, tv_nsec=%ld}", (intmax_t)time.tv_sec, time.tv_nsec);
}

static void add_fsid(struct detail_text *text, const char *at)
{
	unsigned ids[2];

	memcpy(ids, at, sizeof(ids));
	detail_text_add(text, "{val=[%#x, %#x]}", ids[0], ids[1]);
}

static void add_hardware(struct detail_text *text, const char *at)
{
	enum { HARDWARE_BYTES = 6 };
	struct sockaddr address;
	const char *between = "";

	memcpy(&address, at, sizeof(address));
	detail_text_add(text, "{sa_family=");
	detail_add_word(text, WORDS_arphrd, address.sa_family);
	detail_text_add(text, ", sa_data=");
	for (unsigned i = 0; i < HARDWARE_BYTES; i++, between = ":")
		detail_text_add(text, "%s%02x", between, (unsigned char)address.sa_data[i]);
	detail_text_add(text, "}");
}

static void add_member(const struct decoding *d, const struct member *member, const char *at)
{
	switch (member->form) {
	case FORM_TIMESPEC:
		add_timespec(d->text, at);
		break;
	case FORM_FSID:
		add_fsid(d->text, at);
		break;
	case FORM_TEXT:
		detail_text_quote(d->text, at, strnlen(at, member->size));
		break;
	case FORM_ADDRESS:
		detail_add_address(d->text, at, member->size);
		break;
	case FORM_HARDWARE:
		add_hardware(d->text, at);
		break;
	case FORM_STRUCT:
		detail_text_add(d->text, "{");
		detail_add_members(d, member->group, at, SIZE_MAX);
		detail_text_add(d->text, "}");
		break;
	default:
		add_number(d->text, member, number_of(member, at));
	}
}

void detail_add_members(const struct decoding *d, enum detail_structure structure,
                        const void *bytes, size_t n)
{
	const struct member *member = structures[structure];

	for (size_t i = 0; i < n && member->name; i++, member++) {
		detail_text_add(d->text, i ? ", %s" : "%s", member->name);
		if (member->form == FORM_REST)
			continue;
		detail_text_add(d->text, "=");
		add_member(d, member, (const char *)bytes + member->offset);
	}
}

/* As far as its members reach. */
static size_t size_of(enum detail_structure structure)
{
	size_t size = 0;

	for (const struct member *member = structures[structure]; member->name; member++)
		if (member->offset + member->size > size)
			size = member->offset + member->size;
	return size;
}

bool decoding_read_structure(const struct decoding *d, enum detail_structure structure,
                             uint64_t addr, void *bytes)
{
	size_t size = size_of(structure);

	BUG(size > LARGEST_STRUCTURE);
	return addr && decoding_read(d, addr, bytes, size);
}

void decode_structure(const struct decoding *d, enum detail_structure structure, uint64_t addr)
{
	char bytes[LARGEST_STRUCTURE];

	if (!decoding_read_structure(d, structure, addr, bytes)) {
		decode_pointer(d, addr);
		return;
	}
	detail_text_add(d->text, "{");
	detail_add_members(d, structure, bytes, SIZE_MAX);
	detail_text_add(d->text, "}");
}
