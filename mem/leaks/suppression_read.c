/* Reads suppression files, valgrind's and LeakSanitizer's. */
#include "mem/leaks/suppression.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/function_match.h"
#include "core/line_text.h"
#include "core/options.h"
#include "mem/installed.h"
#include "mem/leaks/kinds.h"
#include "mem/leaks/suppression_rule.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	FILE_BYTES = 16 << 20, /* a larger one is a mistake, /dev/zero for one */
	RULE_LINES = 500,      /* valgrind's own bound (VG_DEEPEST_BACKTRACE) */
};

/* What valgrind's memcheck knows (mc_errors.c); all but Leak are passed over. */
static const char *const memcheck_kinds[] = {
    "Leak",     "Param",   "User",         "CoreMem",       "Free",       "Jump",
    "Overlap",  "Mempool", "Cond",         "Value0",        "Value1",     "Value2",
    "Value4",   "Value8",  "Value16",      "Value32",       "Addr1",      "Addr2",
    "Addr4",    "Addr8",   "Addr16",       "Addr32",        "FishyValue", "ReallocZero",
    "BadAlign", "BadSize", "SizeMismatch", "AlignMismatch", NULL,
};

struct reader {
	struct suppressions *set;
	const char *file;
	const char *next; /* of the text */
	const char *end;
	unsigned number; /* of the line in `line` */
	char *line;      /* without blanks around; NULL: the text has ended */
	struct diag *diag;
};

/* -EINVAL: what should stand in this line. */
static int expect(const struct reader *reader, const char *expected)
{
	char *found = line_text(reader->line);
	int err;

	if (found)
		err = diag_fail(reader->diag, EINVAL, "%s:%u: expected %s, not '%.200s'",
		                reader->file, reader->number, expected, found);
	else
		err = diag_fail(reader->diag, EINVAL, "%s:%u: expected %s, and the file ends",
		                reader->file, reader->number, expected);
	free(found);
	return err;
}

/* To the next line that is not blank and no comment. */
static void read_line(struct reader *reader)
{
	free(reader->line);
	reader->line = NULL;
	while (!reader->line && reader->next < reader->end) {
		const char *start = reader->next, *stop;

		stop = memchr(start, '\n', (size_t)(reader->end - start));
		stop = stop ? stop : reader->end;
		reader->next = stop < reader->end ? stop + 1 : stop;
		reader->number++;
		while (start < stop && isspace((unsigned char)*start))
			start++;
		while (stop > start && isspace((unsigned char)stop[-1]))
			stop--;
		if (start < stop && *start != '#')
			reader->line = xstrndup(start, (size_t)(stop - start));
	}
}

static bool line_is(const struct reader *reader, const char *text)
{
	return reader->line && !strcmp(reader->line, text);
}

/* What follows the prefix in the line, or NULL. */
static char *after(const struct reader *reader, const char *prefix)
{
	size_t len = strlen(prefix);

	return reader->line && !strncmp(reader->line, prefix, len) ? reader->line + len : NULL;
}

static struct rule_line *add_line(struct rule *rule, enum rule_line_kind kind, char *pattern)
{
	struct rule_line *line = ARRAY_APPEND(rule->lines, rule->n_lines, rule->lines_capacity);

	line->kind = kind;
	line->pattern = pattern;
	return line;
}

/* src:FILE or src:FILE:LINE. */
static int read_source(struct reader *reader, struct rule *rule, const char *text)
{
	const char *colon = strchr(text, ':');
	struct rule_line *line = add_line(
	    rule, LINE_SOURCE, xstrndup(text, colon ? (size_t)(colon - text) : strlen(text)));
	char *end;

	if (!colon)
		return 0;
	line->number = (unsigned)strtoul(colon + 1, &end, 10);
	if (!isdigit((unsigned char)colon[1]) || *end || end - colon > 10)
		return expect(reader, "src:FILE or src:FILE:LINE");
	return 0;
}

static void add_function(struct rule *rule, const char *pattern)
{
	struct rule_line *line = add_line(rule, LINE_FUNCTION, xstrdup(pattern));

	if (strchr(pattern, '<'))
		line->bare = function_without_templates(pattern);
}

static int read_frame(struct reader *reader, struct rule *rule)
{
	const char *text;

	if (rule->n_lines == RULE_LINES)
		return expect(reader, "'}' after 500 frames");
	if ((text = after(reader, "fun:")))
		add_function(rule, text);
	else if ((text = after(reader, "obj:")))
		add_line(rule, LINE_OBJECT, xstrdup(text));
	else if ((text = after(reader, "src:")))
		return read_source(reader, rule, text);
	else if (line_is(reader, "..."))
		add_line(rule, LINE_FRAMES, NULL);
	else
		return expect(reader, "fun:FUNCTION, obj:FILE, src:FILE, ... or '}'");
	return 0;
}

/* Rules of `...` alone would apply to everything. */
static bool names_something(const struct rule *rule)
{
	for (size_t i = 0; i < rule->n_lines; i++)
		if (rule->lines[i].kind != LINE_FRAMES)
			return true;
	return false;
}

static int read_frames(struct reader *reader, struct rule *rule)
{
	int err = 0;

	while (!err && !line_is(reader, "}")) {
		err = read_frame(reader, rule);
		if (!err)
			read_line(reader);
	}
	if (!err && !names_something(rule))
		err = expect(reader, "a frame other than ... before it");
	return err;
}

static int read_kinds(struct reader *reader, struct rule *rule)
{
	const char *text = after(reader, "match-leak-kinds:");
	int err;

	if (!text)
		return 0;
	while (isspace((unsigned char)*text))
		text++;
	err = leak_kinds_parse(text, &rule->kinds, reader->diag);
	if (err)
		diag_prefix(reader->diag, "%s:%u", reader->file, reader->number);
	else
		read_line(reader);
	return err;
}

static bool has_memcheck(char *tools)
{
	const char *tool;
	bool found = false;

	while ((tool = strsep(&tools, ",")))
		found = found || !strcmp(tool, "Memcheck");
	return found;
}

static int refuse_kind(const struct reader *reader, const char *kind)
{
	const char *nearest = nearest_word(kind, memcheck_kinds);

	for (size_t i = 0; memcheck_kinds[i]; i++)
		if (!strcmp(memcheck_kinds[i], kind))
			return 0;
	return diag_fail(reader->diag, EINVAL,
	                 "%s:%u: expected one of memcheck's kinds of errors after the colon, not "
	                 "'%.200s'%s%s",
	                 reader->file, reader->number, kind, nearest ? "; did you mean " : "",
	                 nearest ? nearest : "");
}

/* "Memcheck,Addrcheck:Leak". Says whether the rest is for us. */
static int read_tools(struct reader *reader, bool *is_ours)
{
	const char *colon = reader->line ? strchr(reader->line, ':') : NULL;
	char *tools;

	if (!colon)
		return expect(reader, "TOOL:KIND, as Memcheck:Leak");
	tools = xstrndup(reader->line, (size_t)(colon - reader->line));
	*is_ours = has_memcheck(tools);
	free(tools);
	if (!*is_ours)
		return 0;
	*is_ours = !strcmp(colon + 1, "Leak");
	return refuse_kind(reader, colon + 1);
}

static int pass_over(struct reader *reader)
{
	while (reader->line && !line_is(reader, "}"))
		read_line(reader);
	return reader->line ? 0 : expect(reader, "'}'");
}

static int read_body(struct reader *reader, struct rule *rule)
{
	int err;

	read_line(reader);
	err = read_kinds(reader, rule);
	return err ? err : read_frames(reader, rule);
}

/* From the line after '{' to '}'. */
static int read_entry(struct reader *reader)
{
	struct rule rule = {.kinds = LEAK_ALL_KINDS, .file = reader->file};
	bool is_ours = false;
	int err;

	if (!reader->line || line_is(reader, "}"))
		return expect(reader, "a name");
	rule.name = xstrdup(reader->line);
	rule.at_line = reader->number;
	read_line(reader);
	err = read_tools(reader, &is_ours);
	if (!err)
		err = is_ours ? read_body(reader, &rule) : pass_over(reader);
	if (!err && is_ours)
		*ARRAY_APPEND(reader->set->rules, reader->set->n_rules,
		              reader->set->rules_capacity) = rule;
	else
		suppression_rule_fini(&rule);
	return err;
}

static int read_valgrinds(struct reader *reader)
{
	int err = 0;

	while (reader->line && !err) {
		if (!line_is(reader, "{"))
			return expect(reader, "'{' or the end of the file");
		read_line(reader);
		err = read_entry(reader);
		if (!err)
			read_line(reader);
	}
	return err;
}

/* "^a*b$" becomes "a*b", "ab" becomes "*ab*"; what stands behind a `$` does not count. */
static char *whole_pattern(const char *part)
{
	bool from_start = *part == '^';
	const char *start = part + from_start;
	size_t len = strcspn(start, "$");

	return xasprintf("%s%.*s%s", from_start ? "" : "*", (int)len, start, start[len] ? "" : "*");
}

static int read_sanitizers(struct reader *reader)
{
	for (; reader->line; read_line(reader)) {
		const char *part = after(reader, "leak:");
		struct rule rule = {.kinds = LEAK_ALL_KINDS, .is_anywhere = true};

		if (!part || !*part)
			return expect(reader, "leak:PATTERN");
		rule.file = reader->file;
		rule.name = xstrdup(reader->line);
		rule.at_line = reader->number;
		add_line(&rule, LINE_ANYTHING, whole_pattern(part));
		*ARRAY_APPEND(reader->set->rules, reader->set->n_rules,
		              reader->set->rules_capacity) = rule;
	}
	return 0;
}

int suppressions_parse(struct suppressions *suppressions, const char *name, const char *text,
                       size_t len, struct diag *diag)
{
	struct reader reader = {.set = suppressions, .next = text, .end = text + len, .diag = diag};
	int err = 0;

	reader.file = *ARRAY_APPEND(suppressions->files, suppressions->n_files,
	                            suppressions->files_capacity) = xstrdup(name);
	read_line(&reader);
	if (line_is(&reader, "{"))
		err = read_valgrinds(&reader);
	else if (after(&reader, "leak:"))
		err = read_sanitizers(&reader);
	else if (reader.line)
		err = expect(&reader, "'{' (valgrind's format) or leak:PATTERN (LeakSanitizer's)");
	free(reader.line);
	return err;
}

/* All of a file, which may be a pipe. */
static int read_whole(const char *path, char **text, size_t *len, struct diag *diag)
{
	size_t capacity = 0;
	ssize_t got = 1;
	int err = 0, fd = open(path, O_RDONLY | O_CLOEXEC);

	*text = NULL;
	*len = 0;
	if (fd < 0)
		return diag_fail(diag, errno, "cannot open suppressions %s: %s", path,
		                 strerror(errno));
	while (got > 0 && *len <= FILE_BYTES) {
		*text = array_reserve(*text, &capacity, *len + 65536, 1);
		got = read(fd, *text + *len, capacity - *len);
		*len += got > 0 ? (size_t)got : 0;
	}
	if (got < 0)
		err = diag_fail(diag, errno, "cannot read suppressions %s: %s", path,
		                strerror(errno));
	else if (*len > FILE_BYTES)
		err = diag_fail(diag, EFBIG,
		                "suppressions %s are larger than 16 MB; is that the right file?",
		                path);
	close(fd);
	return err;
}

int suppressions_read(struct suppressions *suppressions, const char *path, struct diag *diag)
{
	char *text;
	size_t len;
	int err = read_whole(path, &text, &len, diag);

	if (!err)
		err = suppressions_parse(suppressions, path, text, len, diag);
	free(text);
	return err;
}

int suppressions_read_default(struct suppressions *suppressions, struct diag *diag)
{
	size_t first = suppressions->n_rules;
	char *path;
	int err = installed_find("profile-scenario-default.supp", &path, diag);

	if (err)
		return err;
	err = suppressions_read(suppressions, path, diag);
	free(path);
	for (; first < suppressions->n_rules; first++)
		suppressions->rules[first].is_default = true;
	return err;
}
