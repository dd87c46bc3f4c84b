/* Chooses the records to be shown, and puts a record into words. */
#include "mem/leaks/leak_document.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/number_text.h"

#include <stdlib.h>

char *leak_record_title(const struct loss_list *losses, size_t record)
{
	static const char *const states[LEAK_N_KINDS] = {
	    [LEAK_REACHABLE] = "still reachable",
	    [LEAK_POSSIBLE] = "possibly lost",
	    [LEAK_INDIRECT] = "indirectly lost",
	    [LEAK_DEFINITE] = "definitely lost",
	};
	const struct loss_record *r = &losses->records[record];
	char *parts = r->indirect_bytes
	                  ? xasprintf(" (%s direct, %s indirect)", count_text_of(r->bytes).text,
	                              count_text_of(r->indirect_bytes).text)
	                  : xstrdup("");
	char *title = xasprintf(
	    "%s%s bytes in %s blocks are %s in loss record %s of %s",
	    count_text_of(loss_record_total(r)).text, parts, count_text_of(r->n_blocks).text,
	    states[r->kind], count_text_of(record + 1).text, count_text_of(losses->n_records).text);

	free(parts);
	return title;
}

const char *leak_frame_object(const struct leak_document *document, const struct loss_frame *frame)
{
	const char *real = NULL;

	if (document->real_paths && frame->object_id != LOSS_NO_OBJECT)
		real = document->real_paths[frame->object_id];
	return real ? real : frame->object;
}

bool leak_document_shows(const struct leak_document *document, const struct loss_record *record)
{
	return document->shown_kinds >> record->kind & 1 && !record->suppression;
}

bool leak_document_repeats(const struct leak_document *document)
{
	for (size_t i = 0; i < document->n_processes && !document->is_summary; i++) {
		const struct loss_list *losses = document->processes[i].losses;

		for (size_t kind = 0; losses && kind < LEAK_N_KINDS; kind++)
			if (document->shown_kinds >> kind & 1 &&
			    losses->sums.kinds[kind].n_blocks != losses->own.kinds[kind].n_blocks)
				return true;
	}
	return false;
}

/* A record that is to be shown if there is room. */
struct candidate {
	bool is_error;
	uint64_t bytes;
	size_t process;
	size_t record;
};

static int errors_and_largest_first(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->is_error != y->is_error)
		return x->is_error ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	return x->record > y->record ? -1 : x->record < y->record;
}

static struct candidate *list_candidates(const struct leak_document *document, size_t *n)
{
	struct candidate *candidates = NULL;
	size_t capacity = 0;

	*n = 0;
	for (size_t i = 0; i < document->n_processes && !document->is_summary; i++) {
		const struct loss_list *losses = document->processes[i].losses;

		for (size_t j = 0; losses && j < losses->n_records; j++) {
			const struct loss_record *record = &losses->records[j];

			if (leak_document_shows(document, record))
				*ARRAY_APPEND(candidates, *n, capacity) =
				    (struct candidate){document->error_kinds >> record->kind & 1,
				                       loss_record_total(record), i, j};
		}
	}
	if (*n)
		qsort(candidates, *n, sizeof(*candidates), errors_and_largest_first);
	return candidates;
}

static uint64_t written_bytes(const struct leak_document *document,
                              const struct candidate *candidate, leak_record_writer *write)
{
	char *text = NULL;
	size_t n_bytes;
	FILE *out = open_memstream(&text, &n_bytes);

	BUG(!out);
	write(document, &document->processes[candidate->process], candidate->record, out);
	fclose(out);
	free(text);
	return n_bytes;
}

static void leave_out(struct leak_choice *choice, const struct leak_document *document,
                      const struct candidate *candidate)
{
	const struct leak_process *process = &document->processes[candidate->process];

	choice->n_left_out++;
	choice->n_errors_left_out += candidate->is_error;
	choice->left_out.bytes += candidate->bytes;
	choice->left_out.n_blocks += process->losses->records[candidate->record].n_blocks;
}

void leak_choice_make(struct leak_choice *choice, const struct leak_document *document,
                      leak_record_writer *write, uint64_t most_bytes)
{
	size_t n, shown = 0;
	struct candidate *candidates = list_candidates(document, &n);
	uint64_t n_bytes = 0;

	*choice = (struct leak_choice){
	    .is_shown = xcalloc(document->n_processes + 1, sizeof(*choice->is_shown))};
	for (size_t i = 0; i < document->n_processes; i++)
		if (document->processes[i].losses)
			choice->is_shown[i] =
			    xcalloc(document->processes[i].losses->n_records + 1, sizeof(bool));
	for (; shown < n; shown++) {
		if (most_bytes)
			n_bytes += written_bytes(document, &candidates[shown], write);
		if (most_bytes && n_bytes > most_bytes)
			break;
		choice->is_shown[candidates[shown].process][candidates[shown].record] = true;
	}
	for (; shown < n; shown++)
		leave_out(choice, document, &candidates[shown]);
	free(candidates);
}

void leak_choice_fini(struct leak_choice *choice, const struct leak_document *document)
{
	for (size_t i = 0; i < document->n_processes; i++)
		free(choice->is_shown[i]);
	free(choice->is_shown);
}

char *leak_choice_text(const struct leak_choice *choice, const struct leak_document *document)
{
	if (!choice->n_left_out)
		return NULL;
	return xasprintf("%s (%s of them errors), %s in %s, left out to stay below %s",
	                 counted_text_of(choice->n_left_out, "loss record").text,
	                 count_text_of(choice->n_errors_left_out).text,
	                 counted_text_of(choice->left_out.bytes, "byte").text,
	                 counted_text_of(choice->left_out.n_blocks, "block").text,
	                 size_text_of(document->most_bytes).text);
}
