/* Turns the facts of a call into what the kernel's side is to tell of it. */
#include "io/bpf/plan.h"

#include "io/syscalls.h"
#include "io/trace_set.h"

#include <string.h>

static unsigned tasks_of_extent(enum syscall_extent extent, enum syscall_effect effect)
{
	static const unsigned tasks[] = {
	    [EXTENT_BUFFERS] = METER_COPY_BUFFERS,
	    [EXTENT_MESSAGE] = METER_COPY_MESSAGE,
	    [EXTENT_MESSAGES] = METER_COPY_MESSAGES,
	    [EXTENT_ENTRIES] = 0,
	};
	bool has_control = extent == EXTENT_MESSAGE || extent == EXTENT_MESSAGES;

	return tasks[extent] | (has_control && effect == EFFECT_READ ? METER_COPY_CONTROL : 0);
}

static unsigned tasks_of_effect(const struct syscall_facts *facts)
{
	switch (facts->effect) {
	case EFFECT_OPEN:
		return METER_NAME_RESULT;
	case EFFECT_ACCEPT:
	case EFFECT_GETSOCKNAME:
	case EFFECT_GETPEERNAME:
		return METER_COPY_ADDRESS_AT;
	case EFFECT_BIND:
	case EFFECT_CONNECT:
		return METER_COPY_ADDRESS;
	case EFFECT_PAIR: /* of a pipe: both ends have one name, its inode */
		return METER_COPY_PAIR | (facts->memory == 0 ? METER_NAME_PAIR : 0);
	default:
		return 0;
	}
}

/* Many of a kind in a row are told as one. */
static unsigned tasks_of_repetition(const struct syscall_info *info)
{
	const struct syscall_facts *facts = info->facts;

	if (info->abi != ABI_X86_64)
		return 0;
	if (!facts || facts->effect == EFFECT_NONE)
		return METER_IS_FREE;
	/* A run does not tell flags. */
	if (facts->extent != EXTENT_SIZE || facts->effect == EFFECT_COPY || facts->flags ||
	    facts->fd != 0 || facts->count != 2)
		return 0;
	return METER_MAY_REPEAT | (facts->effect == EFFECT_WRITE ? METER_WRITES : 0);
}

struct meter_plan bpf_plan_of(const struct syscall_info *info, const struct trace_set *set)
{
	const struct syscall_facts *facts = info->facts;
	struct meter_plan plan = {.tasks = 0};

	if (trace_set_has(set, info))
		plan.tasks = METER_TELL | METER_IS_CHOSEN | tasks_of_repetition(info);
	if (!strcmp(info->name, "prctl"))
		plan.tasks = (plan.tasks & (__u16)~METER_IS_FREE) | METER_TELL_COMM | METER_TRACKS;
	if (!facts || !(plan.tasks & METER_TELL || syscall_changes_descriptors(facts)))
		return plan;
	plan.tasks |= METER_TELL |
	              (facts->extent ? tasks_of_extent(facts->extent, facts->effect) : 0) |
	              tasks_of_effect(facts);
	/* Structures of other ABIs are not decoded. */
	if (info->abi != ABI_X86_64)
		plan.tasks &= (__u16) ~(METER_COPY_BUFFERS | METER_COPY_MESSAGE |
		                        METER_COPY_MESSAGES | METER_COPY_CONTROL);
	if (syscall_changes_descriptors(facts) || plan.tasks & METER_COPY_CONTROL)
		plan.tasks |= METER_TRACKS;
	plan.memory = facts->memory;
	plan.count = facts->count;
	return plan;
}
