/* Text of any bytes for a place that holds one line: names of functions and files, commands.
 */
#ifndef CORE_LINE_TEXT_H
#define CORE_LINE_TEXT_H

/* A copy with blanks for ends of lines and tabs, and `?` for other control characters, which could
 * also change the terminal. The caller frees it; NULL gives NULL. */
char *line_text(const char *text);

#endif
