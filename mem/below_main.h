/* The functions of the C library that call main, which valgrind calls by one name together. */
#ifndef MEM_BELOW_MAIN_H
#define MEM_BELOW_MAIN_H

#include <stdbool.h>

/* Their name. */
#define BELOW_MAIN "(below main)"

/* `function` is a symbol, or the function's name. */
bool is_below_main(const char *function);

#endif
