/* Stacks remembered in a ring, found by where they begin and by the words in which they differ. */
#include "mem/preload/known.h"

#include "mem/preload/preload.h"

#include <string.h>

/* The link with this key; if there is none, where to put it. */
static struct known_link *link_of(struct known_stacks *known, uint32_t from, uint32_t word,
                                  uint64_t value)
{
	uint64_t key = value ^ (uint64_t)from << 32 ^ (uint64_t)word << 56;
	struct known_link *first =
	    &known->links[key * 0x9e3779b97f4a7c15u >> (64 - KNOWN_LINKS_LOG2)];
	struct known_link *place = first;

	for (struct known_link *link = first; link < first + KNOWN_PROBES; link++) {
		if (link->from == from && link->word == word && link->value == value)
			return link;
		if (!known_is_there(known, link->from) || !known_is_there(known, link->to))
			place = link;
	}
	return place;
}

uint32_t known_follow(struct known_stacks *known, const struct hook_frame *caller,
                      uint64_t stack_hi, uint32_t generation, uint32_t position, uint32_t group)
{
	const uint64_t *sp = caller->stack;

	for (;;) {
		const struct known_stack *stack = known_at(known, position);
		const struct known_group *at = known_groups(stack) + group;
		const struct known_link *link;
		uint32_t word = 0;

		if (group == stack->n_groups)
			return stack->stack;
		while (sp[at->offsets[word]] == at->values[word])
			word++;
		known->missed_from = position;
		known->missed_word = group * KNOWN_GROUP + word;
		known->missed_value = sp[at->offsets[word]];
		link = link_of(known, position, known->missed_word, known->missed_value);
		if (link->from != position || link->word != known->missed_word ||
		    link->value != known->missed_value || !known_is_there(known, link->to))
			return 0;
		position = link->to;
		stack = known_at(known, position);
		if (!known_begins_alike(stack, caller, stack_hi, generation))
			return 0;
		/* The groups before are the same in both: known_add() has seen that. */
		group = known_compare(stack, sp, group);
	}
}

void known_draft_word(struct known_draft *draft, uint64_t addr, uint64_t value)
{
	uint64_t offset_bytes = addr - draft->stack.start.sp;
	struct known_group *group;

	if (draft->is_too_large)
		return;
	group = &draft->groups[draft->n_words / KNOWN_GROUP];
	draft->is_too_large = draft->n_words == KNOWN_GROUPS * KNOWN_GROUP ||
	                      offset_bytes >= KNOWN_REACH_BYTES || offset_bytes % 8;
	if (draft->is_too_large)
		return;
	group->offsets[draft->n_words % KNOWN_GROUP] = (uint16_t)(offset_bytes / 8);
	group->values[draft->n_words++ % KNOWN_GROUP] = value;
}

/* A place for so many units; a position is 0 for none. */
static uint32_t take_room(struct known_stacks *known, uint32_t n_units)
{
	uint32_t position = known->head;

	/* Positions would come again. */
	if (!position || position > UINT32_MAX / 2) {
		memset(known, 0, offsetof(struct known_stacks, ring));
		position = 2 * KNOWN_RING_UNITS;
	}
	if (position % KNOWN_RING_UNITS + n_units > KNOWN_RING_UNITS)
		position += KNOWN_RING_UNITS - position % KNOWN_RING_UNITS;
	known->head = position + n_units;
	return position;
}

/* Does what was compared before the differing word hold for the draft too? */
static bool continues(const struct known_stack *from, const struct known_draft *draft,
                      uint32_t word, uint64_t value)
{
	uint32_t n_groups = word / KNOWN_GROUP, n_more = word % KNOWN_GROUP;
	const struct known_group *a = known_groups(from) + n_groups, *b = draft->groups + n_groups;

	return word < draft->n_words && from->uses_start_bp == draft->stack.uses_start_bp &&
	       !memcmp(known_groups(from), draft->groups, n_groups * sizeof(*a)) &&
	       !memcmp(a->values, b->values, n_more * sizeof(*a->values)) &&
	       !memcmp(a->offsets, b->offsets, (n_more + 1) * sizeof(*a->offsets)) &&
	       b->values[n_more] == value;
}

static void link_to(struct known_stacks *known, const struct known_draft *draft, uint32_t position)
{
	uint32_t from = known->missed_from, word = known->missed_word;
	uint64_t value = known->missed_value;

	if (known_is_there(known, from) && continues(known_at(known, from), draft, word, value))
		*link_of(known, from, word, value) =
		    (struct known_link){.value = value, .from = from, .to = position, .word = word};
	else
		*known_root(known, draft->stack.start.ip, draft->stack.start.sp) = position;
}

static void fill_group(struct known_draft *draft)
{
	struct known_group *group = &draft->groups[draft->n_words / KNOWN_GROUP];

	for (uint32_t i = draft->n_words % KNOWN_GROUP; i % KNOWN_GROUP; i++, draft->n_words++) {
		group->offsets[i] = group->offsets[i - 1];
		group->values[i] = group->values[i - 1];
	}
}

void known_add(struct known_stacks *known, struct known_draft *draft)
{
	struct known_stack *place;
	uint32_t position, n_groups;

	if (draft->is_too_large)
		return;
	fill_group(draft);
	n_groups = draft->n_words / KNOWN_GROUP;
	draft->stack.n_groups = n_groups;
	position = take_room(
	    known, (uint32_t)((sizeof(*place) + n_groups * sizeof(draft->groups[0])) / 8));
	link_to(known, draft, position);
	place = known_at(known, position);
	*place = draft->stack;
	memcpy(place + 1, draft->groups, n_groups * sizeof(draft->groups[0]));
}
