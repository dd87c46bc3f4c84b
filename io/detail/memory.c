/* Writes what the target has in memory: bytes, texts, arrays, small structures. */
#include "io/detail/decoding.h"

#include "core/alloc.h"
#include "core/trace/tracee.h"

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

bool decoding_read(const struct decoding *d, uint64_t addr, void *buffer, size_t len_bytes)
{
	return tracee_read_memory(d->subject->tid, addr, buffer, len_bytes);
}

bool decoding_failed(const struct decoding *d)
{
	return d->has_returned && d->result < 0;
}

void decode_pointer(const struct decoding *d, uint64_t addr)
{
	if (addr)
		detail_text_add(d->text, "%#" PRIx64, addr);
	else
		detail_text_add(d->text, "NULL");
}

void decode_bytes(const struct decoding *d, uint64_t addr, uint64_t len_bytes)
{
	char bytes[DETAIL_ITEMS] = {0};
	size_t len = len_bytes < sizeof(bytes) ? (size_t)len_bytes : sizeof(bytes);

	if (!addr || (len && !decoding_read(d, addr, bytes, len))) {
		decode_pointer(d, addr);
		return;
	}
	detail_text_quote(d->text, bytes, len);
	if (len_bytes > len)
		detail_text_add(d->text, "...");
}

void decode_bytes_hex(const struct decoding *d, uint64_t addr, uint64_t len_bytes)
{
	char bytes[DETAIL_ITEMS] = {0};
	size_t len = len_bytes < sizeof(bytes) ? (size_t)len_bytes : sizeof(bytes);

	if (!addr || (len && !decoding_read(d, addr, bytes, len))) {
		decode_pointer(d, addr);
		return;
	}
	detail_text_quote_hex(d->text, bytes, len);
	if (len_bytes > len)
		detail_text_add(d->text, "...");
}

void decode_path(const struct decoding *d, uint64_t addr)
{
	char path[PATH_MAX];
	ssize_t len = addr ? tracee_read_text(d->subject->tid, addr, path, sizeof(path)) : -1;

	if (len < 0)
		decode_pointer(d, addr);
	else
		detail_text_quote(d->text, path, (size_t)len);
}

/* A longer one has no end among the bytes that are read. */
void decode_text(const struct decoding *d, uint64_t addr)
{
	char text[DETAIL_ITEMS + 1];
	ssize_t len = addr ? tracee_read_text(d->subject->tid, addr, text, sizeof(text)) : -1;

	if (len >= 0)
		detail_text_quote(d->text, text, (size_t)len);
	else
		decode_bytes(d, addr, sizeof(text));
}

void decode_array(const struct decoding *d, uint64_t addr, uint64_t count, size_t element_bytes,
                  void (*write)(const struct decoding *d, const void *element, void *context),
                  void *context)
{
	_Alignas(max_align_t) char element[128];

	if (!addr || (count && !decoding_read(d, addr, element, element_bytes))) {
		decode_pointer(d, addr);
		return;
	}
	detail_text_add(d->text, "[");
	for (uint64_t i = 0; i < count; i++, addr += element_bytes) {
		detail_text_add(d->text, i ? ", " : "");
		if (i == DETAIL_ITEMS) {
			detail_text_add(d->text, "...");
			break;
		}
		if (!decoding_read(d, addr, element, element_bytes)) {
			detail_text_add(d->text, "... /* %#" PRIx64 " */", addr);
			break;
		}
		write(d, element, context);
	}
	detail_text_add(d->text, "]");
}

/* The buffers of a vector, as far as the bytes reach. */
struct reach {
	bool contents;
	uint64_t n_bytes;
};

static void write_buffer(const struct decoding *d, const void *element, void *context)
{
	const struct iovec *buffer = element;
	struct reach *reach = context;
	uint64_t len = buffer->iov_len < reach->n_bytes ? buffer->iov_len : reach->n_bytes;

	detail_text_add(d->text, "{iov_base=");
	if (reach->contents)
		decode_bytes(d, (uintptr_t)buffer->iov_base, len);
	else
		decode_pointer(d, (uintptr_t)buffer->iov_base);
	reach->n_bytes -= len;
	detail_text_add(d->text, ", iov_len=%zu}", buffer->iov_len);
}

void decode_vector(const struct decoding *d, uint64_t addr, uint64_t count, bool contents,
                   uint64_t n_bytes)
{
	struct reach reach = {contents, n_bytes};

	decode_array(d, addr, count, sizeof(struct iovec), write_buffer, &reach);
}

/* Of a vector of texts that ends with NULL. */
void decode_texts(const struct decoding *d, uint64_t addr)
{
	const char *between = "";
	uint64_t at;

	if (!addr || !decoding_read(d, addr, &at, sizeof(at))) {
		decode_pointer(d, addr);
		return;
	}
	detail_text_add(d->text, "[");
	for (size_t i = 0; decoding_read(d, addr + i * sizeof(at), &at, sizeof(at)) && at; i++) {
		detail_text_add(d->text, "%s", between);
		between = ", ";
		if (i == DETAIL_ITEMS) {
			detail_text_add(d->text, "...");
			break;
		}
		decode_text(d, at);
	}
	detail_text_add(d->text, "]");
}

void detail_add_mode(struct detail_text *text, unsigned mode)
{
	static const struct {
		mode_t bit;
		const char *name;
	} bits[] = {{S_ISUID, "S_ISUID|"}, {S_ISGID, "S_ISGID|"}, {S_ISVTX, "S_ISVTX|"}};
	unsigned type = mode & S_IFMT;
	const char *name = type ? detail_word(WORDS_file_type, type) : NULL;

	if (name)
		detail_text_add(text, "%s|", name);
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (mode & bits[i].bit)
			detail_text_add(text, "%s", bits[i].name);
	detail_text_add(text, "%#03o", mode & (name ? 0777 : 0777 | S_IFMT));
}

void decode_stat(const struct decoding *d, uint64_t addr)
{
	struct stat status;

	if (!addr || decoding_failed(d) || !decoding_read(d, addr, &status, sizeof(status))) {
		decode_pointer(d, addr);
		return;
	}
	detail_text_add(d->text, "{st_mode=");
	detail_add_mode(d->text, status.st_mode);
	if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
		detail_text_add(d->text, ", st_rdev=makedev(%#x, %#x), ...}", major(status.st_rdev),
		                minor(status.st_rdev));
	else
		detail_text_add(d->text, ", st_size=%jd, ...}", (intmax_t)status.st_size);
}

void decode_timespec(const struct decoding *d, uint64_t addr)
{
	struct timespec time;

	if (!addr || !decoding_read(d, addr, &time, sizeof(time)))
		decode_pointer(d, addr);
	else
		detail_text_add(d->text, "{tv_sec=%jd, tv_nsec=%ld}", (intmax_t)time.tv_sec,
		                time.tv_nsec);
}

void decode_timeval(const struct decoding *d, uint64_t addr)
{
	struct timeval time;

	if (!addr || !decoding_read(d, addr, &time, sizeof(time)))
		decode_pointer(d, addr);
	else
		detail_text_add(d->text, "{tv_sec=%jd, tv_usec=%ld}", (intmax_t)time.tv_sec,
		                time.tv_usec);
}

void decode_signal(const struct decoding *d, int signal)
{
	enum { FIRST_REALTIME = 32 };
	const char *name = signal < FIRST_REALTIME ? sigabbrev_np(signal) : NULL;

	if (name)
		detail_text_add(d->text, "%s", name);
	else if (signal == FIRST_REALTIME)
		detail_text_add(d->text, "RTMIN");
	else
		detail_text_add(d->text, "RT_%d", signal - FIRST_REALTIME);
}

/* More than two thirds of them: those that are not in it. */
void decode_signals(const struct decoding *d, uint64_t addr)
{
	const char *between = "";
	uint64_t set;

	if (!addr || !decoding_read(d, addr, &set, sizeof(set))) {
		decode_pointer(d, addr);
		return;
	}
	if (__builtin_popcountll(set) >= N_SIGNALS * 2 / 3) {
		detail_text_add(d->text, "~");
		set = ~set;
	}
	detail_text_add(d->text, "[");
	for (int signal = 1; signal <= N_SIGNALS; signal++) {
		if (!(set >> (signal - 1) & 1))
			continue;
		detail_text_add(d->text, "%s", between);
		decode_signal(d, signal);
		between = " ";
	}
	detail_text_add(d->text, "]");
}
