/* Puts flamegraph.css and flamegraph.js into the program as they are, each ended by a zero byte. */
#include "core/export/flamegraph_parts.h"

#define INCLUDE_TEXT(symbol, path)                                                                 \
	__asm__(".pushsection .rodata\n"                                                           \
	        ".globl " #symbol "\n"                                                             \
	        ".type " #symbol ", @object\n" #symbol ":\n"                                       \
	        ".incbin \"" path "\"\n"                                                           \
	        ".byte 0\n"                                                                        \
	        ".size " #symbol ", . - " #symbol "\n"                                             \
	        ".popsection\n")

INCLUDE_TEXT(flamegraph_css, "core/export/flamegraph.css");
INCLUDE_TEXT(flamegraph_js, "core/export/flamegraph.js");
