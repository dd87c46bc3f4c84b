/* The table of regress's own options. */
#include "core/driver/regress_options.h"

#define FIELD(name) offsetof(struct regress_options, name)

const struct option_row regress_option_rows[] = {
    {.name = "junit",
     .kind = OPTION_TEXT,
     .field = FIELD(junit),
     .argument = "FILE",
     .help = "JUnit XML in FILE too (RESULTS/regress/latest/junit.xml)"},
    {.name = "openmetrics",
     .kind = OPTION_TEXT,
     .field = FIELD(openmetrics),
     .argument = "FILE",
     .help = "metrics of all runs in FILE too (RESULTS/regress/latest/openmetrics.txt)"},
    {.name = "markdown",
     .kind = OPTION_TEXT,
     .field = FIELD(markdown),
     .argument = "FILE",
     .help = "the table as Markdown in FILE too (RESULTS/regress/latest/summary.md)"},
    {.name = "push",
     .kind = OPTION_TEXT,
     .field = FIELD(push),
     .argument = "URL",
     .help = "send the metrics of all runs to the Prometheus Pushgateway there"},
    {.name = "strict",
     .kind = OPTION_SWITCH,
     .field = FIELD(strict),
     .help = "what is inconclusive fails (status 2; in JUnit a failure), what is unusable is an "
             "error in JUnit"},
    {.name = "noise-threshold",
     .kind = OPTION_PERCENT,
     .field = FIELD(noise_threshold_percent),
     .argument = "PERCENT",
     .fallback = "2",
     .help = "what is no exact count and differs from the baseline by less is the same"},
    {0},
};
