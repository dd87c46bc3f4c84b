/* Judges sections, keys and values of scenario files by the tables that options come from. */
#include "core/driver/judge_setting.h"

#include "core/driver/budgets.h"
#include "core/driver/collectors.h"
#include "core/driver/run_options.h"
#include "core/driver/user_metrics.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/findings.h"
#include "core/words.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

const struct option_row *type_setting_row(const struct collector *collector, const char *key,
                                          bool *is_common)
{
	const struct option_row *row = options_find(&collector->options, key);

	*is_common = !row;
	if (!row)
		row = options_find(&run_option_table, key);
	return row && !row->command_line_only ? row : NULL;
}

static int unknown_key(const struct setting *setting, const char *const *known, struct diag *diag)
{
	const char *near = nearest_word(setting->key, known);

	if (near)
		return diag_fail(diag, EINVAL, "unknown key '%s' in [%s]; did you mean '%s'?",
		                 setting->key, setting->section, near);
	return diag_fail(diag, EINVAL, "unknown key '%s' in [%s]", setting->key, setting->section);
}

enum { MAX_KEYS = 128 };

static void add_keys(const struct option_table *table, const char *keys[MAX_KEYS], size_t *n_keys)
{
	for (const struct option_row *row = table->rows; row && row->name && *n_keys < MAX_KEYS - 1;
	     row++)
		if (!row->command_line_only)
			keys[(*n_keys)++] = row->name;
}

static int judge_type_setting(const struct collector *collector, const struct setting *setting,
                              struct diag *diag)
{
	const char *keys[MAX_KEYS] = {0};
	size_t n_keys = 0;
	bool is_common;
	const struct option_row *row = type_setting_row(collector, setting->key, &is_common);
	const struct option_table *table = is_common ? &run_option_table : &collector->options;
	void *scratch;
	int err;

	if (!row) {
		add_keys(&collector->options, keys, &n_keys);
		add_keys(&run_option_table, keys, &n_keys);
		return unknown_key(setting, keys, diag);
	}
	if (setting->earlier_line && row->kind != OPTION_LIST)
		return scenario_refuse_repeat(setting, diag);
	scratch = options_new(table);
	err = options_set(row, scratch, setting->value, diag);
	options_free(table, scratch);
	return err;
}

/* They are few enough to be named. */
static int unknown_finding(const struct setting *setting, const char *const *known,
                           struct diag *diag)
{
	const char *near = nearest_word(setting->key, known);
	char *all = words_list(known);
	int err;

	err = diag_fail(diag, EINVAL, "unknown key '%s' in [%s]; %s%s%sit takes %s", setting->key,
	                setting->section, near ? "did you mean '" : "", near ? near : "",
	                near ? "'? " : "", all);
	free(all);
	return err;
}

static int judge_finding(const struct setting *setting, struct diag *diag)
{
	const char *keys[MAX_KEYS] = {0};
	size_t n_keys = 0;
	char *end;

	for (size_t i = 0; collectors[i]; i++) {
		for (const struct finding_row *row = collectors[i]->findings; row && row->key;
		     row++) {
			if (n_keys < MAX_KEYS - 1)
				keys[n_keys++] = row->key;
			if (strcmp(row->key, setting->key) != 0)
				continue;
			strtod(setting->value, &end);
			if (end == setting->value || *end)
				return diag_fail(diag, EINVAL, "'%s' takes a number, not '%s'",
				                 setting->key, setting->value);
			return 0;
		}
	}
	return unknown_finding(setting, keys, diag);
}

/* [metrics] NAME = /REGEX/ with one group. */
static int judge_metric(const struct setting *setting, struct diag *diag)
{
	regex_t regex;
	size_t n_groups;
	int err = user_metric_compile(setting, &regex, diag);

	if (err)
		return err;
	n_groups = regex.re_nsub;
	regfree(&regex);
	if (n_groups != 1)
		return diag_fail(
		    diag, EINVAL,
		    "the regular expression of '%s' needs one group ( ) around the number",
		    setting->key);
	return 0;
}

/* Keys of [scenario] whose values somebody else understands. */
static int judge_scenario_key(const struct setting *setting, struct diag *diag)
{
	const struct collector **types;

	if (strcmp(setting->key, "types") != 0)
		return 0;
	types = collectors_parse(setting->value, diag);
	free(types);
	return types ? 0 : -EINVAL;
}

/* [budget] and [gate] have one key each. */
static int judge_only_key(const struct setting *setting, const char *key, struct diag *diag)
{
	const char *const keys[] = {key, NULL};

	return strcmp(setting->key, key) != 0 ? unknown_key(setting, keys, diag) : 0;
}

static int judge_budget(const struct setting *setting, struct diag *diag)
{
	int err = judge_only_key(setting, "limit", diag);

	return err ? err : budgets_judge_setting(setting, diag);
}

static int judge_gate(const struct setting *setting, struct diag *diag)
{
	return judge_only_key(setting, "advisory", diag);
}

static const struct {
	const char *name;
	int (*judge)(const struct setting *setting, struct diag *diag); /* NULL: any will do */
	bool repeats; /* a key may stand there several times */
} own_sections[] = {
    {"scenario", judge_scenario_key, false},
    {"environment", NULL, false},
    {"parameters", NULL, false},
    {"metrics", judge_metric, false},
    {"findings", judge_finding, false},
    {"budget", judge_budget, true},
    {"gate", judge_gate, true},
};

static int judge_section(const char *section, struct diag *diag)
{
	const char *sections[MAX_KEYS] = {0};
	size_t n_sections = 0;
	const char *near;

	for (size_t i = 0; i < ARRAY_SIZE(own_sections); i++)
		sections[n_sections++] = own_sections[i].name;
	for (size_t i = 0; collectors[i] && n_sections < MAX_KEYS - 1; i++)
		sections[n_sections++] = collectors[i]->name;
	for (size_t i = 0; i < n_sections; i++)
		if (!strcmp(sections[i], section))
			return 0;
	near = nearest_word(section, sections);
	if (near)
		return diag_fail(diag, EINVAL, "unknown section [%s]; did you mean [%s]?", section,
		                 near);
	return diag_fail(diag, EINVAL, "unknown section [%s]", section);
}

int judge_setting(const struct setting *setting, struct diag *diag)
{
	if (!setting->key)
		return judge_section(setting->section, diag);
	if (!*setting->section)
		return diag_fail(diag, EINVAL, "key '%s' stands before any [section]",
		                 setting->key);
	for (size_t i = 0; i < ARRAY_SIZE(own_sections); i++) {
		if (strcmp(own_sections[i].name, setting->section) != 0)
			continue;
		if (setting->earlier_line && !own_sections[i].repeats)
			return scenario_refuse_repeat(setting, diag);
		return own_sections[i].judge ? own_sections[i].judge(setting, diag) : 0;
	}
	return judge_type_setting(collector_find(setting->section), setting, diag);
}
