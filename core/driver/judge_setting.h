/* What a scenario file may say: the sections and keys that collectors, options, findings and
 * metrics know.
 */
#ifndef CORE_DRIVER_JUDGE_SETTING_H
#define CORE_DRIVER_JUDGE_SETTING_H

#include "core/scenario.h"

struct collector;

scenario_judge judge_setting;

/* The option that a key in a type's section sets: the type's own or, with *is_common, one of every
 * type. NULL: neither. */
const struct option_row *type_setting_row(const struct collector *collector, const char *key,
                                          bool *is_common);

#endif
