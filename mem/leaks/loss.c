/* Joins rows into loss records, sorts and sums them. */
#include "mem/leaks/loss.h"

#include "core/alloc.h"
#include "core/profile.h"
#include "core/recording.h"
#include "core/stack_table.h"
#include "mem/heap_filter.h"
#include "mem/leaks/kinds.h"
#include "mem/leaks/operators.h"
#include "mem/leaks/suppression.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Frames that count for a resolution, the allocation function among them. */
static unsigned frames_compared(const struct loss_settings *settings)
{
	static const unsigned most[] = {
	    [LEAK_RESOLUTION_LOW] = 2,
	    [LEAK_RESOLUTION_MED] = 4,
	    [LEAK_RESOLUTION_HIGH] = 500,
	};
	unsigned n = most[settings->resolution];

	return n < settings->num_callers ? n : settings->num_callers;
}

/* How many addresses at the leaf are in `operator new` and its kin, of which the outermost one was
 * called: libstdc++'s are made of each other, and of malloc. */
static size_t count_operators(const struct profile *profile, uint32_t stack)
{
	size_t n_addresses = 0;
	uint32_t callers;

	for (; stack; stack = callers) {
		uint32_t frame = profile_stack_frame(profile, stack, &callers);

		if (!heap_is_allocator(profile, frame))
			break;
		n_addresses += profile_frame(profile, frame)->kind != FRAME_INLINED;
	}
	return n_addresses;
}

/* What joining needs. */
struct joining {
	const struct recording *recording;
	const struct profile *profile;
	const struct leak_library *library;
	struct symbolizer *symbolizer; /* NULL: calls are not read */
	struct loss_list *list;
	size_t records_capacity;
	struct stack_table *keys; /* kind and allocation function, then the addresses from there; or
	                             the operator, where callers do not count */
	size_t *record_of_key;    /* + 1; 0: none yet */
	size_t keys_capacity;
	unsigned n_compared;
};

/* The id of what a record's blocks have in common. */
static uint32_t key_of(struct joining *joining, const struct leak_row *row, size_t n_operators)
{
	uint32_t stack = row->stack, parent;
	uint32_t key = stack_table_add(joining->keys, 0, row->keeper * LEAK_N_KINDS + row->kind,
	                               row->function);
	unsigned n = n_operators ? 0 : 1;

	for (size_t i = 1; i < n_operators; i++, stack = parent)
		recording_frame(joining->recording, stack, &parent);
	for (; stack && n < joining->n_compared; n++, stack = parent) {
		struct recorded_frame frame = recording_frame(joining->recording, stack, &parent);

		key = stack_table_add(joining->keys, key, frame.object << 1 | frame.is_return,
		                      frame.vaddr);
	}
	if (n_operators && joining->symbolizer && joining->n_compared < 2)
		key = stack_table_add(joining->keys, key, 0,
		                      (uintptr_t)operator_called(joining->symbolizer,
		                                                 joining->recording, row->stack,
		                                                 n_operators));
	return key;
}

/* The index of the record that the row belongs to; made when it is the first. */
static size_t find_record(struct joining *joining, const struct leak_row *row)
{
	struct loss_list *list = joining->list;
	uint32_t named = profile_stack_of(joining->profile, row->stack);
	size_t n_operators = count_operators(joining->profile, named);
	uint32_t key = key_of(joining, row, n_operators);
	size_t old = joining->keys_capacity;

	joining->record_of_key = array_reserve(joining->record_of_key, &joining->keys_capacity,
	                                       key + (size_t)1, sizeof(*joining->record_of_key));
	memset(joining->record_of_key + old, 0,
	       (joining->keys_capacity - old) * sizeof(*joining->record_of_key));
	if (!joining->record_of_key[key]) {
		struct loss_record *record =
		    ARRAY_APPEND(list->records, list->n_records, joining->records_capacity);

		*record = (struct loss_record){.kind = row->kind,
		                               .keeper = row->keeper,
		                               .function = row->function,
		                               .library = joining->library};
		record->allocator = n_operators ? NULL : leak_function_name(row->function);
		record->stack = row->stack;
		record->named = named;
		joining->record_of_key[key] = list->n_records;
	}
	return joining->record_of_key[key] - 1;
}

static void sum_add(struct loss_sum *sum, uint64_t bytes, uint64_t n_blocks)
{
	sum->bytes += bytes;
	sum->n_blocks += n_blocks;
}

static void find_called(struct loss_list *list, const struct recording *recording,
                        const struct profile *profile, const struct loss_settings *settings)
{
	if (!settings->symbolizer)
		return;
	for (size_t i = 0; i < list->n_records; i++) {
		struct loss_record *record = &list->records[i];

		if (!record->allocator)
			record->called =
			    operator_called(settings->symbolizer, recording, record->stack,
			                    count_operators(profile, record->named));
	}
}

static void add_row(struct joining *joining, const struct leak_row *row, size_t *record_of)
{
	struct loss_record *record;

	*record_of = find_record(joining, row);
	record = &joining->list->records[*record_of];
	record->n_blocks += row->n_blocks;
	record->bytes += row->bytes;
	record->indirect_bytes += row->indirect_bytes;
	if (row->heuristic)
		sum_add(&joining->list->by_heuristic[row->heuristic], row->bytes, row->n_blocks);
}

uint64_t loss_record_total(const struct loss_record *record)
{
	return record->bytes + record->indirect_bytes;
}

static void suppress(struct loss_list *list, const struct profile *profile,
                     const struct loss_settings *settings)
{
	struct suppression_finder *finder;

	if (!settings->suppressions)
		return;
	finder = suppression_finder_new(settings->suppressions, profile, settings->num_callers);
	for (size_t i = 0; i < list->n_records; i++) {
		struct loss_record *record = &list->records[i];
		uint32_t *frames;
		struct leak_stack stack = loss_record_stack(record, profile, &frames);

		record->suppression =
		    record->keeper ? suppressions_of_keeper(settings->suppressions, record->keeper)
		                   : suppression_find(finder, record->kind, &stack);
		free(frames);
	}
	suppression_finder_free(finder);
}

/* A record on its way to its place. */
struct placed {
	struct loss_record record;
	size_t before; /* its index */
};

static int by_size(const void *a, const void *b)
{
	const struct placed *left = a, *right = b;
	const struct loss_record *x = &left->record, *y = &right->record;
	uint64_t x_total = loss_record_total(x), y_total = loss_record_total(y);

	if (x_total != y_total)
		return x_total < y_total ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->n_blocks != y->n_blocks)
		return x->n_blocks < y->n_blocks ? -1 : 1;
	return left->before < right->before ? -1 : left->before > right->before;
}

static void sort_records(struct loss_list *list, size_t n_rows)
{
	struct placed *placed = xcalloc(list->n_records + 1, sizeof(*placed));
	size_t *place_of = xcalloc(list->n_records + 1, sizeof(*place_of));

	for (size_t i = 0; i < list->n_records; i++)
		placed[i] = (struct placed){list->records[i], i};
	qsort(placed, list->n_records, sizeof(*placed), by_size);
	for (size_t i = 0; i < list->n_records; i++) {
		list->records[i] = placed[i].record;
		place_of[placed[i].before] = i;
	}
	for (size_t i = 0; i < n_rows; i++)
		list->record_of[i] = place_of[list->record_of[i]];
	free(place_of);
	free(placed);
}

static struct loss_sum *sum_of(struct loss_sums *sums, const struct loss_record *record)
{
	return record->suppression ? &sums->suppressed : &sums->kinds[record->kind];
}

void loss_list_make(struct loss_list *list, const struct leak_row *rows, size_t n_rows,
                    const struct recording *recording, const struct profile *profile,
                    const struct loss_settings *settings)
{
	struct joining joining = {
	    .recording = recording,
	    .profile = profile,
	    .library = settings->library,
	    .symbolizer = settings->symbolizer,
	    .list = list,
	    .keys = stack_table_new(),
	    .n_compared = frames_compared(settings),
	};

	*list = (struct loss_list){.record_of = xcalloc(n_rows + 1, sizeof(*list->record_of))};
	for (size_t i = 0; i < n_rows; i++)
		add_row(&joining, &rows[i], &list->record_of[i]);
	sort_records(list, n_rows);
	find_called(list, recording, profile, settings);
	suppress(list, profile, settings);
	for (size_t i = 0; i < n_rows; i++) {
		const struct loss_record *record = &list->records[list->record_of[i]];

		sum_add(sum_of(&list->sums, record), rows[i].bytes, rows[i].n_blocks);
		if (!rows[i].is_inherited)
			sum_add(sum_of(&list->own, record), rows[i].bytes, rows[i].n_blocks);
	}
	free(joining.record_of_key);
	stack_table_free(joining.keys);
}

void loss_list_fini(struct loss_list *list)
{
	free(list->records);
	free(list->record_of);
	*list = (struct loss_list){.n_records = 0};
}

void loss_sums_add(struct loss_sums *to, const struct loss_sums *from)
{
	for (size_t i = 0; i < LEAK_N_KINDS; i++)
		sum_add(&to->kinds[i], from->kinds[i].bytes, from->kinds[i].n_blocks);
	sum_add(&to->suppressed, from->suppressed.bytes, from->suppressed.n_blocks);
}

size_t loss_count(const struct loss_list *list, unsigned kinds, bool is_suppressed)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n_records; i++)
		n += (kinds >> list->records[i].kind & 1) &&
		     !!list->records[i].suppression == is_suppressed;
	return n;
}
