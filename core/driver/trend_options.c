/* The table of trend's own options. */
#include "core/driver/trend_options.h"

#define FIELD(name) offsetof(struct trend_options, name)

const struct option_row trend_option_rows[] = {
    {.name = "metric",
     .kind = OPTION_TEXT,
     .field = FIELD(metric),
     .argument = "GLOB",
     .help = "metrics, such as 'mem.*'; without it all, but in the text and the picture none of "
             "single system calls (io.NAME.*)"},
    {.name = "latest",
     .kind = OPTION_SWITCH,
     .field = FIELD(latest),
     .help = "the latest run alone, beside what those before it had"},
    {.name = "csv",
     .kind = OPTION_TEXT,
     .field = FIELD(csv),
     .argument = "FILE",
     .help = "all values of all runs, a line each, to FILE (-: to stdout, without the text)"},
    {.name = "svg",
     .kind = OPTION_TEXT,
     .field = FIELD(svg),
     .argument = "FILE",
     .help = "a picture: a panel for each metric, with changes of its level"},
    {0},
};
