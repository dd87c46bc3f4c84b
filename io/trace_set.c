/* Reads a choice of system calls, and answers what is in it. */
#include "io/trace_set.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/options.h"

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_WORDS = 2048, /* names of all ABIs, and of classes */
};

struct trace_set {
	char *text;
	bool has[N_ABIS][SYSCALL_NUMBERS];
	bool has_unnamed;
	bool is_all;
};

#define ANY_STAT (IN_STAT | IN_LSTAT | IN_FSTAT)
#define ANY_STATFS (IN_STATFS | IN_FSTATFS | IN_USTAT)

static const struct {
	const char *word;
	uint32_t classes;
	bool was_bare; /* strace took it without % once */
} classes[] = {
    {"%desc", IN_DESC, true},        {"%file", IN_FILE, true},
    {"%process", IN_PROCESS, true},  {"%network", IN_NETWORK, true},
    {"%net", IN_NETWORK, false},     {"%signal", IN_SIGNAL, true},
    {"%memory", IN_MEMORY, true},    {"%ipc", IN_IPC, true},
    {"%creds", IN_CREDS, false},     {"%clock", IN_CLOCK, false},
    {"%pure", IN_PURE, false},       {"%stat", IN_STAT, false},
    {"%lstat", IN_LSTAT, false},     {"%fstat", IN_FSTAT, false},
    {"%%stat", ANY_STAT, false},     {"%statfs", IN_STATFS, false},
    {"%fstatfs", IN_FSTATFS, false}, {"%%statfs", ANY_STATFS, false},
};

/* One VALUE, ready to be asked. The first of these that is set decides. */
struct value {
	const char *text;
	bool is_all;
	uint32_t classes;
	bool is_regex;
	regex_t regex;
	bool is_number;
	uint32_t number;
	const char *name;
	size_t name_len;
	bool one_abi;
	enum syscall_abi abi;
};

static uint32_t find_classes(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (!strcmp(text, classes[i].word) ||
		    (classes[i].was_bare && !strcmp(text, classes[i].word + 1)))
			return classes[i].classes;
	return 0;
}

/* Takes an "@64" off the name. */
static void split_abi(struct value *value)
{
	static const char *const suffixes[N_ABIS] = {
	    [ABI_X86_64] = "@64", [ABI_X32] = "@x32", [ABI_I386] = "@32"};
	const char *at = strrchr(value->name, '@');

	for (int abi = 0; at && abi < N_ABIS; abi++)
		if (!strcmp(at, suffixes[abi])) {
			value->one_abi = true;
			value->abi = abi;
			value->name_len = (size_t)(at - value->name);
		}
}

static int read_regex(struct value *value, struct diag *diag)
{
	char why[128];
	int failed = regcomp(&value->regex, value->text + 1, REG_EXTENDED | REG_NOSUB);

	if (failed) {
		regerror(failed, &value->regex, why, sizeof(why));
		return diag_fail(diag, EINVAL,
		                 "behind / it takes regular expressions, not '%s': %s", value->text,
		                 why);
	}
	value->is_regex = true;
	return 0;
}

static int value_init(struct value *value, const char *text, struct diag *diag)
{
	unsigned long number;
	char *end;

	*value = (struct value){.text = text, .is_all = !strcmp(text, "all")};
	value->classes = find_classes(text);
	if (value->is_all || value->classes)
		return 0;
	if (text[0] == '/')
		return read_regex(value, diag);
	if (isdigit((unsigned char)text[0])) {
		number = strtoul(text, &end, 10);
		value->is_number = !*end && number < SYSCALL_NUMBERS;
		value->number = (uint32_t)number;
	}
	value->name = text;
	value->name_len = strlen(text);
	split_abi(value);
	return 0;
}

static bool value_matches(const struct value *value, const struct syscall_info *info)
{
	if (value->is_all)
		return true;
	if (value->classes)
		return info->facts && info->facts->classes & value->classes;
	if (value->is_regex)
		return !regexec(&value->regex, info->name, 0, NULL, 0);
	if (value->is_number)
		return info->number == value->number;
	return strlen(info->name) == value->name_len &&
	       !strncmp(info->name, value->name, value->name_len) &&
	       (!value->one_abi || info->abi == value->abi);
}

/* Enters the calls of the value; false: there are none. */
static bool enter_value(struct trace_set *set, const struct value *value)
{
	bool any = false;

	for (int abi = 0; abi < N_ABIS; abi++)
		for (uint32_t number = 0; number < SYSCALL_NUMBERS; number++) {
			const struct syscall_info *info = syscall_find(abi, number);

			if (info->is_named && value_matches(value, info))
				any = set->has[abi][number] = true;
		}
	set->has_unnamed |= value->is_all;
	return any;
}

static int unknown_value(const char *text, struct diag *diag)
{
	const char **words = xcalloc(MAX_WORDS + 1, sizeof(*words));
	size_t n_words = 0;
	const char *near;

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		words[n_words++] = classes[i].word;
	for (int abi = 0; abi < N_ABIS; abi++)
		for (uint32_t number = 0; number < SYSCALL_NUMBERS && n_words < MAX_WORDS; number++)
			if (syscall_find(abi, number)->is_named)
				words[n_words++] = syscall_find(abi, number)->name;
	near = nearest_word(text, words);
	free(words);
	if (near)
		return diag_fail(diag, EINVAL, "there is no system call '%s'; did you mean '%s'?",
		                 text, near);
	return diag_fail(
	    diag, EINVAL,
	    "there is no system call '%s'; it takes strace's names, "
	    "/regex and %%classes (%%file, %%desc, %%network, ...), ! in front for all "
	    "others",
	    text);
}

static int read_value(struct trace_set *set, const char *text, struct diag *diag)
{
	bool may_be_unknown = text[0] == '?';
	struct value value;
	int err = value_init(&value, text + may_be_unknown, diag);

	if (!err && !enter_value(set, &value) && !may_be_unknown)
		err = unknown_value(text, diag);
	if (value.is_regex)
		regfree(&value.regex);
	return err;
}

static void invert(struct trace_set *set)
{
	for (int abi = 0; abi < N_ABIS; abi++)
		for (uint32_t number = 0; number < SYSCALL_NUMBERS; number++)
			set->has[abi][number] = !set->has[abi][number];
	set->has_unnamed = !set->has_unnamed;
}

static void note_all(struct trace_set *set)
{
	set->is_all = set->has_unnamed;
	for (int abi = 0; abi < N_ABIS; abi++)
		for (uint32_t number = 0; number < SYSCALL_NUMBERS; number++)
			if (syscall_find(abi, number)->is_named)
				set->is_all &= set->has[abi][number];
}

static int read_values(struct trace_set *set, const char *text, bool behind_mark, struct diag *diag)
{
	char *copy = xstrdup(text), *rest = copy, *word;
	size_t n_values = 0;
	int err = 0;

	while (!err && (word = strsep(&rest, ",")))
		if (*word) {
			n_values++;
			err = read_value(set, word, diag);
		}
	if (!err && !n_values)
		err = behind_mark ? diag_fail(diag, EINVAL, "a name is missing behind '!'")
		                  : unknown_value(text, diag);
	free(copy);
	return err;
}

/* The usual choice, without a look at each name. */
static int make_all(struct trace_set **result)
{
	struct trace_set *set = xcalloc(1, sizeof(*set));

	set->text = xstrdup("all");
	invert(set);
	set->is_all = true;
	*result = set;
	return 0;
}

int trace_set_new(struct trace_set **result, const char *text, struct diag *diag)
{
	static const char prefix[] = "trace=";
	struct trace_set *set;
	bool inverted = false, behind_mark;
	int err = 0;

	if (!text || !strcmp(text, "all"))
		return make_all(result);
	if (!strncmp(text, prefix, strlen(prefix)))
		text += strlen(prefix);
	set = xcalloc(1, sizeof(*set));
	set->text = xstrdup(text);
	behind_mark = *text == '!';
	for (; *text == '!'; text++)
		inverted = !inverted;
	if (strcmp(text, "none") != 0)
		err = read_values(set, text, behind_mark, diag);
	if (inverted)
		invert(set);
	note_all(set);
	if (err)
		trace_set_free(set);
	else
		*result = set;
	return err;
}

void trace_set_free(struct trace_set *set)
{
	if (!set)
		return;
	free(set->text);
	free(set);
}

int trace_set_check(const char *text, struct diag *diag)
{
	struct trace_set *set;
	int err = trace_set_new(&set, text, diag);

	if (!err)
		trace_set_free(set);
	return err;
}

bool trace_set_is_all(const struct trace_set *set)
{
	return set->is_all;
}

const char *trace_set_text(const struct trace_set *set)
{
	return set->text;
}

bool trace_set_has(const struct trace_set *set, const struct syscall_info *info)
{
	return info->is_named && info->number < SYSCALL_NUMBERS ? set->has[info->abi][info->number]
	                                                        : set->has_unnamed;
}

bool trace_set_has_unnamed(const struct trace_set *set)
{
	return set->has_unnamed;
}

/* Some call of this kind is in it, or some is not. */
static bool has_some(const struct trace_set *set, bool in_set,
                     bool (*is_kind)(const struct syscall_facts *facts))
{
	for (int abi = 0; abi < N_ABIS; abi++)
		for (uint32_t number = 0; number < SYSCALL_NUMBERS; number++) {
			const struct syscall_info *info = syscall_find(abi, number);

			if (set->has[abi][number] == in_set && info->facts && is_kind(info->facts))
				return true;
		}
	return false;
}

bool trace_set_has_any(const struct trace_set *set,
                       bool (*is_kind)(const struct syscall_facts *facts))
{
	return has_some(set, true, is_kind);
}

bool trace_set_has_all(const struct trace_set *set,
                       bool (*is_kind)(const struct syscall_facts *facts))
{
	return set->is_all || !has_some(set, false, is_kind);
}
