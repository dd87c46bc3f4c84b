/* Writes arguments, each by its kind. */
#include "io/detail/kinds.h"

#include "core/trace/kernel_numbers.h"
#include "io/detail/structures.h"
#include "io/detail/writers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void write_int(const struct decoding *d)
{
	detail_text_add(d->text, "%d", (int)d->value);
}

static void write_uint(const struct decoding *d)
{
	detail_text_add(d->text, "%u", (unsigned)d->value);
}

void decode_at(const struct decoding *d)
{
	if ((int)d->value == AT_FDCWD)
		detail_text_add(d->text, "AT_FDCWD");
	else
		write_int(d);
}

static void write_id(const struct decoding *d)
{
	detail_text_add(d->text, (int)d->value == -1 ? "-1" : "%u", (unsigned)d->value);
}

static void write_size(const struct decoding *d)
{
	detail_text_add(d->text, "%" PRIu64, d->value);
}

static void write_long(const struct decoding *d)
{
	detail_text_add(d->text, "%" PRId64, (int64_t)d->value);
}

static void write_hex(const struct decoding *d)
{
	detail_text_add(d->text, "%#" PRIx64, d->value);
}

static void write_uint_hex(const struct decoding *d)
{
	detail_text_add(d->text, "%#x", (unsigned)d->value);
}

static void write_mode(const struct decoding *d)
{
	detail_text_add(d->text, "%#03o", (unsigned)(mode_t)d->value & 0xffff);
}

static void write_pointer(const struct decoding *d)
{
	decode_pointer(d, d->value);
}

static void write_word(const struct decoding *d)
{
	detail_add_word(d->text, d->group, (uint32_t)d->value);
}

static void write_flags64(const struct decoding *d)
{
	detail_add_flags(d->text, d->group, d->value);
}

static void write_flags(const struct decoding *d)
{
	detail_add_flags(d->text, d->group, (uint32_t)d->value);
}

static void write_open(const struct decoding *d)
{
	detail_add_open_flags(d->text, (uint32_t)d->value);
}

static void write_map(const struct decoding *d)
{
	detail_add_word(d->text, WORDS_map_type, d->value & MAP_TYPE);
	detail_add_more_flags(d->text, WORDS_map, d->value & ~(uint64_t)MAP_TYPE);
}

static void write_socket_type(const struct decoding *d)
{
	enum { TYPE_BITS = 0xf };

	detail_add_word(d->text, WORDS_socket_type, d->value & TYPE_BITS);
	detail_add_more_flags(d->text, WORDS_socket_flags, (uint32_t)d->value & ~TYPE_BITS);
}

static void write_protocol(const struct decoding *d)
{
	switch ((int)d->args[0]) {
	case AF_INET:
	case AF_INET6:
		detail_add_word(d->text, WORDS_protocol, (uint32_t)d->value);
		break;
	case AF_NETLINK:
		detail_add_word(d->text, WORDS_netlink, (uint32_t)d->value);
		break;
	default:
		write_uint(d);
	}
}

static void write_path(const struct decoding *d)
{
	decode_path(d, d->value);
}

static void write_path_read(const struct decoding *d)
{
	if (decoding_failed(d))
		decode_pointer(d, d->value);
	else
		decode_path(d, d->value);
}

static void write_text(const struct decoding *d)
{
	decode_text(d, d->value);
}

static void write_texts(const struct decoding *d)
{
	decode_texts(d, d->value);
}

/* The kernel gives a program 6 MB of texts and their addresses, and each takes 9 bytes. */
enum { MOST_VARIABLES = 1 << 20 };

/* Up to the 0 behind them, or where nothing can be read, or MOST_VARIABLES and more. By pages: the
 * next one may not be there. */
static size_t count_words(const struct decoding *d, uint64_t addr, bool *is_whole)
{
	enum { PAGE_WORDS = 512 };
	uint64_t words[PAGE_WORDS];
	size_t n = 0, len;

	*is_whole = false;
	for (; n <= MOST_VARIABLES; addr += len * sizeof(words[0])) {
		len = (sizeof(words) - addr % sizeof(words)) / sizeof(words[0]);
		if (!len)
			len = 1; /* half of it is in the next page */
		if (!decoding_read(d, addr, words, len * sizeof(words[0])))
			break;
		for (size_t i = 0; i < len; i++, n++)
			if (!words[i]) {
				*is_whole = true;
				return n;
			}
	}
	return n;
}

static void write_environment(const struct decoding *d)
{
	bool is_whole;
	size_t n;

	decode_pointer(d, d->value);
	if (!d->value)
		return;
	n = count_words(d, d->value, &is_whole);
	if (n > MOST_VARIABLES)
		detail_text_add(d->text, " /* more than %d vars */", MOST_VARIABLES);
	else if (n || is_whole)
		detail_text_add(d->text, " /* %zu var%s%s */", n, n == 1 ? "" : "s",
		                is_whole ? "" : ", unterminated");
}

static void write_bytes_read(const struct decoding *d)
{
	if (decoding_failed(d))
		decode_pointer(d, d->value);
	else
		decode_bytes(d, d->value,
		             (uint64_t)d->result < d->args[d->at + 1] ? (uint64_t)d->result
		                                                      : d->args[d->at + 1]);
}

static void write_bytes_written(const struct decoding *d)
{
	decode_bytes(d, d->value, d->args[d->at + 1]);
}

/* Their number is in front of them. */
static void write_bytes_behind(const struct decoding *d)
{
	decode_bytes(d, d->value, d->args[d->at - 1]);
}

/* As many as the result says: asked for none, the call tells how many there are. */
static void write_attribute_read(const struct decoding *d)
{
	if (decoding_failed(d))
		decode_pointer(d, d->value);
	else
		decode_bytes(d, d->value, (uint64_t)d->result);
}

static void write_vector_pointers(const struct decoding *d)
{
	decode_vector(d, d->value, d->args[d->at + 1], false, 0);
}

static void write_vector_read(const struct decoding *d)
{
	decode_vector(d, d->value, d->args[d->at + 1], !decoding_failed(d), (uint64_t)d->result);
}

static void write_vector_written(const struct decoding *d)
{
	decode_vector(d, d->value, d->args[d->at + 1], true, UINT64_MAX);
}

static void write_offset(const struct decoding *d)
{
	int64_t offset;

	if (!d->value || !decoding_read(d, d->value, &offset, sizeof(offset)))
		decode_pointer(d, d->value);
	else
		detail_text_add(d->text, "[%" PRId64 "]", offset);
}

/* What it was is kept. */
static void write_offset_moved(const struct decoding *d)
{
	int64_t before, after;

	memcpy(&before, d->line->before, sizeof(before));
	if (!d->value || !decoding_read(d, d->value, &after, sizeof(after))) {
		decode_pointer(d, d->value);
		return;
	}
	detail_text_add(d->text, "[%" PRId64 "]", before);
	if (!decoding_failed(d) && after != before)
		detail_text_add(d->text, " => [%" PRId64 "]", after);
}

/* A number in memory: of so many bytes, as it is before the call or after it. */
static bool read_number(const struct decoding *d, void *number, size_t size)
{
	if (d->value && decoding_read(d, d->value, number, size))
		return true;
	decode_pointer(d, d->value);
	return false;
}

static void write_int_written(const struct decoding *d)
{
	int number;

	if (read_number(d, &number, sizeof(number)))
		detail_text_add(d->text, "[%d]", number);
}

static void write_int_read(const struct decoding *d)
{
	if (decoding_failed(d))
		decode_pointer(d, d->value);
	else
		write_int_written(d);
}

static void write_short_read(const struct decoding *d)
{
	unsigned short number;

	if (decoding_failed(d))
		decode_pointer(d, d->value);
	else if (read_number(d, &number, sizeof(number)))
		detail_text_add(d->text, "[%u]", number);
}

static void write_long_read(const struct decoding *d)
{
	uint64_t number;

	if (decoding_failed(d))
		decode_pointer(d, d->value);
	else if (read_number(d, &number, sizeof(number)))
		detail_text_add(d->text, "[%" PRIu64 "]", number);
}

static void write_long_pair(const struct decoding *d)
{
	uint64_t pair[2];

	if (read_number(d, pair, sizeof(pair)))
		detail_text_add(d->text, "[%" PRIu64 ", %" PRIu64 "]", pair[0], pair[1]);
}

static void write_pointer_read(const struct decoding *d)
{
	uint64_t pointer;

	if (decoding_failed(d))
		decode_pointer(d, d->value);
	else if (read_number(d, &pointer, sizeof(pointer)))
		detail_text_add(d->text, "[%#" PRIx64 "]", pointer);
}

static void write_char_written(const struct decoding *d)
{
	decode_bytes(d, d->value, 1);
}

static void write_flags_written(const struct decoding *d)
{
	uint32_t flags;

	if (!read_number(d, &flags, sizeof(flags)))
		return;
	detail_text_add(d->text, "[");
	detail_add_flags(d->text, d->group, flags);
	detail_text_add(d->text, "]");
}

static void write_flags_read(const struct decoding *d)
{
	if (decoding_failed(d))
		decode_pointer(d, d->value);
	else
		write_flags_written(d);
}

static void write_word_read(const struct decoding *d)
{
	uint32_t word;

	if (decoding_failed(d)) {
		decode_pointer(d, d->value);
	} else if (read_number(d, &word, sizeof(word))) {
		detail_text_add(d->text, "[");
		detail_add_word(d->text, d->group, word);
		detail_text_add(d->text, "]");
	}
}

static void write_termios_read(const struct decoding *d)
{
	if (decoding_failed(d))
		decode_pointer(d, d->value);
	else
		detail_write_termios(d);
}

static void write_structure(const struct decoding *d)
{
	decode_structure(d, d->group, d->value);
}

static void write_structure_read(const struct decoding *d)
{
	if (decoding_failed(d))
		decode_pointer(d, d->value);
	else
		write_structure(d);
}

static void write_pair(const struct decoding *d)
{
	int pair[2];

	if (decoding_failed(d) || !decoding_read(d, d->value, pair, sizeof(pair)))
		decode_pointer(d, d->value);
	else
		detail_text_add(d->text, "[%d, %d]", pair[0], pair[1]);
}

static void write_stat(const struct decoding *d)
{
	decode_stat(d, d->value);
}

/* How many directory entries there are; both calls have a length at the same place. Another thread
 * may write there: a length that no entry has ends it. */
static void write_entries(const struct decoding *d)
{
	uint64_t at = d->value, end = d->value + (uint64_t)d->result;
	unsigned short length;
	size_t n = 0;

	decode_pointer(d, d->value);
	if (decoding_failed(d))
		return;
	for (; at < end; at += length, n++)
		if (!decoding_read(d, at + offsetof(struct dirent64, d_reclen), &length,
		                   sizeof(length)) ||
		    length < offsetof(struct dirent64, d_name))
			return;
	detail_text_add(d->text, " /* %zu entr%s */", n, n == 1 ? "y" : "ies");
}

static void write_timespec(const struct decoding *d)
{
	decode_timespec(d, d->value);
}

static void write_timespec_read(const struct decoding *d)
{
	if (decoding_failed(d))
		decode_pointer(d, d->value);
	else
		decode_timespec(d, d->value);
}

/* It is told when the sleep was cut short. */
static void write_timespec_left(const struct decoding *d)
{
	if (d->result == -ERESTART_RESTARTBLOCK || d->result == -EINTR)
		decode_timespec(d, d->value);
	else
		decode_pointer(d, d->value);
}

/* As it was at the entry; the call takes from it. */
static void write_timeout(const struct decoding *d)
{
	struct timespec after;

	if (!d->value || !decoding_read(d, d->value, &after, sizeof(after)))
		decode_pointer(d, d->value);
	else
		detail_text_add(d->text, "{tv_sec=%jd, tv_nsec=%ld}",
		                (intmax_t)d->line->timeout.tv_sec, d->line->timeout.tv_nsec);
}

static void write_timeval(const struct decoding *d)
{
	decode_timeval(d, d->value);
}

static void write_signals(const struct decoding *d)
{
	decode_signals(d, d->value);
}

static void write_signals_after(const struct decoding *d)
{
	if (decoding_failed(d))
		decode_pointer(d, d->value);
	else
		decode_signals(d, d->value);
}

static void write_signal(const struct decoding *d)
{
	int signal = (int)d->value;

	if (signal < 1 || signal > N_SIGNALS) {
		write_int(d);
		return;
	}
	detail_text_add(d->text, "SIG");
	decode_signal(d, signal);
}

static void write_signals_at(const struct decoding *d)
{
	uint64_t mask[2];

	if (!d->value || !decoding_read(d, d->value, mask, sizeof(mask))) {
		decode_pointer(d, d->value);
		return;
	}
	detail_text_add(d->text, "{sigmask=");
	decode_signals(d, mask[0]);
	detail_text_add(d->text, ", sigsetsize=%" PRIu64 "}", mask[1]);
}

static void write_stop(const struct decoding *d, const char *what, int signal, const char *more)
{
	detail_text_add(d->text, "[{%s == SIG", what);
	decode_signal(d, signal);
	detail_text_add(d->text, "%s}]", more);
}

static void write_wait_status(const struct decoding *d)
{
	struct detail_text *text = d->text;
	int status;

	if (d->result <= 0 || !d->value || !decoding_read(d, d->value, &status, sizeof(status)))
		decode_pointer(d, d->value);
	else if (WIFSIGNALED(status))
		write_stop(d, "WIFSIGNALED(s) && WTERMSIG(s)", WTERMSIG(status),
		           WCOREDUMP(status) ? " && WCOREDUMP(s)" : "");
	else if (WIFEXITED(status))
		detail_text_add(text, "[{WIFEXITED(s) && WEXITSTATUS(s) == %d}]",
		                WEXITSTATUS(status));
	else if (WIFSTOPPED(status) && status >> 16 == 0 && WSTOPSIG(status) <= N_SIGNALS)
		write_stop(d, "WIFSTOPPED(s) && WSTOPSIG(s)", WSTOPSIG(status), "");
	else if (WIFCONTINUED(status))
		detail_text_add(text, "[{WIFCONTINUED(s)}]");
	else
		detail_text_add(text, "[%#x]", (unsigned)status);
}

static void write_lock(const struct decoding *d, bool asks)
{
	struct flock lock;

	if ((asks && decoding_failed(d)) || !d->value ||
	    !decoding_read(d, d->value, &lock, sizeof(lock))) {
		decode_pointer(d, d->value);
		return;
	}
	detail_text_add(d->text, "{l_type=");
	detail_add_word(d->text, WORDS_lock_type, (uint16_t)lock.l_type);
	detail_text_add(d->text, ", l_whence=");
	detail_add_word(d->text, WORDS_seek, (uint16_t)lock.l_whence);
	detail_text_add(d->text, ", l_start=%jd, l_len=%jd", (intmax_t)lock.l_start,
	                (intmax_t)lock.l_len);
	if (asks)
		detail_text_add(d->text, ", l_pid=%d", lock.l_pid);
	detail_text_add(d->text, "}");
}

static void write_fcntl_value(const struct decoding *d)
{
	switch ((int)d->args[1]) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_SETOWN:
	case F_SETPIPE_SZ:
		write_int(d);
		break;
	case F_SETFD:
		detail_add_flags(d->text, WORDS_fd_flags, (uint32_t)d->value);
		break;
	case F_SETFL:
		detail_add_open_flags(d->text, (uint32_t)d->value);
		break;
	case F_ADD_SEALS:
		detail_add_flags(d->text, WORDS_seal, (uint32_t)d->value);
		break;
	case F_GETLK:
	case F_OFD_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		write_lock(d, (int)d->args[1] == F_GETLK || (int)d->args[1] == F_OFD_GETLK);
		break;
	default:
		write_hex(d);
	}
}

static void write_address(const struct decoding *d)
{
	decode_address(d, d->value, (uint32_t)d->args[d->at + 1]);
}

static void write_address_read(const struct decoding *d)
{
	uint32_t length;

	if (decoding_failed(d) || !decoding_read(d, d->args[d->at + 1], &length, sizeof(length)))
		decode_pointer(d, d->value);
	else
		decode_address(d, d->value,
		               length < d->line->before[0] ? length : d->line->before[0]);
}

static void write_length_read(const struct decoding *d)
{
	uint32_t before = d->line->before[0], length;

	if (!d->value || !decoding_read(d, d->value, &length, sizeof(length)))
		decode_pointer(d, d->value);
	else if (decoding_failed(d) || length == before)
		detail_text_add(d->text, "[%d]", (int)before);
	else
		detail_text_add(d->text, "[%d => %d]", (int)before, (int)length);
}

static void write_message_written(const struct decoding *d)
{
	decode_message(d, d->value, false, UINT64_MAX);
}

static void write_message_read(const struct decoding *d)
{
	decode_message(d, d->value, true, (uint64_t)d->result);
}

static void write_messages_written(const struct decoding *d)
{
	decode_messages(d, false);
}

static void write_messages_read(const struct decoding *d)
{
	decode_messages(d, true);
}

static void write_option(const struct decoding *d)
{
	if (d->args[1] == SOL_SOCKET)
		detail_add_word(d->text, WORDS_so, (uint32_t)d->value);
	else if (d->args[1] == SOL_TCP)
		detail_add_word(d->text, WORDS_tcp, (uint32_t)d->value);
	else
		write_hex(d);
}

static void write_option_written(const struct decoding *d)
{
	decode_option_value(d, d->value, (int)d->args[d->at + 1]);
}

static void write_option_read(const struct decoding *d)
{
	uint32_t length;

	if (decoding_failed(d) || !decoding_read(d, d->args[d->at + 1], &length, sizeof(length)))
		decode_pointer(d, d->value);
	else
		decode_option_value(d, d->value, (int)length);
}

enum { ENTRY = false, EXIT = true };

#define KIND(name, function, when, group) [name] = {function, when, group},
static const struct {
	void (*write)(const struct decoding *);
	bool is_late;
	unsigned group;
} kinds[] = {
#include "io/detail/kinds.def"
};
#undef KIND

bool detail_kind_is_late(enum detail_kind kind)
{
	return kinds[kind].is_late;
}

static bool fcntl_has_value(int command)
{
	static const int without[] = {F_GETFD,    F_GETFL,      F_GETOWN,   F_GETSIG,
	                              F_GETLEASE, F_GETPIPE_SZ, F_GET_SEALS};

	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		if (command == without[i])
			return false;
	return true;
}

/* A mode and an address stand behind the flags that say whether there is one. */
bool detail_kind_is_there(enum detail_kind kind, const uint64_t args[6], unsigned at)
{
	switch (kind) {
	case K_NOTHING:
		return false;
	case K_FCNTL_VALUE:
		return fcntl_has_value((int)args[1]);
	case K_REQUEST_VALUE:
		return detail_request_has_value(args);
	case K_QUOTA_ID:
	case K_QUOTA_FD_ID:
		return detail_quota_has_id(args[kinds[kind].group]);
	case K_QUOTA_DATA:
	case K_QUOTA_FD_DATA:
		return detail_quota_has_data(args[kinds[kind].group]);
	case K_NODE_DEVICE:
		return S_ISCHR(args[at - 1]) || S_ISBLK(args[at - 1]);
	case K_QUEUE_MODE:
	case K_QUEUE_MADE:
		return args[1] & O_CREAT;
	case K_MREMAP_TO:
		return args[3] & (MREMAP_FIXED | MREMAP_DONTUNMAP);
	case K_OPEN_MODE:
		return args[at - 1] & O_CREAT || (args[at - 1] & O_TMPFILE) == O_TMPFILE;
	default:
		return true;
	}
}

static void keep_names(const struct decoding *d)
{
	uint64_t addr = d->value + offsetof(struct mmsghdr, msg_hdr.msg_namelen);

	for (uint32_t i = 0; i < DETAIL_ITEMS && i < (uint32_t)d->args[2]; i++)
		decoding_read(d, addr + i * sizeof(struct mmsghdr), &d->line->before[i],
		              sizeof(d->line->before[i]));
}

void detail_kind_keep(enum detail_kind kind, const struct decoding *d)
{
	uint32_t *before = d->line->before;

	if (kind == K_LENGTH_READ)
		decoding_read(d, d->value, before, sizeof(*before));
	else if (kind == K_OFFSET_MOVED)
		decoding_read(d, d->value, before, sizeof(int64_t));
	else if (kind == K_MESSAGE_READ)
		decoding_read(d, d->value + offsetof(struct msghdr, msg_namelen), before,
		              sizeof(*before));
	else if (kind == K_MESSAGES_READ)
		keep_names(d);
	else if (kind == K_HANDLE_READ)
		decoding_read(d, d->value, before, sizeof(*before));
	else if (kind == K_REQUEST_VALUE)
		detail_keep_request_value(d);
	else if (kind == K_TIMEOUT)
		decoding_read(d, d->value, &d->line->timeout, sizeof(d->line->timeout));
}

void detail_kind_write(enum detail_kind kind, struct decoding *d)
{
	d->group = kinds[kind].group;
	kinds[kind].write(d);
}
