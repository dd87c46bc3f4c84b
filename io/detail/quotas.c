/* Writes commands of quotactl(2) and what hangs on them, by the rows of quotas.def. */
#include "core/alloc.h"
#include "io/detail/kinds.h"
#include "io/detail/writers.h"

#include <linux/dqblk_xfs.h>
#include <linux/quota.h>

#define QUOTA(command, id, data) {command, #command, id, data},
static const struct quota_command {
	uint32_t value;
	const char *name;
	enum detail_kind id, data;
} commands[] = {
#include "io/detail/quotas.def"
};
#undef QUOTA

static const struct quota_command unknown = {.id = K_ID, .data = K_POINTER};

static const struct quota_command *find_command(uint64_t argument)
{
	uint32_t value = (uint32_t)argument >> SUBCMDSHIFT;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].value == value)
			return &commands[i];
	return &unknown;
}

void detail_write_quota_command(const struct decoding *d)
{
	const struct quota_command *command = find_command(d->value);

	if (command->name)
		detail_text_add(d->text, "QCMD(%s, ", command->name);
	else
		detail_text_add(d->text, "QCMD(%#x /* Q_??? */, ",
		                (uint32_t)d->value >> SUBCMDSHIFT);
	detail_add_word(d->text, WORDS_quota_type, d->value & SUBCMDMASK);
	detail_text_add(d->text, ")");
}

bool detail_quota_has_id(uint64_t argument)
{
	return find_command(argument)->id != K_NOTHING;
}

bool detail_quota_has_data(uint64_t argument)
{
	return find_command(argument)->data != K_NOTHING;
}

void detail_write_quota_id(const struct decoding *d)
{
	struct decoding id = *d;

	detail_kind_write(find_command(d->args[d->group])->id, &id);
}

void detail_write_quota_data(const struct decoding *d)
{
	struct decoding data = *d;

	detail_kind_write(find_command(d->args[d->group])->data, &data);
}
