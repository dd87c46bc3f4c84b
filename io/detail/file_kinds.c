/* Writes arguments that only calls of files and file systems have. */
#include "io/detail/structures.h"
#include "io/detail/writers.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <time.h>
#include <utime.h>

/* What a newer kernel's structure has behind the one that is known. */
static void add_tail(const struct decoding *d, uint64_t addr, uint64_t from, uint64_t size)
{
	char bytes[DETAIL_ITEMS] = {0};
	static const char none[DETAIL_ITEMS];
	uint64_t len = size - from < sizeof(bytes) ? size - from : sizeof(bytes);

	if (!decoding_read(d, addr + from, bytes, len) || !memcmp(bytes, none, len))
		return;
	detail_text_add(d->text, ", /* bytes %ju..%ju */ ", (uintmax_t)from, (uintmax_t)size - 1);
	detail_text_quote_hex(d->text, bytes, len);
	if (len < size - from)
		detail_text_add(d->text, "...");
}

void detail_write_open_how(const struct decoding *d)
{
	struct open_how how;
	uint64_t size = d->args[d->at + 1];

	if (size < sizeof(how) || !d->value || !decoding_read(d, d->value, &how, sizeof(how))) {
		decode_pointer(d, d->value);
		return;
	}
	detail_text_add(d->text, "{flags=");
	detail_add_word(d->text, WORDS_open_access, how.flags & O_ACCMODE);
	detail_add_more_flags(d->text, WORDS_open, how.flags & ~(uint64_t)O_ACCMODE);
	if (how.mode || how.flags & O_CREAT || (how.flags & O_TMPFILE) == O_TMPFILE)
		detail_text_add(d->text, ", mode=%#03jo", (uintmax_t)how.mode);
	detail_text_add(d->text, ", resolve=");
	detail_add_flags(d->text, WORDS_resolve, how.resolve);
	if (size > sizeof(how))
		add_tail(d, d->value, sizeof(how), size);
	detail_text_add(d->text, "}");
}

/* Behind its length: type and bytes. */
static void add_handle(const struct decoding *d, unsigned len)
{
	struct {
		unsigned len;
		int type;
		char bytes[MAX_HANDLE_SZ];
	} handle;

	if (len > MAX_HANDLE_SZ)
		len = MAX_HANDLE_SZ;
	if (!decoding_read(d, d->value, &handle, offsetof(struct file_handle, f_handle) + len))
		return;
	detail_text_add(d->text, ", handle_type=%d, f_handle=", handle.type);
	detail_text_quote_hex(d->text, handle.bytes, len);
}

void detail_write_handle(const struct decoding *d)
{
	unsigned len;

	if (!d->value || !decoding_read(d, d->value, &len, sizeof(len))) {
		decode_pointer(d, d->value);
		return;
	}
	detail_text_add(d->text, "{handle_bytes=%u", len);
	add_handle(d, len);
	detail_text_add(d->text, "}");
}

void detail_write_handle_read(const struct decoding *d)
{
	unsigned before = d->line->before[0], len;

	if (!d->value || !decoding_read(d, d->value, &len, sizeof(len))) {
		decode_pointer(d, d->value);
		return;
	}
	detail_text_add(d->text, "{handle_bytes=%u", before);
	if (len != before && (!decoding_failed(d) || d->result == -EOVERFLOW))
		detail_text_add(d->text, " => %u", len);
	if (!decoding_failed(d))
		add_handle(d, len);
	detail_text_add(d->text, "}");
}

void detail_write_node_mode(const struct decoding *d)
{
	detail_add_mode(d->text, (unsigned)d->value);
}

void detail_write_device(const struct decoding *d)
{
	dev_t device = (uint32_t)d->value;

	detail_text_add(d->text, "makedev(%#x, %#x)", major(device), minor(device));
}

void detail_write_statx_flags(const struct decoding *d)
{
	uint32_t sync = d->value & AT_STATX_SYNC_TYPE;
	const char *name = detail_word(WORDS_statx_sync, sync);

	if (name) {
		detail_text_add(d->text, "%s", name);
	} else { /* both */
		detail_text_add(d->text, "AT_STATX_FORCE_SYNC|AT_STATX_DONT_SYNC");
	}
	detail_add_more_flags(d->text, WORDS_at_flags,
	                      (uint32_t)d->value & ~(uint32_t)AT_STATX_SYNC_TYPE);
}

/* Its date as the clocks here have it, where it is one. */
static void add_date(struct detail_text *text, int64_t seconds, int64_t fraction, int n_digits,
                     int64_t most)
{
	char date[64];
	time_t time = seconds;
	struct tm local;

	if ((!seconds && !fraction) || fraction < 0 || fraction > most ||
	    !localtime_r(&time, &local) || !strftime(date, sizeof(date), "%FT%T", &local))
		return;
	detail_text_add(text, " /* %s", date);
	if (fraction)
		detail_text_add(text, ".%0*jd", n_digits, (intmax_t)fraction);
	strftime(date, sizeof(date), "%z", &local);
	detail_text_add(text, "%s */", date);
}

void detail_write_utimbuf(const struct decoding *d)
{
	struct utimbuf times;

	if (!d->value || !decoding_read(d, d->value, &times, sizeof(times))) {
		decode_pointer(d, d->value);
		return;
	}
	detail_text_add(d->text, "{actime=%jd", (intmax_t)times.actime);
	add_date(d->text, times.actime, 0, 0, 0);
	detail_text_add(d->text, ", modtime=%jd", (intmax_t)times.modtime);
	add_date(d->text, times.modtime, 0, 0, 0);
	detail_text_add(d->text, "}");
}

void detail_write_timeval_pair(const struct decoding *d)
{
	struct timeval times[2];

	if (!d->value || !decoding_read(d, d->value, times, sizeof(times))) {
		decode_pointer(d, d->value);
		return;
	}
	for (int i = 0; i < 2; i++) {
		detail_text_add(d->text, "%s{tv_sec=%jd, tv_usec=%jd}", i ? ", " : "[",
		                (intmax_t)times[i].tv_sec, (intmax_t)times[i].tv_usec);
		add_date(d->text, times[i].tv_sec, times[i].tv_usec, 6, 999999);
	}
	detail_text_add(d->text, "]");
}

static void add_time_to_set(struct detail_text *text, const struct timespec *time)
{
	if (time->tv_nsec == UTIME_NOW || time->tv_nsec == UTIME_OMIT) {
		detail_text_add(text, time->tv_nsec == UTIME_NOW ? "UTIME_NOW" : "UTIME_OMIT");
		return;
	}
	detail_text_add(text, "{tv_sec=%jd, tv_nsec=%jd}", (intmax_t)time->tv_sec,
	                (intmax_t)time->tv_nsec);
	add_date(text, time->tv_sec, time->tv_nsec, 9, 999999999);
}

void detail_write_timespec_pair(const struct decoding *d)
{
	struct timespec times[2];

	if (!d->value || !decoding_read(d, d->value, times, sizeof(times))) {
		decode_pointer(d, d->value);
		return;
	}
	detail_text_add(d->text, "[");
	add_time_to_set(d->text, &times[0]);
	detail_text_add(d->text, ", ");
	add_time_to_set(d->text, &times[1]);
	detail_text_add(d->text, "]");
}

/* Flags behind which the kernel looks at no type, and at no data. */
enum {
	WITHOUT_DATA = MS_BIND | MS_MOVE | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE,
	WITHOUT_TYPE = WITHOUT_DATA | MS_REMOUNT,
};

static uint32_t mount_magic(uint64_t flags)
{
	return (flags & MS_MGC_MSK) == MS_MGC_VAL ? MS_MGC_VAL : 0;
}

static bool has_mount_flags(const struct decoding *d, uint32_t flags)
{
	return d->args[3] & ~(uint64_t)mount_magic(d->args[3]) & flags;
}

void detail_write_mount_type(const struct decoding *d)
{
	if (has_mount_flags(d, WITHOUT_TYPE))
		decode_pointer(d, d->value);
	else
		decode_text(d, d->value);
}

void detail_write_mount_flags(const struct decoding *d)
{
	uint32_t magic = mount_magic(d->value);

	if (!magic) {
		detail_add_flags(d->text, WORDS_mount, d->value);
		return;
	}
	detail_text_add(d->text, "MS_MGC_VAL");
	detail_add_more_flags(d->text, WORDS_mount, d->value & ~(uint64_t)magic);
}

void detail_write_mount_data(const struct decoding *d)
{
	if (has_mount_flags(d, WITHOUT_DATA))
		decode_pointer(d, d->value);
	else
		decode_text(d, d->value);
}

void detail_write_swap_flags(const struct decoding *d)
{
	uint32_t flags = (uint32_t)d->value & ~(uint32_t)SWAP_FLAG_PRIO_MASK;
	unsigned priority = (uint32_t)d->value & SWAP_FLAG_PRIO_MASK;

	if (flags) {
		detail_add_flags(d->text, WORDS_swap, flags);
		detail_text_add(d->text, "|");
	}
	detail_text_add(d->text, "%u", priority);
}

void detail_write_fsconfig_key(const struct decoding *d)
{
	if ((uint32_t)d->args[1] <= FSCONFIG_SET_FD)
		decode_text(d, d->value);
	else
		decode_pointer(d, d->value);
}

void detail_write_fsconfig_value(const struct decoding *d)
{
	switch ((uint32_t)d->args[1]) {
	case FSCONFIG_SET_STRING:
		decode_text(d, d->value);
		break;
	case FSCONFIG_SET_BINARY:
		decode_bytes_hex(d, d->value, (uint32_t)d->args[d->at + 1]);
		break;
	case FSCONFIG_SET_PATH:
	case FSCONFIG_SET_PATH_EMPTY:
		decode_path(d, d->value);
		break;
	default:
		decode_pointer(d, d->value);
	}
}

void detail_write_fanotify_flags(const struct decoding *d)
{
	enum { CLASSES = FAN_CLASS_CONTENT | FAN_CLASS_PRE_CONTENT };
	uint32_t flags = (uint32_t)d->value & ~(uint32_t)CLASSES;

	detail_add_word(d->text, WORDS_fanotify_class, d->value & CLASSES);
	if (!flags)
		return;
	detail_text_add(d->text, "|");
	detail_add_flags(d->text, WORDS_fanotify_flags, flags);
}

void detail_write_fanotify_at(const struct decoding *d)
{
	if ((int)d->value == FAN_NOFD)
		detail_text_add(d->text, "FAN_NOFD");
	else
		decode_at(d);
}

void detail_write_uring_parameters(const struct decoding *d)
{
	char bytes[LARGEST_STRUCTURE];

	if (!decoding_read_structure(d, STRUCTURE_uring_given, d->value, bytes)) {
		decode_pointer(d, d->value);
		return;
	}
	detail_text_add(d->text, "{");
	detail_add_members(d, STRUCTURE_uring_asked, bytes, SIZE_MAX);
	if (!decoding_failed(d)) {
		detail_text_add(d->text, ", ");
		detail_add_members(d, STRUCTURE_uring_given, bytes, SIZE_MAX);
	}
	detail_text_add(d->text, "}");
}

void detail_write_landlock_rule(const struct decoding *d)
{
	if ((uint32_t)d->args[1] == LANDLOCK_RULE_PATH_BENEATH)
		decode_structure(d, STRUCTURE_landlock_path, d->value);
	else
		decode_pointer(d, d->value);
}

void detail_write_mount_attr(const struct decoding *d)
{
	if (d->args[d->at + 1] >= sizeof(struct mount_attr))
		decode_structure(d, STRUCTURE_mount_attr, d->value);
	else
		decode_pointer(d, d->value);
}
