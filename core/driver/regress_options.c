/* The table of regress's own options. */
#include "core/driver/regress_options.h"

#define FIELD(name) offsetof(struct regress_options, name)

const struct option_row regress_option_rows[] = {
    {.name = "junit",
     .kind = OPTION_TEXT,
     .field = FIELD(junit),
     .argument = "FILE",
     .help = "write JUnit XML to FILE, too (RESULTS/regress/latest/junit.xml)"},
    {.name = "openmetrics",
     .kind = OPTION_TEXT,
     .field = FIELD(openmetrics),
     .argument = "FILE",
     .help = "write the metrics of all runs to FILE, too (RESULTS/regress/latest/openmetrics.txt)"},
    {.name = "markdown",
     .kind = OPTION_TEXT,
     .field = FIELD(markdown),
     .argument = "FILE",
     .help = "write the table as Markdown to FILE, too (RESULTS/regress/latest/summary.md)"},
    {.name = "push",
     .kind = OPTION_TEXT,
     .field = FIELD(push),
     .argument = "URL",
     .help = "send the metrics of all runs to the Prometheus Pushgateway at URL"},
    {.name = "strict",
     .kind = OPTION_SWITCH,
     .field = FIELD(strict),
     .help = "inconclusive runs fail the sweep (exit 2, in JUnit a failure), and unusable ones are "
             "errors in JUnit"},
    {.name = "noise-threshold",
     .kind = OPTION_PERCENT,
     .field = FIELD(noise_threshold_percent),
     .argument = "PERCENT",
     .fallback = "2",
     .help = "a difference from the baseline of no more than this is none (exact counts: any is "
             "one)"},
    {0},
};
