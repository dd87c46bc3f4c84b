/* Claims a section of the shared memory for this process. */
#include "mem/preload/section.h"

#include "mem/preload/live.h"
#include "mem/preload/modules.h"
#include "mem/preload/preload.h"
#include "mem/preload/record.h"
#include "mem/preload/thread.h"

#include <sys/mman.h>
#include <unistd.h>

struct timeline section_timeline(struct wire_section *section)
{
	char *start = (char *)section;

	return (struct timeline){
	    .section = section,
	    .snapshots = (struct wire_snapshot *)(start + WIRE_SNAPSHOTS_OFF),
	    .entries = (struct wire_tree_entry *)(start + WIRE_TREES_OFF),
	    .max_snapshots = preload.max_snapshots,
	    .detailed_freq = preload.detailed_freq,
	    .all_trees = preload.all_trees,
	    .max_entries = WIRE_MAX_TREE_ENTRIES,
	};
}

static struct wire_section *section_at(uint32_t number)
{
	return (struct wire_section *)((char *)preload.image + WIRE_SECTIONS_OFF +
	                               number * WIRE_SECTION_BYTES);
}

static void begin_timeline(struct wire_section *section)
{
	struct timeline timeline = section_timeline(section);
	uint64_t start = preload.time_unit == WIRE_TIME_BYTES ? 0 : section->start_ns;

	section->peak_time = start;
	timeline_add(&timeline,
	             (struct wire_snapshot){.time = start,
	                                    .live_bytes = (uint64_t)section->live_bytes,
	                                    .extra_bytes = (uint64_t)section->live_extra_bytes},
	             TIMELINE_NO_TREE);
}

static bool refuse(void)
{
	__atomic_fetch_add(&preload.image->n_unmapped_children, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&preload.mode, MODE_OFF, __ATOMIC_RELEASE);
	return false;
}

static bool claim(void)
{
	struct wire_section *parent = preload.section, *section;
	uint32_t number;

	number = __atomic_fetch_add(&preload.image->n_sections, 1, __ATOMIC_RELAXED);
	if (number >= preload.n_mapped_sections)
		return refuse();
	section = section_at(number);
	section->start_ns = preload_now_ns();
	section->pid = preload.own->pid ? preload.own->pid : getpid();
	section->parent_section = parent ? (int32_t)live_facts.section : -1;
	section->depth = parent ? parent->depth + 1 : 0;
	section->peak_epoch = 1;
	section->has_tids = preload.has_tids;
	if (parent) {
		modules_copy(section, parent);
		record_inherit(section);
	}
	begin_timeline(section);
	preload.section = section;
	live_facts.section = number;
	preload.thread_keys = number << THREAD_ID_BITS;
	__atomic_store_n(&section->is_ready, 1, __ATOMIC_RELEASE);
	return true;
}

bool section_claim(void)
{
	uint32_t *state = &preload.own->section, expected = LIVE_SECTION_OF_PARENT;
	bool claimed;

	/* A forked child may have had threads before its first event. */
	if (!__atomic_compare_exchange_n(state, &expected, LIVE_SECTION_CLAIMING, false,
	                                 __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		while (__atomic_load_n(state, __ATOMIC_ACQUIRE) == LIVE_SECTION_CLAIMING)
			preload_wait_while(state, LIVE_SECTION_CLAIMING);
		return preload_has_section();
	}
	claimed = claim();
	__atomic_store_n(state, claimed ? LIVE_SECTION_OWN : LIVE_SECTION_OF_PARENT,
	                 __ATOMIC_RELEASE);
	return claimed;
}

void section_unmap_others(void)
{
	char *sections = (char *)section_at(0), *own;
	char *end = (char *)section_at(preload.n_mapped_sections);

	if (preload.n_mapped_sections == 1 || !(preload_has_section() || section_claim()))
		return;
	own = (char *)preload.section;
	if (own > sections)
		munmap(sections, (size_t)(own - sections));
	munmap(own + WIRE_SECTION_BYTES, (size_t)(end - own) - WIRE_SECTION_BYTES);
	preload.n_mapped_sections = 1;
}

void section_unmap_all(void)
{
	if (!preload.image)
		return;
	if (preload.n_mapped_sections > 1)
		munmap(section_at(0), preload.n_mapped_sections * WIRE_SECTION_BYTES);
	else
		munmap(preload.section ? preload.section : section_at(0), WIRE_SECTION_BYTES);
	munmap(preload.image, WIRE_SECTIONS_OFF);
	preload.image = NULL;
}
