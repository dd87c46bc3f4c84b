/* Machine code as text, by libcapstone (www.capstone-engine.org).
 *
 * The library is loaded when the first disassembler is opened: its 77,000 relocations would cost
 * every start of the program 1.4 ms.
 */
#ifndef CORE_ANNOTATE_DISASSEMBLER_H
#define CORE_ANNOTATE_DISASSEMBLER_H

#include <stddef.h>
#include <stdint.h>

struct diag;
struct disassembler;

struct instruction {
	size_t len_bytes; /* at least 1 */
	char text[256]; /* in the AT&T syntax, as objdump prints it; "(bad)": none that is known */
};

/* For x86-64. 0, or -ENOENT with a sentence that names the package to install. */
int disassembler_open(struct disassembler **disassembler, struct diag *diag);
void disassembler_free(struct disassembler *disassembler);

/* The instruction at the start of the bytes, of which there is at least one; `address` is theirs.
 */
void disassemble(struct disassembler *disassembler, const uint8_t *bytes, size_t len_bytes,
                 uint64_t address, struct instruction *instruction);

#endif
