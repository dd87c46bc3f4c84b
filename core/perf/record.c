/* Decodes perf records from memory; layout as perf_event_open(2) and linux/perf_event.h give it. */
#include "core/perf/record.h"

#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

/* What is left of a record. A read past the end gives 0 and marks the cursor. */
struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

/* Sample fields that lie before the last one we read and that we cannot step over. */
enum { UNSUPPORTED = PERF_SAMPLE_READ | PERF_SAMPLE_RAW | PERF_SAMPLE_BRANCH_STACK };

static const uint8_t *take(struct cursor *cursor, uint64_t size)
{
	const uint8_t *bytes = cursor->at;

	if (cursor->failed || size > (uint64_t)(cursor->end - cursor->at)) {
		cursor->failed = true;
		return NULL;
	}
	cursor->at += size;
	return bytes;
}

static uint64_t take_u64(struct cursor *cursor)
{
	const uint8_t *bytes = take(cursor, sizeof(uint64_t));
	uint64_t word = 0;

	if (bytes)
		memcpy(&word, bytes, sizeof(word));
	return word;
}

static uint32_t take_u32(struct cursor *cursor)
{
	const uint8_t *bytes = take(cursor, sizeof(uint32_t));
	uint32_t word = 0;

	if (bytes)
		memcpy(&word, bytes, sizeof(word));
	return word;
}

/* An array of words inside the record. */
static const uint64_t *take_words(struct cursor *cursor, uint64_t count)
{
	if (count > UINT16_MAX) /* longer than any record, and count * 8 cannot overflow below */
		cursor->failed = true;
	return (const uint64_t *)(const void *)take(cursor, count * sizeof(uint64_t));
}

/* A NUL-terminated text that ends the fields; padding follows it. */
static const char *take_text(struct cursor *cursor)
{
	const char *text = (const char *)cursor->at;

	if (cursor->failed || !memchr(text, 0, (size_t)(cursor->end - cursor->at))) {
		cursor->failed = true;
		return "";
	}
	cursor->at += strlen(text) + 1;
	return text;
}

static void decode_ids(struct cursor *cursor, struct perf_record *record)
{
	record->pid = (pid_t)take_u32(cursor);
	record->tid = (pid_t)take_u32(cursor);
}

static void decode_user_state(struct cursor *cursor, const struct perf_event_attr *attr,
                              struct perf_record *record)
{
	uint64_t size;

	if (attr->sample_type & PERF_SAMPLE_REGS_USER) {
		record->user_abi = take_u64(cursor);
		if (record->user_abi != PERF_SAMPLE_REGS_ABI_NONE)
			record->user_registers = take_words(
			    cursor, (uint64_t)__builtin_popcountll(attr->sample_regs_user));
	}
	if (attr->sample_type & PERF_SAMPLE_STACK_USER) {
		size = take_u64(cursor);
		record->stack = take(cursor, size);
		/* dyn_size, what was really copied, is there only with a copy. */
		record->stack_bytes = size ? take_u64(cursor) : 0;
		if (record->stack_bytes > size)
			cursor->failed = true;
	}
}

static void decode_sample(struct cursor *cursor, const struct perf_event_attr *attr,
                          struct perf_record *record)
{
	uint64_t type = attr->sample_type;

	if (type & UNSUPPORTED) {
		cursor->failed = true;
		return;
	}
	if (type & PERF_SAMPLE_IDENTIFIER)
		take_u64(cursor);
	if (type & PERF_SAMPLE_IP)
		record->ip = take_u64(cursor);
	if (type & PERF_SAMPLE_TID)
		decode_ids(cursor, record);
	record->by_tid = record->tid;
	if (type & PERF_SAMPLE_TIME)
		record->time_ns = take_u64(cursor);
	if (type & PERF_SAMPLE_ADDR)
		take_u64(cursor);
	if (type & PERF_SAMPLE_ID)
		record->id = take_u64(cursor);
	if (type & PERF_SAMPLE_STREAM_ID)
		take_u64(cursor);
	if (type & PERF_SAMPLE_CPU)
		record->cpu = (uint32_t)take_u64(cursor);
	if (type & PERF_SAMPLE_PERIOD)
		record->period = take_u64(cursor);
	if (type & PERF_SAMPLE_CALLCHAIN) {
		record->n_callchain = take_u64(cursor);
		record->callchain = take_words(cursor, record->n_callchain);
	}
	decode_user_state(cursor, attr, record);
}

static void decode_mmap2(struct cursor *cursor, const struct perf_event_attr *attr,
                         struct perf_record *record)
{
	enum { MAP_IS_EXECUTABLE = 4 }; /* PROT_EXEC */
	uint32_t major_number, minor_number;

	(void)attr;
	decode_ids(cursor, record);
	record->addr = take_u64(cursor);
	record->size_bytes = take_u64(cursor);
	record->file_off = take_u64(cursor);
	major_number = take_u32(cursor);
	minor_number = take_u32(cursor);
	record->inode = take_u64(cursor);
	take_u64(cursor); /* inode generation */
	if (record->misc & PERF_RECORD_MISC_MMAP_BUILD_ID)
		record->inode = 0; /* these 24 bytes were a build-id */
	else
		record->device = makedev(major_number, minor_number);
	record->executable = take_u32(cursor) & MAP_IS_EXECUTABLE;
	take_u32(cursor); /* MAP_ flags */
	record->path = take_text(cursor);
}

static void decode_comm(struct cursor *cursor, const struct perf_event_attr *attr,
                        struct perf_record *record)
{
	(void)attr;
	decode_ids(cursor, record);
	record->is_exec = record->misc & PERF_RECORD_MISC_COMM_EXEC;
	record->path = take_text(cursor);
}

static void decode_task(struct cursor *cursor, const struct perf_event_attr *attr,
                        struct perf_record *record)
{
	(void)attr;
	record->pid = (pid_t)take_u32(cursor);
	record->parent_pid = (pid_t)take_u32(cursor);
	record->tid = (pid_t)take_u32(cursor);
	record->parent_tid = (pid_t)take_u32(cursor);
	record->time_ns = take_u64(cursor);
}

static void decode_lost(struct cursor *cursor, const struct perf_event_attr *attr,
                        struct perf_record *record)
{
	(void)attr;
	take_u64(cursor); /* event id */
	record->n_lost = take_u64(cursor);
}

static void decode_lost_samples(struct cursor *cursor, const struct perf_event_attr *attr,
                                struct perf_record *record)
{
	(void)attr;
	record->n_lost = take_u64(cursor);
}

static void decode_switch(struct cursor *cursor, const struct perf_event_attr *attr,
                          struct perf_record *record)
{
	(void)attr;
	record->switch_out = record->misc & PERF_RECORD_MISC_SWITCH_OUT;
	record->preempted = record->misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT;
	if (record->type == PERF_RECORD_SWITCH_CPU_WIDE)
		take_u64(cursor); /* next or previous pid and tid */
}

typedef void decode_body(struct cursor *cursor, const struct perf_event_attr *attr,
                         struct perf_record *record);

/* Types that are not here carry nothing that we use; their trailer is still read. */
static decode_body *const bodies[PERF_RECORD_MAX] = {
    [PERF_RECORD_MMAP2] = decode_mmap2,
    [PERF_RECORD_LOST] = decode_lost,
    [PERF_RECORD_COMM] = decode_comm,
    [PERF_RECORD_EXIT] = decode_task,
    [PERF_RECORD_FORK] = decode_task,
    [PERF_RECORD_SAMPLE] = decode_sample,
    [PERF_RECORD_LOST_SAMPLES] = decode_lost_samples,
    [PERF_RECORD_SWITCH] = decode_switch,
    [PERF_RECORD_SWITCH_CPU_WIDE] = decode_switch,
};

/* struct sample_id at the end of every record but samples, with sample_id_all. */
static void decode_trailer(struct cursor *cursor, const struct perf_event_attr *attr,
                           struct perf_record *record)
{
	static const uint64_t fields = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ID |
	                               PERF_SAMPLE_STREAM_ID | PERF_SAMPLE_CPU |
	                               PERF_SAMPLE_IDENTIFIER;
	size_t size = 8 * (size_t)__builtin_popcountll(attr->sample_type & fields);
	bool has_own_ids = record->pid != 0;
	struct cursor trailer = {.at = cursor->end, .end = cursor->end};
	struct perf_record ids = {0};

	if ((size_t)(cursor->end - cursor->at) < size) {
		cursor->failed = true;
		return;
	}
	trailer.at -= size;
	if (attr->sample_type & PERF_SAMPLE_TID)
		decode_ids(&trailer, &ids);
	if (attr->sample_type & PERF_SAMPLE_TIME)
		record->time_ns = take_u64(&trailer);
	if (attr->sample_type & PERF_SAMPLE_ID)
		record->id = take_u64(&trailer);
	if (attr->sample_type & PERF_SAMPLE_STREAM_ID)
		take_u64(&trailer);
	if (attr->sample_type & PERF_SAMPLE_CPU)
		record->cpu = (uint32_t)take_u64(&trailer);
	record->by_tid = ids.tid;
	if (has_own_ids) /* a FORK's own pid is the child; the trailer names the parent */
		return;
	record->pid = ids.pid;
	record->tid = ids.tid;
}

int perf_record_decode(const struct perf_event_header *header, const struct perf_event_attr *attr,
                       struct perf_record *record)
{
	const uint8_t *bytes = (const uint8_t *)header;
	struct cursor cursor = {.at = bytes + sizeof(*header), .end = bytes + header->size};

	if (header->size < sizeof(*header))
		return -EINVAL;
	*record = (struct perf_record){.type = header->type, .misc = header->misc, .path = ""};
	if (header->type < PERF_RECORD_MAX && bodies[header->type])
		bodies[header->type](&cursor, attr, record);
	if (header->type != PERF_RECORD_SAMPLE && attr->sample_id_all)
		decode_trailer(&cursor, attr, record);
	return cursor.failed ? -EINVAL : 0;
}
