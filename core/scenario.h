/* A scenario: what to run, under which types, with which settings; read from NAME.ini (CONTRACT 2).
 */
#ifndef CORE_SCENARIO_H
#define CORE_SCENARIO_H

#include "core/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;

/* A key of the file as it stands there. */
struct setting {
	char *section;
	char *key;
	char *value;
	unsigned line;
	unsigned earlier_line; /* where the key stands already in its section; 0: nowhere */
};

struct scenario {
	char *name;
	char *file; /* the path it was read from; NULL for a bare command */
	/* [scenario]; texts are NULL where the file does not say, and ${NAME} is still in them */
	char *description;
	char *command; /* as written */
	char *types;   /* as written: words separated by blanks or commas */
	char *package; /* Debian package that has the program, named when it is missing */
	char *prepare;
	char *cleanup;
	char *ready;
	char *load;
	char *cwd;
	char *stdin_path;
	char *user;
	char *caps;
	char *work; /* "1000 probes" */
	bool shell;
	bool release;
	uint64_t exit_code; /* the status of a good end */
	uint64_t timeout_ns;
	uint64_t delay_ns;
	uint64_t runs; /* for type stat alone */
	uint64_t warmup;
	struct text_list environment; /* NAME=VALUE */
	struct text_list parameters;  /* NAME=VALUE */
	struct setting *settings;     /* of all sections, in order */
	size_t n_settings;
	size_t settings_capacity;
};

/* Judges a setting before it is kept: is its section known, does the section have the key, may it
 * stand there more than once if it does, can its value be read? A section's own line comes as a
 * setting without key and value; keys of [scenario] come when they are known. 0, or -EINVAL with a
 * sentence (without file and line). */
typedef int scenario_judge(const struct setting *setting, struct diag *diag);

/* -EINVAL with the sentence that a key which stands once in its section stands there again. */
int scenario_refuse_repeat(const struct setting *setting, struct diag *diag);

/* Reads one file. -EINVAL: "FILE:LINE: sentence" with the nearest right word; a line too long, an
 * inline ` ;` and anything else that inih would cut or split in silence is such an error. The
 * struct is to be ended in any case. */
int scenario_read(struct scenario *scenario, const char *file, scenario_judge *judge,
                  struct diag *diag);

/* Looks for NAME.ini in the directories, first one first; the caller frees *file. -ENOENT: in none
 * of them. */
int scenario_find(const struct text_list *directories, const char *name, char **file);

/* The names of all scenarios in the directories, sorted, each once. */
void scenario_list(const struct text_list *directories, struct text_list *names);

void scenario_fini(struct scenario *scenario);

#endif
