/* Writes arguments and results of calls that wait until descriptors are ready. */
#include "io/descriptor_limit.h"
#include "io/detail/kinds.h"
#include "io/detail/writers.h"

#include <inttypes.h>
#include <poll.h>
#include <sys/epoll.h>

static void write_pollfd(const struct decoding *d, const void *element, void *context)
{
	const struct pollfd *polled = element;

	(void)context;
	detail_text_add(d->text, "{fd=%d", polled->fd);
	if (polled->fd >= 0) {
		detail_text_add(d->text, ", events=");
		detail_add_flags(d->text, WORDS_poll, (uint16_t)polled->events);
	}
	detail_text_add(d->text, "}");
}

void detail_write_polled(const struct decoding *d)
{
	decode_array(d, d->value, (uint32_t)d->args[1], sizeof(struct pollfd), write_pollfd, NULL);
}

static void add_left(const struct decoding *d, unsigned at, bool is_timeval, const char *between)
{
	if (!d->args[at])
		return;
	detail_text_add(d->text, "%sleft ", between);
	if (is_timeval)
		decode_timeval(d, d->args[at]);
	else
		decode_timespec(d, d->args[at]);
}

void detail_add_polled(const struct decoding *d, bool has_left)
{
	struct pollfd polled;
	const char *between = " ([";

	if (!d->result)
		detail_text_add(d->text, " (Timeout)");
	if (d->result <= 0)
		return;
	for (int i = 0; i < descriptor_limit((uint32_t)d->args[1]); i++) {
		if (!decoding_read(d, d->args[0] + (unsigned)i * sizeof(polled), &polled,
		                   sizeof(polled)))
			break;
		if (!polled.revents)
			continue;
		detail_text_add(d->text, "%s{fd=%d, revents=", between, polled.fd);
		detail_add_flags(d->text, WORDS_poll, (uint16_t)polled.revents);
		detail_text_add(d->text, "}");
		between = ", ";
	}
	detail_text_add(d->text, "]");
	if (has_left)
		add_left(d, 2, false, ", ");
	detail_text_add(d->text, ")");
}

enum { WORD_BITS = 64 };

/* A set whose memory, as argument 0 says, cannot all be read is written as its address. */
static bool read_set(const struct decoding *d, uint64_t addr,
                     uint64_t words[DESCRIPTORS_READ / WORD_BITS])
{
	size_t n_fds = (size_t)descriptor_limit((int)d->args[0]);
	size_t n_words = (n_fds + WORD_BITS - 1) / WORD_BITS;

	return !n_words || decoding_read(d, addr, words, n_words * sizeof(words[0]));
}

/* Up to n of the descriptors in a set; gives how many were left of n. */
static int64_t add_set(const struct decoding *d, const uint64_t *words, int64_t n)
{
	int n_fds = descriptor_limit((int)d->args[0]);
	const char *between = "";

	detail_text_add(d->text, "[");
	for (int fd = 0; fd < n_fds && n > 0; fd++) {
		if (!(words[fd / WORD_BITS] >> fd % WORD_BITS & 1))
			continue;
		detail_text_add(d->text, "%s%d", between, fd);
		between = " ";
		n--;
	}
	detail_text_add(d->text, "]");
	return n;
}

void detail_write_set(const struct decoding *d)
{
	uint64_t words[DESCRIPTORS_READ / WORD_BITS];

	if (!d->value || !read_set(d, d->value, words))
		decode_pointer(d, d->value);
	else
		add_set(d, words, DESCRIPTORS_READ);
}

void detail_add_selected(const struct decoding *d, bool is_pselect)
{
	static const char *const names[] = {"in", "out", "except"};
	uint64_t words[DESCRIPTORS_READ / WORD_BITS];
	const char *between = " (";
	int64_t n_left = d->result, n;

	if (!d->result)
		detail_text_add(d->text, " (Timeout)");
	if (d->result <= 0)
		return;
	for (unsigned i = 0; i < 3 && n_left > 0; i++) {
		size_t len = d->text->len;

		if (!d->args[1 + i] || !read_set(d, d->args[1 + i], words))
			continue;
		detail_text_add(d->text, "%s%s ", between, names[i]);
		n = add_set(d, words, n_left);
		if (n < n_left)
			between = ", ";
		else
			d->text->len = len; /* none of them */
		n_left = n;
	}
	add_left(d, 4, !is_pselect, between);
	if (*between == ',' || d->args[4])
		detail_text_add(d->text, ")");
}

static void add_epoll_event(const struct decoding *d, const void *element, void *context)
{
	const struct epoll_event *event = element;
	uint64_t data = event->data.u64;

	(void)context;
	detail_text_add(d->text, "{events=");
	detail_add_flags(d->text, WORDS_epoll, event->events);
	detail_text_add(d->text, ", data={u32=%u, u64=%" PRIu64 "}}", (uint32_t)data, data);
}

void detail_write_epoll_event(const struct decoding *d)
{
	struct epoll_event event;

	if (d->args[1] == EPOLL_CTL_DEL || !d->value ||
	    !decoding_read(d, d->value, &event, sizeof(event)))
		decode_pointer(d, d->value);
	else
		add_epoll_event(d, &event, NULL);
}

void detail_write_epoll_events(const struct decoding *d)
{
	if (decoding_failed(d))
		decode_pointer(d, d->value);
	else
		decode_array(d, d->value, (uint64_t)d->result, sizeof(struct epoll_event),
		             add_epoll_event, NULL);
}
