/* Compares two sides and hands the comparison out: text, JSON, Markdown, picture, exit status.
 */
#ifndef CORE_DRIVER_COMPARE_REPORT_H
#define CORE_DRIVER_COMPARE_REPORT_H

struct command_line;
struct compared_runs;
struct diag;
struct side;

/* The exit status: 0 nothing is worse, 1 something that gates is, 2 inconclusive, 3 the sides
 * cannot be compared, 125 a document could not be written. For any but 0 the diagnostic says why.
 * control may be NULL. */
int compare_report(const struct command_line *line, struct side *base, struct side *new,
                   struct side *control, const struct compared_runs *runs, struct diag *diag);

/* Before anything is read or run: can what is asked for be written? -errno with a sentence. */
int compare_check_files(const struct command_line *line, struct diag *diag);

#endif
