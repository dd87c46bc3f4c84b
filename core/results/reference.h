/* The forms of RUN (CONTRACT 1) that name runs of a results tree, as data. Pure.
 *
 * SCENARIO/TYPE, SCENARIO/TYPE~N, SCENARIO/TYPE/RUN_ID, and with a commit @COMMIT,
 * SCENARIO@COMMIT, SCENARIO/TYPE@COMMIT, each also with `-dirty` behind the commit.
 */
#ifndef CORE_RESULTS_REFERENCE_H
#define CORE_RESULTS_REFERENCE_H

#include <stdbool.h>

/* As git has it, an abbreviation that is no longer ambiguous in most histories. */
enum { COMMIT_MIN_DIGITS = 7, COMMIT_MAX_DIGITS = 64 };

struct reference {
	char *scenario;     /* NULL, with a commit only: all */
	char *type;         /* likewise */
	char *run_id;       /* NULL: count from the latest */
	unsigned long back; /* whole runs before the latest */
	char *commit;       /* NULL: not by commit; digits in lower case */
	bool is_dirty;      /* only runs of a changed checkout of the commit */
};

/* False: the text has none of the forms. reference_fini() is needed either way. */
bool reference_read(struct reference *reference, const char *text);
void reference_fini(struct reference *reference);

#endif
