/* The inputs that mutations begin from. */
#include "tests/fuzz/seeds.h"

#include "core/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fuzz_input *fuzz_seeds;
size_t n_fuzz_seeds;
static size_t capacity;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(2);
}

void fuzz_seed(const void *bytes, size_t len)
{
	struct fuzz_input *seed = ARRAY_APPEND(fuzz_seeds, n_fuzz_seeds, capacity);

	seed->bytes = xmalloc(len ? len : 1);
	memcpy(seed->bytes, bytes, len);
	seed->len = len;
}

void fuzz_seed_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *bytes;
	long len;

	if (!file || fseek(file, 0, SEEK_END) || (len = ftell(file)) < 0)
		die(path);
	rewind(file);
	bytes = xmalloc((size_t)len);
	if (fread(bytes, 1, (size_t)len, file) != (size_t)len)
		die(path);
	fuzz_seed(bytes, (size_t)len);
	free(bytes);
	fclose(file);
}

void fuzz_seed_made_by(const char *command)
{
	char path[] = "/tmp/profile-scenario-fuzz.XXXXXX";
	char *whole;
	int fd = mkstemp(path);

	if (fd < 0)
		die(path);
	close(fd);
	whole = xasprintf("out=%s; %s", path, command);
	if (system(whole)) {
		fprintf(stderr, "failed: %s\n", command);
		exit(2);
	}
	fuzz_seed_file(path);
	unlink(path);
	free(whole);
}
