/* The other half of split DWARF: a .dwo file, or the .dwp that packs many, beside a whole program.
 */
#include "tests/fuzz/fuzz.h"

#include "core/alloc.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Two functions with an inlined call, in sections of their own: lists of ranges. */
static const char make_program[] =
    "cd %s && printf 'static inline __attribute__((always_inline)) int inner(int x) { return x * x "
    "+ 1; "
    "}\\n"
    "int f(int x) { return inner(x) ^ 5; } int main(int c, char **v) { return f(c) + inner(c); "
    "}\\n' "
    ">main.c && gcc -O2 -g -gdwarf-%d -gsplit-dwarf -ffunction-sections -c main.c && "
    "gcc -nostdlib -Wl,-e,main -o main%d main.o && cp main.dwo main%d.single && "
    "{ dwp -e main%d -o main%d.dwp 2>/dev/null || cp main.dwo main%d.dwp; }";

static char *directory;

static void remove_directory(void)
{
	char *command = xasprintf("rm -r %s", directory);

	if (system(command))
		perror(command);
	free(command);
	free(directory);
}

static void build(void)
{
	if (directory)
		return;
	directory = xstrdup("/dev/shm/profile-scenario-fuzz.XXXXXX");
	if (!mkdtemp(directory))
		abort();
	atexit(remove_directory);
	for (int version = 4; version <= 5; version++) {
		char *command = xasprintf(make_program, directory, version, version, version,
		                          version, version, version);

		if (system(command))
			abort();
		free(command);
	}
}

void fuzz_add_seeds(void)
{
	static const char *const names[] = {"main4.single", "main4.dwp", "main5.single"};

	build();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *path = xasprintf("%s/%s", directory, names[i]);

		fuzz_seed_file(path);
		free(path);
	}
}

static void write_file(const char *name, const uint8_t *bytes, size_t len)
{
	char *path = xasprintf("%s/%s", directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		abort();
	close(fd);
	free(path);
}

static bool see(void *context, const char *function, const uint64_t *address)
{
	(void)function;
	(void)address;
	(*(size_t *)context)++;
	return true;
}

static void name_all(const char *program)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct object object = {.kind = OBJECT_FILE, .fd = -1};
	const struct symbol_frame *frames;
	size_t n_functions = 0;

	object.path = xasprintf("%s/%s", directory, program);
	for (uint64_t vaddr = 0x1000; vaddr < 0x1040; vaddr += 3)
		symbolizer_look_up(symbolizer, &object, vaddr, false, &frames);
	symbolizer_each_function(symbolizer, &object, see, &n_functions);
	symbolizer_remedy(symbolizer, &object);
	symbolizer_free(symbolizer);
	free(object.path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char *const programs[] = {"main4", "main5"};

	build();
	write_file("main.dwo", bytes, len);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		char *package = xasprintf("%s.dwp", programs[i]);

		write_file(package, bytes, len);
		name_all(programs[i]);
		free(package);
	}
	return 0;
}
