/* Command lines as text: split like sh words, and ${NAME} replaced. No shell runs.
 */
#ifndef CORE_WORDS_H
#define CORE_WORDS_H

#include "core/options.h"

struct diag;

/* Appends the words of `text` as sh(1) would see them: blanks separate; '...' is literal; in "..."
 * a backslash escapes $ ` " \ and newline; elsewhere any character. -EINVAL: a quote is not closed.
 */
int words_split(const char *text, struct text_list *words, struct diag *diag);

/* Replaces each ${NAME} by the value in `values` (NAME=VALUE texts, the last of a name counts). The
 * caller frees *expanded. -EINVAL: no such name; the sentence has the nearest one. */
int words_expand(const char *text, const struct text_list *values, char **expanded,
                 struct diag *diag);

/* Words joined by spaces, quoted for sh where they need it. The caller frees the text. */
char *words_join(char *const *words, size_t n_words);

/* "a, b, c" of words that end with NULL. The caller frees the text. */
char *words_list(const char *const *words);

#endif
