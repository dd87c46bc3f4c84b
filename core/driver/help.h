/* The text of --help, made from the tables of verbs, options and collectors.
 */
#ifndef CORE_DRIVER_HELP_H
#define CORE_DRIVER_HELP_H

#include <stdio.h>

void help_print(FILE *out);

#endif
