/* The same, built so that frames are found by their frame pointers alone (programs.mk). */
#include "tests/programs/offcpu_waits.c"
