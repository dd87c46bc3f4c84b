/* What leaks.txt and leaks.xml are made from, and which loss records they have room for.
 *
 * Both show the records of some kinds, and of those the errors and then the largest, up to a size:
 * a program may have more stacks than anybody reads.
 */
#ifndef MEM_LEAKS_LEAK_DOCUMENT_H
#define MEM_LEAKS_LEAK_DOCUMENT_H

#include "mem/leaks/loss.h"

#include <stdio.h>
#include <sys/types.h>

struct text_list;

/* One process image. Texts are lines. */
struct leak_process {
	pid_t pid;
	pid_t parent_pid; /* 0: not known */
	const char *command;
	bool is_first;                  /* the program that was launched */
	const struct loss_list *losses; /* NULL: it has no verdict, */
	const char *missing;            /* because of this */
	const struct text_list
	    *notes; /* what makes the verdict less than memcheck's; may be empty */
	uint64_t allocations;
	uint64_t frees;
	uint64_t allocated_bytes;
	struct loss_sum in_use;    /* at the end */
	struct loss_sum inherited; /* of it, when it was forked */
};

struct leak_document {
	const struct leak_process *processes; /* as they are to be shown */
	size_t n_processes;
	const struct recording *recording; /* of the records' stacks */
	const struct profile *profile;
	char *const *real_paths; /* of the profile's objects, by id: without symbolic links, as
	                            memcheck has them; NULL where that is not known, also in all */
	const struct suppressions *suppressions; /* NULL: none */
	bool is_of_one_process;  /* of several: unused suppressions are not its to say */
	bool makes_suppressions; /* a rule for each record that is shown */
	bool is_summary;         /* sums only: no records, no errors */
	unsigned shown_kinds;    /* 1 << enum leak_kind */
	unsigned error_kinds;
	unsigned num_callers;
	const struct text_list *notes;   /* for the head, of all processes */
	const struct text_list *command; /* the argv of the program that was launched */
	uint64_t wall_ns;
	uint64_t most_bytes; /* about how large a file may be; 0: as large as it is */
};

/* "40 (16 direct, 24 indirect) bytes in 1 blocks are definitely lost in loss record 3 of 5": as
 * memcheck counts, the record with this index. The caller frees it. */
char *leak_record_title(const struct loss_list *losses, size_t record);

/* The object of a frame as memcheck shows it, or NULL. */
const char *leak_frame_object(const struct leak_document *document, const struct loss_frame *frame);

/* Is the record one of those to be shown, were there room for all? */
bool leak_document_shows(const struct leak_document *document, const struct loss_record *record);

/* Have such records blocks that a process inherited, and that sums over all count in another one? */
bool leak_document_repeats(const struct leak_document *document);

typedef void leak_record_writer(const struct leak_document *document,
                                const struct leak_process *process, size_t record, FILE *out);

/* Which records are shown. */
struct leak_choice {
	bool **is_shown;          /* by process and record */
	size_t n_left_out;        /* that had no room, */
	size_t n_errors_left_out; /* and those of an error's kind among them */
	struct loss_sum left_out; /* their blocks, and direct and indirect bytes */
};

/* Takes the errors from the largest on, then the other records from the largest on, as long as what
 * the writer makes of them stays below `most_bytes` (0: all). */
void leak_choice_make(struct leak_choice *choice, const struct leak_document *document,
                      leak_record_writer *write, uint64_t most_bytes);
void leak_choice_fini(struct leak_choice *choice, const struct leak_document *document);

/* "12 loss records (0 of them errors), 3,456 bytes in 78 blocks, left out to stay below 293 KB", or
 * NULL. The caller frees it. */
char *leak_choice_text(const struct leak_choice *choice, const struct leak_document *document);

#endif
