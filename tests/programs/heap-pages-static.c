/* heap-pages, linked statically (programs.mk). */
#include "tests/programs/heap-pages.c"
