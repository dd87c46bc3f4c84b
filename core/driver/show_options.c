/* The table of show's own options, with perf report's names. */
#include "core/driver/show_options.h"

#include "core/driver/stored_run.h"

#define FIELD(name) offsetof(struct show_options, name)

static const char *const percentages[] = {
    [PERCENTAGE_ABSOLUTE] = "absolute",
    [PERCENTAGE_RELATIVE] = "relative",
    NULL,
};

const struct option_row show_option_rows[] = {
    {.name = "sort",
     .letter = 's',
     .kind = OPTION_TEXT,
     .field = FIELD(sort),
     .argument = "KEY[,KEY]",
     .fallback = "comm,dso,symbol",
     .help = "columns that make a row: comm, dso, symbol, thread, pid"},
    {.name = "children",
     .kind = OPTION_SWITCH,
     .field = FIELD(children),
     .fallback = "yes",
     .help = "count a row's callees too; without, graphs lead to the callers"},
    {.name = "percent-limit",
     .kind = OPTION_PERCENT,
     .field = FIELD(percent_limit),
     .argument = "P",
     .fallback = "0.5",
     .help = "leave rows and branches under P percent out"},
    {.name = "dsos",
     .kind = OPTION_TEXT,
     .field = FIELD(dsos),
     .argument = "OBJECT[,OBJECT]",
     .help = "only rows of these programs and libraries, which may be globs"},
    {.name = "symbols",
     .kind = OPTION_TEXT,
     .field = FIELD(symbols),
     .argument = "F[,F]",
     .help = "only rows of these functions, which may be globs"},
    SELECTION_OPTION_ROWS(struct show_options, chosen),
    VALUE_OPTION_ROW(struct show_options),
    {.name = "percentage",
     .kind = OPTION_CHOICE,
     .field = FIELD(percentage),
     .argument = "absolute|relative",
     .fallback = "absolute",
     .help = "shares of all samples in the time span, or of those chosen",
     .choices = percentages},
    {.name = "annotate",
     .kind = OPTION_TEXT,
     .field = FIELD(annotate),
     .argument = "FUNCTION",
     .help = "source lines and instructions of a function with their shares"},
    {0},
};
