/* Writes arguments that only calls of pages and of their places have. */
#include "io/detail/writers.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <string.h>

void detail_write_policy(const struct decoding *d)
{
	uint32_t flags = (uint32_t)d->value & MPOL_MODE_FLAGS, mode = (uint32_t)d->value & ~flags;

	if (!flags) {
		detail_add_word(d->text, WORDS_mpol, mode);
	} else if (detail_word(WORDS_mpol, mode)) {
		detail_add_word(d->text, WORDS_mpol, mode);
		detail_add_more_flags(d->text, WORDS_mpol_flags, flags);
	} else {
		detail_add_flags(d->text, WORDS_mpol_flags, flags);
		detail_text_add(d->text, "|%#x", mode);
	}
}

void detail_write_policy_read(const struct decoding *d)
{
	uint32_t mode;

	if (decoding_failed(d) || !d->value || !decoding_read(d, d->value, &mode, sizeof(mode))) {
		decode_pointer(d, d->value);
		return;
	}
	detail_text_add(d->text, "[");
	detail_add_word(d->text, WORDS_mpol, mode);
	detail_text_add(d->text, "]");
}

static void add_node_bits(const struct decoding *d, const void *element, void *context)
{
	const uint64_t *bits = element;

	(void)context;
	detail_text_add(d->text, "%#016" PRIx64, *bits);
}

/* The kernel takes one node less than it is told. */
static void add_nodes(const struct decoding *d, uint64_t n_nodes)
{
	enum { WORD_BITS = 64 };

	if (n_nodes == 1)
		decode_pointer(d, d->value);
	else
		decode_array(d, d->value, n_nodes ? (n_nodes - 2) / WORD_BITS + 1 : 0,
		             sizeof(uint64_t), add_node_bits, NULL);
}

void detail_write_nodes(const struct decoding *d)
{
	add_nodes(d, d->args[d->at + 1]);
}

void detail_write_nodes_read(const struct decoding *d)
{
	if (decoding_failed(d))
		decode_pointer(d, d->value);
	else
		add_nodes(d, d->args[d->at + 1]);
}

void detail_write_nodes_behind(const struct decoding *d)
{
	add_nodes(d, d->args[1]);
}

static void add_residence(const struct decoding *d, const void *element, void *context)
{
	const unsigned char *residence = element;

	(void)context;
	detail_text_add(d->text, "%u", *residence & 1);
}

/* A byte a page. */
void detail_write_residence(const struct decoding *d)
{
	enum { PAGE_BYTES = 4096 };
	uint64_t len = d->args[1];

	if (decoding_failed(d))
		decode_pointer(d, d->value);
	else
		decode_array(d, d->value, len / PAGE_BYTES + !!(len % PAGE_BYTES), 1, add_residence,
		             NULL);
}

static void add_page(const struct decoding *d, const void *element, void *context)
{
	const uint64_t *page = element;

	(void)context;
	decode_pointer(d, *page);
}

void detail_write_pages(const struct decoding *d)
{
	decode_array(d, d->value, d->args[1], sizeof(uint64_t), add_page, NULL);
}

static void add_node(const struct decoding *d, const void *element, void *context)
{
	const int *node = element;

	(void)context;
	detail_text_add(d->text, "%d", *node);
}

void detail_write_page_nodes(const struct decoding *d)
{
	decode_array(d, d->value, d->args[1], sizeof(int), add_node, NULL);
}

/* The node where the page is, or why it is not there. */
static void add_status(const struct decoding *d, const void *element, void *context)
{
	const int *status = element;
	enum { LARGEST_ERRNO = 4095 };
	const char *name =
	    *status < 0 && *status >= -LARGEST_ERRNO ? strerrorname_np(-*status) : NULL;

	(void)context;
	if (name)
		detail_text_add(d->text, "-%s", name);
	else
		detail_text_add(d->text, "%d", *status);
}

void detail_write_page_status(const struct decoding *d)
{
	if (decoding_failed(d))
		decode_pointer(d, d->value);
	else
		decode_array(d, d->value, d->args[1], sizeof(int), add_status, NULL);
}
