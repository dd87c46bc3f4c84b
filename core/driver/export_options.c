/* The table of export's own options. */
#include "core/driver/export_options.h"

#include "core/driver/stored_run.h"

#define FIELD(name) offsetof(struct export_verb_options, name)

const struct option_row export_option_rows[] = {
    {.name = "format",
     .kind = OPTION_TEXT,
     .field = FIELD(format),
     .argument = "FORMAT",
     .help = "one of the formats above"},
    {.name = "o",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .field = FIELD(file),
     .argument = "FILE",
     .help = "write to FILE, which is replaced when all is written, instead of stdout"},
    SELECTION_OPTION_ROWS(struct export_verb_options, chosen),
    VALUE_OPTION_ROW(struct export_verb_options),
    PICTURE_OPTION_ROWS(struct export_verb_options, picture),
    {0},
};
