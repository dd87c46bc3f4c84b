/* A set of suppressions: what was read, and what is told of it. */
#include "mem/leaks/suppression.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "mem/leaks/suppression_rule.h"

#include <stdlib.h>

static const char *const keepers[LEAK_N_KEEPERS] = {
    [LEAK_STACK_CACHE] = "libc: thread-local storage of ended threads whose stacks it keeps",
    [LEAK_OBJECT_TABLES] = "libc: the dynamic linker's tables of loaded objects",
    [LEAK_SEARCH_TREES] = "libc: search trees of its own, as setenv's",
};

/* Of no kind, so that none applies to a stack. */
void suppressions_add_keepers(struct suppressions *suppressions)
{
	suppressions->first_keeper = suppressions->n_rules + 1;
	for (int i = LEAK_NO_KEEPER + 1; i < LEAK_N_KEEPERS; i++)
		*ARRAY_APPEND(suppressions->rules, suppressions->n_rules,
		              suppressions->rules_capacity) =
		    (struct rule){.name = xstrdup(keepers[i]),
		                  .file = "--run-libc-freeres=yes",
		                  .is_default = true};
}

struct suppressions *suppressions_new(void)
{
	return xcalloc(1, sizeof(struct suppressions));
}

uint32_t suppressions_of_keeper(const struct suppressions *suppressions, enum leak_keeper keeper)
{
	if (!suppressions->first_keeper || keeper == LEAK_NO_KEEPER)
		return 0;
	return (uint32_t)(suppressions->first_keeper + keeper - 1);
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
