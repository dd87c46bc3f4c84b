/* Writes which suppressions were used, and ones that could be. */
#include "mem/leaks/suppressions_text.h"

#include "core/alloc.h"
#include "core/number_text.h"
#include "core/string_pool.h"
#include "mem/leaks/leak_document.h"
#include "mem/leaks/suppression.h"

#include <inttypes.h>
#include <stdlib.h>

struct use {
	size_t n_records;
	uint64_t bytes; /* indirect ones, too */
	uint64_t n_blocks;
};

static size_t count_rules(const struct leak_document *document)
{
	return document->suppressions ? suppressions_count(document->suppressions) : 0;
}

/* By the id of a rule; what no rule took away is summed at 0. */
static void add_uses(struct use *uses, const struct leak_process *process)
{
	for (size_t i = 0; process->losses && i < process->losses->n_records; i++) {
		const struct loss_record *record = &process->losses->records[i];
		struct use *use = &uses[record->suppression];

		use->n_records++;
		use->bytes += loss_record_total(record);
		use->n_blocks += record->n_blocks;
	}
}

bool suppressions_write_used(const struct leak_document *document,
                             const struct leak_process *process, FILE *out)
{
	size_t n_rules = count_rules(document);
	struct use *uses = xcalloc(n_rules + 1, sizeof(*uses));
	bool any = false;

	add_uses(uses, process);
	for (uint32_t id = 1; id <= n_rules; id++) {
		struct suppression rule = suppressions_get(document->suppressions, id);

		if (!uses[id].n_records)
			continue;
		fprintf(out, "--%d-- used_suppression: %6zu %s %s", (int)process->pid,
		        uses[id].n_records, rule.name, rule.file);
		if (rule.line)
			fprintf(out, ":%u", rule.line);
		fprintf(out, " suppressed: %s bytes in %s blocks\n",
		        count_text_of(uses[id].bytes).text, count_text_of(uses[id].n_blocks).text);
		any = true;
	}
	free(uses);
	return any;
}

void suppressions_write_unused(const struct leak_document *document, pid_t pid, FILE *out)
{
	size_t n_rules = count_rules(document);
	struct use *uses = xcalloc(n_rules + 1, sizeof(*uses));

	for (size_t i = 0; i < document->n_processes; i++)
		add_uses(uses, &document->processes[i]);
	for (uint32_t id = 1; id <= n_rules && !document->is_of_one_process; id++) {
		struct suppression rule = suppressions_get(document->suppressions, id);

		if (uses[id].n_records || rule.is_default)
			continue;
		fprintf(out, "--%d-- unused_suppression:     - %s %s:%u\n", (int)pid, rule.name,
		        rule.file, rule.line);
	}
	free(uses);
}

char *suppressions_rule_for(const struct leak_document *document, const struct loss_record *record)
{
	uint32_t *frames;
	struct leak_stack stack = loss_record_stack(record, document->profile, &frames);
	char *text =
	    suppression_text(record->kind, document->profile, &stack, document->num_callers);

	free(frames);
	return text;
}

static void write_distinct(const struct leak_document *document, const struct leak_process *process,
                           struct string_pool *written, FILE *out)
{
	for (size_t i = 0; process->losses && i < process->losses->n_records; i++) {
		const struct loss_record *record = &process->losses->records[i];
		size_t n_before = string_pool_count(written);
		char *text;

		if (record->suppression || !(document->shown_kinds >> record->kind & 1))
			continue;
		text = suppressions_rule_for(document, record);
		string_pool_add(written, text);
		if (string_pool_count(written) > n_before)
			fputs(text, out);
		free(text);
	}
}

void suppressions_write_rules(const struct leak_document *document, FILE *out)
{
	struct string_pool *written = string_pool_new();

	fputs("# Suppressions for what leaks.txt shows; give it, or those that you accept, to\n"
	      "# profile-scenario --suppressions FILE or valgrind --suppressions=FILE.\n",
	      out);
	for (size_t i = 0; i < document->n_processes; i++)
		write_distinct(document, &document->processes[i], written, out);
	string_pool_free(written);
}
