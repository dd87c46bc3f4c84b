/* cpu_split, with frame pointers (programs.mk). */
#include "tests/programs/cpu_split.c"
