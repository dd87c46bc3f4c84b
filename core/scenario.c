/* Reads scenario files through inih, refusing what it would cut or split in silence. */
#include "core/scenario.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/results/results.h"

#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELD(name) offsetof(struct scenario, name)

static const struct option_row scenario_keys[] = {
    {.name = "description", .kind = OPTION_TEXT, .field = FIELD(description)},
    {.name = "command", .kind = OPTION_TEXT, .field = FIELD(command)},
    {.name = "types", .kind = OPTION_TEXT, .field = FIELD(types)},
    {.name = "package", .kind = OPTION_TEXT, .field = FIELD(package)},
    {.name = "release", .kind = OPTION_SWITCH, .field = FIELD(release)},
    {.name = "warmup", .kind = OPTION_COUNT, .field = FIELD(warmup)},
    {.name = "runs", .kind = OPTION_COUNT, .field = FIELD(runs), .min = 1},
    {.name = "timeout", .kind = OPTION_SECONDS, .field = FIELD(timeout_ns)},
    {.name = "exit", .kind = OPTION_COUNT, .field = FIELD(exit_code), .max = 255},
    {.name = "work", .kind = OPTION_TEXT, .field = FIELD(work)},
    {.name = "prepare", .kind = OPTION_TEXT, .field = FIELD(prepare)},
    {.name = "cleanup", .kind = OPTION_TEXT, .field = FIELD(cleanup)},
    {.name = "ready", .kind = OPTION_TEXT, .field = FIELD(ready)},
    {.name = "load", .kind = OPTION_TEXT, .field = FIELD(load)},
    {.name = "delay", .kind = OPTION_SECONDS, .field = FIELD(delay_ns)},
    {.name = "cwd", .kind = OPTION_TEXT, .field = FIELD(cwd)},
    {.name = "stdin", .kind = OPTION_TEXT, .field = FIELD(stdin_path)},
    {.name = "user", .kind = OPTION_TEXT, .field = FIELD(user)},
    {.name = "caps", .kind = OPTION_TEXT, .field = FIELD(caps)},
    {.name = "shell", .kind = OPTION_SWITCH, .field = FIELD(shell)},
    {0},
};

static const struct option_table scenario_table = {scenario_keys, sizeof(struct scenario)};

struct reader {
	struct scenario *scenario;
	FILE *stream;
	unsigned line; /* of the line that inih is at */
	int err;       /* the first error; its sentence is in diag */
	scenario_judge *judge;
	struct diag *diag;
};

/* What inih would make of a line in silence, or NULL when it reads it as it stands. */
static const char *line_trouble(const char *line)
{
	const char *start = line + strspn(line, " \t");

	if (!*start || strchr(";#\n\r", *start))
		return NULL;
	if (start != line)
		return "the line begins with a blank and would continue the one before; remove the "
		       "blank";
	if (*start == '[')
		return NULL;
	if (!strchr(start, '='))
		return "this is neither 'key = value' nor '[section]'";
	if (strcspn(start, ":") < strcspn(start, "="))
		return "the key holds a ':'";
	if (strstr(start, " ;") || strstr(start, "\t;"))
		return "' ;' would cut the value there; write ';' without the blank before it";
	return NULL;
}

/* fgets(3) stops at the end of a line, of the file, or of its buffer; a zero byte hides what it
 * read. */
static const char *end_trouble(const struct reader *reader, const char *line, size_t room)
{
	size_t len = strlen(line);

	if ((len && line[len - 1] == '\n') || (feof(reader->stream) && len + 1 < room))
		return NULL;
	return len + 1 < room ? "the line holds a zero byte"
	                      : "the line is too long for the reader; shorten it, or move parts to "
	                        "[parameters]";
}

/* inih calls its handler for keys alone, and would pass over a section without one. */
static int judge_section(const struct reader *reader, const char *line)
{
	char *name = xstrndup(line + 1, strcspn(line + 1, "]\r\n"));
	struct setting setting = {.section = name, .line = reader->line};
	int err = reader->judge(&setting, reader->diag);

	free(name);
	return err;
}

/* inih's reader: one line a call, as fgets(3). */
static char *next_line(char *line, int room, void *context)
{
	struct reader *reader = context;
	const char *trouble;

	if (reader->err || !fgets(line, room, reader->stream))
		return NULL;
	reader->line++;
	trouble = line_trouble(line);
	if (!trouble)
		trouble = end_trouble(reader, line, (size_t)room);
	if (trouble)
		reader->err = diag_fail(reader->diag, EINVAL, "%s", trouble);
	else if (*line == '[')
		reader->err = judge_section(reader, line);
	return reader->err ? NULL : line;
}

static const struct setting *find_setting(const struct scenario *scenario, const char *section,
                                          const char *key)
{
	for (size_t i = 0; i < scenario->n_settings; i++)
		if (!strcmp(scenario->settings[i].section, section) &&
		    !strcmp(scenario->settings[i].key, key))
			return &scenario->settings[i];
	return NULL;
}

static int set_scenario_key(struct reader *reader, const char *key, const char *value)
{
	const struct option_row *row = options_find(&scenario_table, key);
	const char *names[ARRAY_SIZE(scenario_keys)] = {0};
	const char *near;

	if (row)
		return options_set(row, reader->scenario, value, reader->diag);
	for (size_t i = 0; scenario_keys[i].name; i++)
		names[i] = scenario_keys[i].name;
	near = nearest_word(key, names);
	if (near)
		return diag_fail(reader->diag, EINVAL,
		                 "unknown key '%s' in [scenario]; did you mean '%s'?", key, near);
	return diag_fail(reader->diag, EINVAL, "unknown key '%s' in [scenario]", key);
}

static void add_pair(struct text_list *list, const char *key, const char *value)
{
	char *text = xasprintf("%s=%s", key, value);

	text_list_add(list, text);
	free(text);
}

int scenario_refuse_repeat(const struct setting *setting, struct diag *diag)
{
	return diag_fail(diag, EINVAL, "key '%s' stands in [%s] already, in line %u", setting->key,
	                 setting->section, setting->earlier_line);
}

static const struct setting *add_setting(struct reader *reader, const char *section,
                                         const char *key, const char *value)
{
	const struct setting *before = find_setting(reader->scenario, section, key);
	unsigned earlier_line = before ? before->line : 0;
	struct scenario *scenario = reader->scenario;
	struct setting *setting =
	    ARRAY_APPEND(scenario->settings, scenario->n_settings, scenario->settings_capacity);

	setting->section = xstrdup(section);
	setting->key = xstrdup(key);
	setting->value = xstrdup(value);
	setting->line = reader->line;
	setting->earlier_line = earlier_line;
	return setting;
}

static int keep_setting(struct reader *reader, const char *section, const char *key,
                        const char *value)
{
	const struct setting *setting = add_setting(reader, section, key, value);
	int err = 0;

	if (!strcmp(section, "scenario"))
		err = set_scenario_key(reader, key, value);
	if (!err)
		err = reader->judge(setting, reader->diag);
	if (!err && !strcmp(section, "environment"))
		add_pair(&reader->scenario->environment, key, value);
	if (!err && !strcmp(section, "parameters"))
		add_pair(&reader->scenario->parameters, key, value);
	return err;
}

/* inih's handler: non-zero goes on. */
static int take_key(void *context, const char *section, const char *key, const char *value)
{
	struct reader *reader = context;

	if (!reader->err)
		reader->err = keep_setting(reader, section, key, value);
	return !reader->err;
}

static char *name_of_file(const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *base = slash ? slash + 1 : file;
	const char *dot = strrchr(base, '.');

	return xstrndup(base, dot ? (size_t)(dot - base) : strlen(base));
}

/* The mark that some editors put before UTF-8 text. */
static void skip_byte_order_mark(FILE *stream)
{
	char start[3];

	if (fread(start, 1, sizeof(start), stream) != sizeof(start) ||
	    memcmp(start, "\xef\xbb\xbf", sizeof(start)) != 0)
		rewind(stream);
}

int scenario_read(struct scenario *scenario, const char *file, scenario_judge *judge,
                  struct diag *diag)
{
	struct reader reader = {.scenario = scenario, .judge = judge, .diag = diag};
	int broken_line;

	*scenario = (struct scenario){.name = name_of_file(file), .file = xstrdup(file)};
	reader.stream = fopen(file, "re");
	if (!reader.stream)
		return diag_fail(diag, errno, "cannot read scenario file %s: %s", file,
		                 strerror(errno));
	skip_byte_order_mark(reader.stream);
	broken_line = ini_parse_stream(next_line, &reader, take_key, &reader);
	if (!reader.err && ferror(reader.stream))
		reader.err = diag_fail(diag, EIO, "cannot read it");
	if (!reader.err && broken_line) {
		reader.line = (unsigned)broken_line;
		reader.err =
		    diag_fail(diag, EINVAL, "this is neither 'key = value' nor '[section]'");
	}
	fclose(reader.stream);
	if (reader.err)
		diag_prefix(diag, "%s:%u", file, reader.line);
	return reader.err;
}

int scenario_find(const struct text_list *directories, const char *name, char **file)
{
	for (size_t i = 0; i < directories->n_texts; i++) {
		*file = xasprintf("%s/%s.ini", directories->texts[i], name);
		if (!access(*file, F_OK))
			return 0;
		free(*file);
	}
	*file = NULL;
	return -ENOENT;
}

static bool list_holds(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->n_texts; i++)
		if (!strcmp(list->texts[i], text))
			return true;
	return false;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_directory(const char *directory, struct text_list *names)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);
		char *name;

		if (len < 5 || strcmp(entry->d_name + len - 4, ".ini") != 0)
			continue;
		name = xstrndup(entry->d_name, len - 4);
		if (results_name_is_valid(name) && !list_holds(names, name))
			text_list_add(names, name);
		free(name);
	}
	if (dir)
		closedir(dir);
}

void scenario_list(const struct text_list *directories, struct text_list *names)
{
	for (size_t i = 0; i < directories->n_texts; i++)
		list_directory(directories->texts[i], names);
	if (names->n_texts)
		qsort(names->texts, names->n_texts, sizeof(*names->texts), compare_texts);
}

void scenario_fini(struct scenario *scenario)
{
	for (const struct option_row *row = scenario_keys; row->name; row++)
		if (row->kind == OPTION_TEXT)
			free(*(char **)((char *)scenario + row->field));
	text_list_fini(&scenario->environment);
	text_list_fini(&scenario->parameters);
	for (size_t i = 0; i < scenario->n_settings; i++) {
		free(scenario->settings[i].section);
		free(scenario->settings[i].key);
		free(scenario->settings[i].value);
	}
	free(scenario->settings);
	free(scenario->name);
	free(scenario->file);
	*scenario = (struct scenario){0};
}
