/* What a fuzz target is: one file in this folder that defines the two functions below.
 *
 * It is linked twice: with mutate.c into $(BUILD)/tests/fuzz/NAME, which `make check` runs for some
 * thousand inputs, and by `make fuzz` with libFuzzer, which sees what the parser does with them.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Gives the bytes to the parser and frees what came of it. Whatever they are, it must return, and
 * soon. 0 (libFuzzer's name and rule). */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Adds inputs that the parser takes, for mutations to begin from. */
void fuzz_add_seeds(void);

/* For fuzz_add_seeds(): a copy of the bytes, the contents of a file, or of the file $out that a
 * shell command makes. What fails ends the program. */
void fuzz_seed(const void *bytes, size_t len);
void fuzz_seed_file(const char *path);
void fuzz_seed_made_by(const char *command);

/* The bytes as a file in memory, positioned at its start; the caller closes it. */
int fuzz_file(const uint8_t *bytes, size_t len);

#endif
