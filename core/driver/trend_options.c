/* The table of trend's own options. */
#include "core/driver/trend_options.h"

#define FIELD(name) offsetof(struct trend_options, name)

const struct option_row trend_option_rows[] = {
    {.name = "metric",
     .kind = OPTION_TEXT,
     .field = FIELD(metric),
     .argument = "GLOB",
     .help = "only these metrics, such as 'mem.*' (all; the text and the picture leave out those "
             "of single system calls, io.NAME.*)"},
    {.name = "latest",
     .kind = OPTION_SWITCH,
     .field = FIELD(latest),
     .help = "show only the latest run, beside what those before it measured"},
    {.name = "csv",
     .kind = OPTION_TEXT,
     .field = FIELD(csv),
     .argument = "FILE",
     .help = "write all values of all runs, one a line, to FILE (-: to stdout, without the text)"},
    {.name = "svg",
     .kind = OPTION_TEXT,
     .field = FIELD(svg),
     .argument = "FILE",
     .help = "draw to FILE a panel for each metric, with the changes of its level"},
    {0},
};
