/* Writes requests of ioctl(2) and their values, by the rows of requests.def. */
#include "core/alloc.h"
#include "io/detail/kinds.h"
#include "io/detail/structures.h"
#include "io/detail/writers.h"

#include <asm/termbits.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define REQUEST(name, kind) {name, #name, kind},
#define NAMED(value, name, kind) {value, name, kind},
static const struct request {
	uint32_t value;
	const char *name;
	enum detail_kind kind;
} requests[] = {
#include "io/detail/requests.def"
};
#undef REQUEST
#undef NAMED

/* NULL: unknown. */
static const struct request *find_request(uint64_t value)
{
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		if (requests[i].value == (uint32_t)value)
			return &requests[i];
	return NULL;
}

void detail_write_request(const struct decoding *d)
{
	const struct request *request = find_request(d->value);
	uint32_t value = (uint32_t)d->value;

	if (request) {
		detail_text_add(d->text, "%s", request->name);
		return;
	}
	detail_text_add(d->text, "_IOC(");
	detail_add_flags(d->text, WORDS_ioc, _IOC_DIR(value));
	detail_text_add(d->text, ", %#x, %#x, %#x)", _IOC_TYPE(value), _IOC_NR(value),
	                _IOC_SIZE(value));
}

bool detail_request_has_value(const uint64_t args[6])
{
	const struct request *request = find_request(args[1]);

	return !request || request->kind != K_NOTHING;
}

void detail_write_request_value(const struct decoding *d)
{
	const struct request *request = find_request(d->args[1]);
	struct decoding value = *d;

	detail_kind_write(request ? request->kind : K_HEX, &value);
}

void detail_keep_request_value(const struct decoding *d)
{
	if ((uint32_t)d->args[1] == SIOCGIFCONF)
		decoding_read(d, d->value, d->line->before, sizeof(d->line->before[0]));
}

/* Delays, each a part of the flags with a name for every value; then the other flags. */
static void add_output(struct detail_text *text, uint32_t flags)
{
	static const struct {
		uint32_t part;
		enum detail_words words;
	} delays[] = {{NLDLY, WORDS_output_nl},   {CRDLY, WORDS_output_cr},
	              {TABDLY, WORDS_output_tab}, {BSDLY, WORDS_output_bs},
	              {VTDLY, WORDS_output_vt},   {FFDLY, WORDS_output_ff}};

	for (size_t i = 0; i < ARRAY_SIZE(delays); i++) {
		detail_add_word(text, delays[i].words, flags & delays[i].part);
		detail_text_add(text, "|");
		flags &= ~delays[i].part;
	}
	detail_add_bare_flags(text, WORDS_output_flags, flags);
}

static void add_control(struct detail_text *text, uint32_t flags)
{
	uint32_t input_baud = flags >> IBSHIFT & CBAUD;

	detail_add_word(text, WORDS_baud, flags & CBAUD);
	if (input_baud) {
		detail_text_add(text, "|");
		detail_add_word(text, WORDS_baud, input_baud);
		detail_text_add(text, "<<IBSHIFT");
	}
	detail_text_add(text, "|");
	detail_add_word(text, WORDS_control_size, flags & CSIZE);
	detail_text_add(text, "|");
	detail_add_bare_flags(text, WORDS_control_flags,
	                      flags & ~(uint32_t)(CBAUD | CIBAUD | CSIZE));
}

void detail_write_termios(const struct decoding *d)
{
	struct termios attributes;

	if (!d->value || !decoding_read(d, d->value, &attributes, sizeof(attributes))) {
		decode_pointer(d, d->value);
		return;
	}
	detail_text_add(d->text, "{c_iflag=");
	detail_add_bare_flags(d->text, WORDS_input_flags, attributes.c_iflag);
	detail_text_add(d->text, ", c_oflag=");
	add_output(d->text, attributes.c_oflag);
	detail_text_add(d->text, ", c_cflag=");
	add_control(d->text, attributes.c_cflag);
	detail_text_add(d->text, ", c_lflag=");
	detail_add_bare_flags(d->text, WORDS_local_flags, attributes.c_lflag);
	detail_text_add(d->text, ", ...}");
}

/* What was asked for is there if the call failed, too. */
void detail_write_interface_read(const struct decoding *d)
{
	char bytes[LARGEST_STRUCTURE];

	if (!decoding_read_structure(d, d->group, d->value, bytes)) {
		decode_pointer(d, d->value);
		return;
	}
	detail_text_add(d->text, "{");
	detail_add_members(d, d->group, bytes, decoding_failed(d) ? 1 : SIZE_MAX);
	detail_text_add(d->text, "}");
}

static void add_interface(const struct decoding *d, const void *element, void *context)
{
	(void)context;
	detail_text_add(d->text, "{");
	detail_add_members(d, STRUCTURE_if_addr, element, SIZE_MAX);
	detail_text_add(d->text, "}");
}

static void add_length(struct detail_text *text, int len)
{
	unsigned n = (unsigned)len / sizeof(struct ifreq);

	detail_text_add(text, "%d", len);
	if (n && n * sizeof(struct ifreq) == (unsigned)len)
		detail_text_add(text, " /* %u * sizeof(struct ifreq) */", n);
}

void detail_write_interfaces(const struct decoding *d)
{
	struct ifconf all;
	uint64_t addr;

	if (!d->value || !decoding_read(d, d->value, &all, sizeof(all))) {
		decode_pointer(d, d->value);
		return;
	}
	addr = (uintptr_t)all.ifc_buf;
	detail_text_add(d->text, "{ifc_len=");
	if (addr && !decoding_failed(d) && (int)d->line->before[0] != all.ifc_len) {
		add_length(d->text, (int)d->line->before[0]);
		detail_text_add(d->text, " => ");
	}
	add_length(d->text, all.ifc_len);
	detail_text_add(d->text, ", ifc_buf=");
	if (decoding_failed(d) || all.ifc_len < 0)
		decode_pointer(d, addr);
	else
		decode_array(d, addr, (unsigned)all.ifc_len / sizeof(struct ifreq),
		             sizeof(struct ifreq), add_interface, NULL);
	detail_text_add(d->text, "}");
}
