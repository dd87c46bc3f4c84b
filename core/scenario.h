/* A scenario: what to run, under which types, with which settings; read from NAME.ini (CONTRACT 2). */
#ifndef CORE_SCENARIO_H
#define CORE_SCENARIO_H

#include "core/options.h"

#include <stdbool.h>
#include <stddef.h>

struct diag;

/* A key of a section that somebody else understands. */
struct setting {
	char *section; /* "cpu" */
	char *key;
	char *value;
	unsigned line;
};

struct scenario {
	char *name;
	char *file; /* the path it was read from; NULL for a bare command */
	char *description;
	struct text_list command; /* split like sh words; one word when `shell` */
	bool shell;
	struct text_list types;
	char *program; /* Debian package that has the program, for when it is missing: "sqlite3" */
	char *prepare, *cleanup, *cwd, *stdin_path, *user, *caps, *work;
	struct text_list environment; /* NAME=VALUE */
	struct text_list parameters;  /* NAME=VALUE */
	int exit_code;		      /* the good end; 0 */
	bool release;
	struct setting *settings; /* of [cpu], [memory], [io], [metrics], [findings], and warmup, runs, timeout */
	size_t n_settings;
	size_t settings_capacity;
};

#endif
