/* Stacks remembered in a ring, found by where they begin and by the words in which they differ. */
#include "mem/preload/known.h"

#include "mem/preload/preload.h"

#include <string.h>

static inline struct known_link *first_place(struct known_stacks *known, uint64_t from,
                                             uint64_t value)
{
	return &known->links[(value ^ from << 24) * 0x9e3779b97f4a7c15u >> (64 - KNOWN_LINKS_LOG2)];
}

static inline bool is_link(const struct known_link *link, uint64_t from, uint64_t value)
{
	return link->value == value && link->from == from;
}

/* The link with this key, or NULL. */
static inline const struct known_link *find_link(struct known_stacks *known, uint64_t from,
                                                 uint64_t value)
{
	const struct known_link *first = first_place(known, from, value);

	for (const struct known_link *link = first; link < first + KNOWN_PROBES; link++)
		if (is_link(link, from, value))
			return link;
	return NULL;
}

/* From now on the stack that was found is compared first where these words are the same. `differed`
 * are the offsets at which the first stacks on the way to it differed. */
static void choose(struct known_stacks *known, struct known_root *root, const uint64_t *frame,
                   const struct known_limits *limits, const uint16_t *differed, uint32_t n_differed,
                   uint32_t position)
{
	if (n_differed && (!root->offsets[1] || n_differed > 1)) {
		uint16_t first = differed[0], second = differed[n_differed > 1];

		root->offsets[0] = first < second ? first : second;
		root->offsets[1] = first < second ? second : first;
	}
	if (known_may_choose(root, frame, limits))
		*known_choice(known, root, frame) = position;
}

uint32_t known_search(struct known_stacks *known, const struct hook_frame *caller,
                      const struct known_limits *limits, uint32_t context)
{
	const uint64_t *frame = &caller->bp;
	struct known_root *root = known_root(known, caller->ip, (uint64_t)frame);
	uint32_t position = root->position, word, n_differed = 0;
	const struct known_stack *stack = known_at(known, position);
	const struct known_link *link;
	uint16_t differed[2];
	uint64_t from = 0, value = 0;

	if (!known_is_there(known, position) || !known_begins_alike(stack, caller, limits, context))
		goto missed;
	word = known_compare(stack, frame, 0);
	while (word < stack->n_groups * KNOWN_GROUP) {
		const struct known_group *group = known_groups(stack) + word / KNOWN_GROUP;
		uint16_t offset = group->offsets[word % KNOWN_GROUP];

		if (n_differed < 2)
			differed[n_differed++] = offset;
		from = (uint64_t)word << 32 | position;
		value = frame[offset];
		link = find_link(known, from, value);
		if (!link || !known_is_there(known, link->to))
			goto missed;
		position = link->to;
		stack = known_at(known, position);
		if (stack->end > limits->stack_hi)
			goto missed;
		/* It begins like the one before and is the same up to this group: known_add() has
		 * seen that. */
		word = known_compare(stack, frame, word / KNOWN_GROUP);
	}
	choose(known, root, frame, limits, differed, n_differed, position);
	return stack->stack;
missed:
	known->missed_from = from;
	known->missed_value = value;
	return 0;
}

void known_draft_word(struct known_draft *draft, uint64_t addr, uint64_t value)
{
	uint64_t offset_bytes = addr - draft->stack.frame;
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
	uint32_t position = known->head, all = known->n_units, at = position & (all - 1);

	/* Positions would come again. */
	if (!position || position > UINT32_MAX / 2) {
		memset(known, 0, offsetof(struct known_stacks, ring));
		known_init(known, all);
		position = 2 * all;
		at = 0;
	}
	if (at + n_units > all)
		position += all - at;
	known->head = position + n_units;
	return position;
}

/* Does what was compared before the differing word hold for the draft too? */
static bool continues(const struct known_stack *from, const struct known_draft *draft,
                      uint32_t word, uint64_t value)
{
	uint32_t n_groups = word / KNOWN_GROUP, n_more = word % KNOWN_GROUP;
	const struct known_group *a = known_groups(from) + n_groups, *b = &draft->groups[n_groups];

	return from->ip == draft->stack.ip && from->frame == draft->stack.frame &&
	       from->context == draft->stack.context && word < draft->n_words &&
	       !memcmp(known_groups(from), draft->groups, n_groups * sizeof(*a)) &&
	       !memcmp(a->values, b->values, n_more * sizeof(*a->values)) &&
	       !memcmp(a->offsets, b->offsets, (n_more + 1) * sizeof(*a->offsets)) &&
	       b->values[n_more] == value;
}

/* Puts the link where its key is, or where nothing of use is, or in the first place. */
static void add_link(struct known_stacks *known, struct known_link added)
{
	struct known_link *first = first_place(known, added.from, added.value), *place = first;

	for (struct known_link *link = first; link < first + KNOWN_PROBES; link++) {
		if (is_link(link, added.from, added.value)) {
			place = link;
			break;
		}
		if (!known_is_there(known, (uint32_t)link->from) ||
		    !known_is_there(known, link->to))
			place = link;
	}
	*place = added;
}

static void link_to(struct known_stacks *known, const struct known_draft *draft, uint32_t position)
{
	uint64_t from = known->missed_from, value = known->missed_value;
	uint32_t before = (uint32_t)from, word = (uint32_t)(from >> 32);

	if (known_is_there(known, before) && continues(known_at(known, before), draft, word, value))
		add_link(known, (struct known_link){.value = value, .from = from, .to = position});
	else
		*known_root(known, draft->stack.ip, draft->stack.frame) =
		    (struct known_root){.position = position};
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
	draft->stack.length = (uint16_t)(draft->n_words / KNOWN_GROUP * sizeof(struct known_group) +
	                                 draft->n_words % KNOWN_GROUP);
	fill_group(draft);
	n_groups = draft->n_words / KNOWN_GROUP;
	draft->stack.n_groups = (uint16_t)n_groups;
	position = take_room(
	    known, (uint32_t)((sizeof(*place) + n_groups * sizeof(struct known_group)) / 8));
	link_to(known, draft, position);
	place = known_at(known, position);
	*place = draft->stack;
	memcpy(place + 1, draft->groups, n_groups * sizeof(struct known_group));
}
