/* What leaks.txt and leaks.supp say of suppressions: which were used, which were not, and ones for
 * what was shown. */
#ifndef MEM_LEAKS_SUPPRESSIONS_TEXT_H
#define MEM_LEAKS_SUPPRESSIONS_TEXT_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct leak_document;
struct leak_process;
struct loss_record;

/* valgrind -s's lines: "--7-- used_suppression:      2 NAME FILE:LINE suppressed: 48 bytes in 3
 * blocks". Returns whether there are any. */
bool suppressions_write_used(const struct leak_document *document,
                             const struct leak_process *process, FILE *out);

/* The same of rules that no process used, but for the installed ones, which many programs have no
 * use for. */
void suppressions_write_unused(const struct leak_document *document, pid_t pid, FILE *out);

/* A rule for a record; the caller frees the text. */
char *suppressions_rule_for(const struct leak_document *document, const struct loss_record *record);

/* The same for each record that is of a shown kind and not suppressed, each distinct rule once: a
 * file for --suppressions. */
void suppressions_write_rules(const struct leak_document *document, FILE *out);

#endif
