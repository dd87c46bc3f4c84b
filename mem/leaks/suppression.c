/* A set of suppressions: what was read, and what is told of it. */
#include "mem/leaks/suppression.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "mem/leaks/suppression_rule.h"

#include <stdlib.h>

struct suppressions *suppressions_new(void)
{
	return xcalloc(1, sizeof(struct suppressions));
}

void suppression_rule_fini(struct rule *rule)
{
	for (size_t i = 0; i < rule->n_lines; i++) {
		free(rule->lines[i].pattern);
		free(rule->lines[i].bare);
	}
	free(rule->lines);
	free(rule->name);
}

void suppressions_free(struct suppressions *suppressions)
{
	if (!suppressions)
		return;
	for (size_t i = 0; i < suppressions->n_rules; i++)
		suppression_rule_fini(&suppressions->rules[i]);
	for (size_t i = 0; i < suppressions->n_files; i++)
		free(suppressions->files[i]);
	free(suppressions->rules);
	free(suppressions->files);
	free(suppressions);
}

size_t suppressions_count(const struct suppressions *suppressions)
{
	return suppressions->n_rules;
}

struct suppression suppressions_get(const struct suppressions *suppressions, uint32_t id)
{
	const struct rule *rule;

	BUG(id == 0 || id > suppressions->n_rules);
	rule = &suppressions->rules[id - 1];
	return (struct suppression){rule->name, rule->file, rule->at_line, rule->is_default};
}
