/* Stacks remembered in a ring, found by where they begin and by the words in which they differ. */
#include "mem/preload/known.h"

#include "mem/preload/preload.h"

#include <string.h>

static const uint64_t golden = 0x9e3779b97f4a7c15u; /* Fibonacci hashing (Knuth, TAOCP 6.4) */

static inline uint32_t *root_of(struct known_stacks *known, struct unwind_registers start)
{
	return &known->roots[((start.ip << 16 ^ start.sp) * golden) >> (64 - KNOWN_ROOTS_LOG2)];
}

static inline bool is_there(const struct known_stacks *known, uint32_t position)
{
	return position && known->head - position <= KNOWN_RING_UNITS;
}

/* The link with this key; if there is none, where to put it. */
static struct known_link *link_of(struct known_stacks *known, uint32_t from, uint32_t word,
                                  uint64_t value)
{
	uint64_t key = value ^ (uint64_t)from << 32 ^ (uint64_t)word << 56;
	struct known_link *first = &known->links[key * golden >> (64 - KNOWN_LINKS_LOG2)];
	struct known_link *place = first;

	for (struct known_link *link = first; link < first + KNOWN_PROBES; link++) {
		if (link->from == from && link->word == word && link->value == value)
			return link;
		if (!is_there(known, link->from) || !is_there(known, link->to))
			place = link;
	}
	return place;
}

static inline struct known_stack *stack_at(struct known_stacks *known, uint32_t position)
{
	return (struct known_stack *)&known->ring[position % KNOWN_RING_UNITS];
}

static inline const uint16_t *offsets_of(const struct known_stack *stack)
{
	return (const uint16_t *)(stack->values + stack->n_words);
}

static inline bool begins_alike(const struct known_stack *stack, struct unwind_registers start,
                                uint64_t stack_hi, uint32_t generation)
{
	return stack->start.ip == start.ip && stack->start.sp == start.sp &&
	       stack->generation == generation && stack->end <= stack_hi &&
	       (!stack->uses_start_bp || stack->start.bp == start.bp);
}

/* The first group of words, from `i` on, that holds a difference; n_words: none does. */
static inline uint32_t compare(const struct known_stack *stack, const uint64_t *sp, uint32_t i)
{
	const uint16_t *offsets = offsets_of(stack);
	const uint64_t *values = stack->values;
	uint32_t n_words = stack->n_words;

	for (; i < n_words; i += KNOWN_GROUP)
		if (unlikely((sp[offsets[i]] ^ values[i]) | (sp[offsets[i + 1]] ^ values[i + 1]) |
		             (sp[offsets[i + 2]] ^ values[i + 2]) |
		             (sp[offsets[i + 3]] ^ values[i + 3])))
			break;
	return i;
}

uint32_t known_find(struct known_stacks *known, struct unwind_registers start, uint64_t stack_hi,
                    uint32_t generation)
{
	const uint64_t *sp = (const uint64_t *)start.sp;
	uint32_t position = *root_of(known, start), word = 0;

	known->missed_from = 0;
	while (is_there(known, position)) {
		const struct known_stack *stack = stack_at(known, position);
		const struct known_link *link;

		if (!begins_alike(stack, start, stack_hi, generation))
			break;
		/* What was the same with the one before is compared again only in part: known_add()
		 * has seen that the two are equal there. */
		word = compare(stack, sp, word / KNOWN_GROUP * KNOWN_GROUP);
		if (likely(word == stack->n_words))
			return stack->stack;
		while (sp[offsets_of(stack)[word]] == stack->values[word])
			word++;
		known->missed_from = position;
		known->missed_word = word;
		known->missed_value = sp[offsets_of(stack)[word]];
		link = link_of(known, position, word, known->missed_value);
		if (link->from != position || link->word != word ||
		    link->value != known->missed_value)
			break;
		position = link->to;
	}
	return 0;
}

static void fill_group(struct known_draft *draft)
{
	for (; draft->n_words % KNOWN_GROUP; draft->n_words++) {
		draft->offsets[draft->n_words] = draft->offsets[draft->n_words - 1];
		draft->values[draft->n_words] = draft->values[draft->n_words - 1];
	}
}

void known_draft_word(struct known_draft *draft, uint64_t addr, uint64_t value)
{
	uint64_t offset_bytes = addr - draft->start.sp, group_addr;

	if (draft->n_words > KNOWN_WORDS)
		return;
	if (draft->n_words % KNOWN_GROUP) {
		group_addr =
		    draft->start.sp + 8 * draft->offsets[draft->n_words & -(uint32_t)KNOWN_GROUP];
		if (addr / WIRE_PAGE > group_addr / WIRE_PAGE)
			fill_group(draft);
	}
	if (draft->n_words == KNOWN_WORDS || offset_bytes >= KNOWN_REACH_BYTES ||
	    offset_bytes % 8) {
		draft->n_words = KNOWN_WORDS + 1;
		return;
	}
	draft->offsets[draft->n_words] = (uint16_t)(offset_bytes / 8);
	draft->values[draft->n_words++] = value;
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
                      uint32_t word)
{
	return word < draft->n_words && from->uses_start_bp == draft->uses_start_bp &&
	       !memcmp(from->values, draft->values, word * sizeof(*draft->values)) &&
	       !memcmp(offsets_of(from), draft->offsets, (word + 1) * sizeof(*draft->offsets));
}

static void link_to(struct known_stacks *known, const struct known_draft *draft, uint32_t position)
{
	uint32_t from = known->missed_from, word = known->missed_word;

	if (is_there(known, from) && continues(stack_at(known, from), draft, word) &&
	    draft->values[word] == known->missed_value)
		*link_of(known, from, word, known->missed_value) = (struct known_link){
		    .value = known->missed_value, .from = from, .to = position, .word = word};
	else
		*root_of(known, draft->start) = position;
}

void known_add(struct known_stacks *known, struct known_draft *draft, uint32_t stack)
{
	struct known_stack *place;
	uint32_t position, n_units;

	if (draft->n_words > KNOWN_WORDS)
		return;
	fill_group(draft);
	n_units = (uint32_t)(sizeof(*place) / 8) + draft->n_words + draft->n_words / KNOWN_GROUP;
	position = take_room(known, n_units);
	link_to(known, draft, position);
	place = stack_at(known, position);
	*place = (struct known_stack){
	    .start = draft->start,
	    .end = draft->end,
	    .generation = draft->generation,
	    .stack = stack,
	    .n_words = (uint16_t)draft->n_words,
	    .uses_start_bp = draft->uses_start_bp,
	};
	memcpy(place->values, draft->values, draft->n_words * sizeof(*draft->values));
	memcpy(place->values + draft->n_words, draft->offsets,
	       draft->n_words * sizeof(*draft->offsets));
}
