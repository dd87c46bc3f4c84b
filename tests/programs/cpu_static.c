/* cpu_split, linked statically (programs.mk). */
#include "tests/programs/cpu_split.c"
