/* Writes lines of calls by the rows of calls.def. */
#include "io/detail/decode.h"

#include "core/alloc.h"
#include "core/trace/restart_names.h"
#include "io/detail/kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

enum { N_ARGUMENTS = 6, RESULT_COLUMN = 40 }; /* strace's -a */

static void add_number(const struct decoding *d)
{
	detail_text_add(d->text, "%" PRId64, d->result);
}

static void add_octal(const struct decoding *d)
{
	detail_text_add(d->text, "%#" PRIo64, (uint64_t)d->result);
}

static void add_address(const struct decoding *d)
{
	detail_text_add(d->text, "%#" PRIx64, (uint64_t)d->result);
}

static void add_fcntl(const struct decoding *d)
{
	int command = (int)d->args[1];

	if (command == F_GETFL) {
		uint32_t flags = (uint32_t)d->result;

		detail_text_add(d->text, "%#x (flags ", flags);
		detail_add_open_flags(d->text, flags);
		detail_text_add(d->text, ")");
	} else if (command == F_GETFD && d->result) {
		detail_text_add(d->text, "%#" PRIx64 " (flags ", (uint64_t)d->result);
		detail_add_flags(d->text, WORDS_fd_flags, (uint64_t)d->result);
		detail_text_add(d->text, ")");
	} else if (command == F_GET_SEALS && d->result) {
		detail_text_add(d->text, "%#" PRIx64 " (seals ", (uint64_t)d->result);
		detail_add_flags(d->text, WORDS_seal, (uint64_t)d->result);
		detail_text_add(d->text, ")");
	} else {
		add_number(d);
	}
}

static void add_poll(const struct decoding *d)
{
	add_number(d);
	detail_add_polled(d, false);
}

static void add_ppoll(const struct decoding *d)
{
	add_number(d);
	detail_add_polled(d, true);
}

static void add_select(const struct decoding *d)
{
	add_number(d);
	detail_add_selected(d, false);
}

static void add_pselect(const struct decoding *d)
{
	add_number(d);
	detail_add_selected(d, true);
}

static void add_recvmmsg(const struct decoding *d)
{
	add_number(d);
	if (!d->result)
		detail_text_add(d->text, " (Timeout)");
	if (d->result <= 0 || !d->args[4])
		return;
	detail_text_add(d->text, " (left ");
	decode_timespec(d, d->args[4]);
	detail_text_add(d->text, ")");
}

struct call_form {
	const char *name;
	void (*add_result)(const struct decoding *); /* when it is no error */
	enum detail_kind kinds[N_ARGUMENTS];
};

#define CALL(call, result, ...) {#call, add_##result, {__VA_ARGS__}},
#define NEWER CALL
#define PLAIN(call, ...) {#call, add_number, {__VA_ARGS__}},
static const struct call_form forms[] = {
#include "io/detail/calls.def"
};
#undef CALL
#undef NEWER
#undef PLAIN

static const struct call_form undecoded = {
    NULL, add_number, {K_HEX, K_HEX, K_HEX, K_HEX, K_HEX, K_HEX}};

static const struct call_form *form_of(const struct syscall_info *info)
{
	static const struct call_form *known[SYSCALL_NUMBERS];

	if (info->abi != ABI_X86_64 || info->number >= SYSCALL_NUMBERS)
		return &undecoded;
	for (size_t i = 0; !known[info->number] && i < ARRAY_SIZE(forms); i++)
		if (!strcmp(forms[i].name, info->name))
			known[info->number] = &forms[i];
	if (!known[info->number])
		known[info->number] = &undecoded;
	return known[info->number];
}

static struct decoding decoding_of(struct detail_line *line, const struct detail_subject *subject)
{
	return (struct decoding){
	    .subject = subject, .line = line, .text = &line->text, .args = subject->args};
}

static void set_argument(struct decoding *d, unsigned at)
{
	d->at = at;
	d->value = d->args[at];
}

/* Those that are known by now, and none behind one that is not. */
static void write_arguments(struct decoding *d, const struct call_form *form)
{
	unsigned *at = &d->line->n_written;

	for (; *at < N_ARGUMENTS && form->kinds[*at] != K_NONE; ++*at) {
		enum detail_kind kind = form->kinds[*at];

		if (!detail_kind_is_there(kind, d->args, *at))
			continue;
		if (!d->has_returned && detail_kind_is_late(kind))
			return;
		set_argument(d, *at);
		detail_text_add(d->text, *at ? ", " : "");
		detail_kind_write(kind, d);
	}
}

void detail_begin(struct detail_line *line, const struct detail_subject *subject)
{
	const struct call_form *form = form_of(subject->info);
	struct decoding d = decoding_of(line, subject);

	line->n_written = 0;
	for (unsigned i = 0; i < N_ARGUMENTS; i++) {
		set_argument(&d, i);
		detail_kind_keep(form->kinds[i], &d);
	}
	if (subject->info->number < SYSCALL_NUMBERS)
		detail_text_add(&line->text, "%s(", subject->info->name);
	else
		detail_text_add(&line->text, "syscall_%#" PRIx32 "(", subject->number);
	write_arguments(&d, form);
}

static void align_result(struct detail_text *text)
{
	size_t len = text->len + 1;

	detail_text_add(text, " %*s= ", len < RESULT_COLUMN ? (int)(RESULT_COLUMN - len) : 0, "");
}

static void add_error(struct detail_text *text, int error)
{
	const struct restart_name *restart = restart_name_of(error);
	const char *name = strerrorname_np(error);

	if (restart)
		detail_text_add(text, "? %s (%s)", restart->name, restart->text);
	else if (name)
		detail_text_add(text, "-1 %s (%s)", name, strerrordesc_np(error));
	else
		detail_text_add(text, "-1 (errno %d)", error);
}

void detail_end(struct detail_line *line, const struct detail_subject *subject, int64_t result)
{
	const struct call_form *form = form_of(subject->info);
	struct decoding d = decoding_of(line, subject);
	bool failed = syscall_failed(result);

	d.has_returned = true;
	d.result = result;
	write_arguments(&d, form);
	detail_text_add(&line->text, ")");
	align_result(&line->text);
	if (failed)
		add_error(&line->text, (int)-result);
	else
		form->add_result(&d);
}

void detail_give_up(struct detail_line *line, const struct detail_subject *subject)
{
	const struct call_form *form = form_of(subject->info);
	unsigned at = line->n_written;

	if (at < N_ARGUMENTS && form->kinds[at] != K_NONE)
		detail_text_add(&line->text, "%s <unfinished ...>", at ? ", " : "");
	detail_text_add(&line->text, ")");
	align_result(&line->text);
	detail_text_add(&line->text, "?");
}
