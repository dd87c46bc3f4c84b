/* The table of compare's own options. */
#include "core/driver/compare_options.h"

#include "core/driver/stored_run.h"

#define FIELD(name) offsetof(struct compare_options, name)

const struct option_row compare_option_rows[] = {
    {.name = "command-a",
     .kind = OPTION_TEXT,
     .field = FIELD(command_a),
     .argument = "'OLD'",
     .help = "run this command and that of --command-b in turns, each -r times (20), and this one "
             "as often again as a control; takes the options of run, with --type stat"},
    {.name = "command-b",
     .kind = OPTION_TEXT,
     .field = FIELD(command_b),
     .argument = "'NEW'",
     .help = "the command that is compared with that of --command-a"},
    {.name = "noise-threshold",
     .kind = OPTION_PERCENT,
     .field = FIELD(noise_threshold_percent),
     .argument = "PERCENT",
     .fallback = "2",
     .help = "a difference of no more than this is none"},
    {.name = "markdown",
     .kind = OPTION_MAYBE,
     .field = FIELD(markdown),
     .argument = "FILE",
     .help = "write the comparison as Markdown for a merge request, to stdout or FILE"},
    {.name = "o",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .field = FIELD(file),
     .argument = "FILE",
     .help = "write the differential flame graph to FILE (RESULTS/compare/SCENARIO-TYPE.svg)"},
    VALUE_OPTION_ROW(struct compare_options),
    PICTURE_SHAPE_OPTION_ROWS(struct compare_options, picture),
    {0},
};
