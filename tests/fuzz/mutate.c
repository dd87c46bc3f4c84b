/* Runs a fuzz target on mutations of its seeds; no coverage, no clang, the same inputs every time.
 *
 * usage: TARGET [-n INPUTS | -t SECONDS | -i NUMBER] [-s SEED] | --write-seeds DIRECTORY
 *
 * Input NUMBER of a SEED is always the same bytes. When the target crashes, hangs for 20 s or a
 * sanitizer speaks, the line to run it again is printed.
 */
#include "tests/fuzz/seeds.h"

#include "core/alloc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
	const char *program;
	uint64_t seed;
	uint64_t input;
} now;

static uint64_t random_state;

/* xorshift64* (Vigna 2016) */
static uint64_t random_number(uint64_t below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * 0x2545f4914f6cdd1du >> 11) % below;
}

static void change_byte(struct fuzz_input *input)
{
	static const uint8_t favourites[] = {0, 1, 0x7f, 0x80, 0xff, ' ', '\n', '@', '<', '('};
	size_t at = random_number(input->len);

	switch (random_number(3)) {
	case 0:
		input->bytes[at] = favourites[random_number(sizeof(favourites))];
		break;
	case 1:
		input->bytes[at] ^= (uint8_t)(1u << random_number(8));
		break;
	default:
		input->bytes[at] = (uint8_t)random_number(256);
	}
}

/* Sizes and offsets: what overflows, what is one too many. */
static void change_word(struct fuzz_input *input)
{
	static const uint64_t favourites[] = {
	    0,          1,         0x7fffffff,        0x80000000,     0xfffffff0,
	    UINT32_MAX, INT64_MAX, (uint64_t)1 << 63, UINT64_MAX - 7, UINT64_MAX,
	};
	size_t size = (size_t)2 << random_number(3);
	uint64_t word = random_number(2) ? favourites[random_number(ARRAY_SIZE(favourites))]
	                                 : random_number(2 * input->len);

	if (input->len >= size)
		memcpy(input->bytes + random_number(input->len - size + 1), &word, size);
}

static void move_block(struct fuzz_input *input)
{
	size_t len = 1 + random_number(input->len < 64 ? input->len : 64);
	size_t from = random_number(input->len - len + 1), to = random_number(input->len - len + 1);

	memmove(input->bytes + to, input->bytes + from, len);
}

static void cut_out(struct fuzz_input *input)
{
	size_t len = random_number(input->len < 64 ? input->len : 64);
	size_t at = random_number(input->len - len);

	memmove(input->bytes + at, input->bytes + at + len, input->len - at - len);
	input->len -= len;
}

static void mutate(struct fuzz_input *input)
{
	for (size_t n = 1 + random_number(8); n-- && input->len;) {
		switch (random_number(16)) {
		case 0:
			input->len = 1 + random_number(input->len);
			break;
		case 1:
			cut_out(input);
			break;
		case 2:
		case 3:
			move_block(input);
			break;
		case 4:
		case 5:
		case 6:
		case 7:
			change_word(input);
			break;
		default:
			change_byte(input);
		}
	}
}

static void try_input(void)
{
	const struct fuzz_input *seed;
	struct fuzz_input input;

	random_state = (now.seed + 1) * 0x9e3779b97f4a7c15u ^ (now.input + 1) * 0xbf58476d1ce4e5b9u;
	random_number(2);
	seed = &fuzz_seeds[now.input % n_fuzz_seeds];
	/* A buffer of exactly that size, so that a sanitizer sees a read beyond it. */
	input = (struct fuzz_input){xmalloc(seed->len), seed->len};
	memcpy(input.bytes, seed->bytes, seed->len);
	if (now.input >= n_fuzz_seeds)
		mutate(&input);
	input.bytes = xrealloc(input.bytes, input.len ? input.len : 1);
	alarm(20);
	LLVMFuzzerTestOneInput(input.bytes, input.len);
	free(input.bytes);
}

static void say_which(int number)
{
	char text[256];
	int len =
	    snprintf(text, sizeof(text), "not ok: %s; again: %s -s %" PRIu64 " -i %" PRIu64 "\n",
	             number == SIGALRM ? "hangs" : "crashed", now.program, now.seed, now.input);

	if (write(STDOUT_FILENO, text, (size_t)len) < 0)
		_exit(3);
	signal(SIGABRT, SIG_DFL);
	abort();
}

/* Sanitizers print their report first, then abort. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "abort_on_error=1:handle_abort=0";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "abort_on_error=1:halt_on_error=1:print_stacktrace=1";
}

static void watch_for_crashes(void)
{
	static const int signals[] = {SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGSEGV};
	static uint8_t own_stack[1 << 16]; /* of the handler, for when the usual one overflows */
	const stack_t stack = {.ss_sp = own_stack, .ss_size = sizeof(own_stack)};
	struct sigaction action = {.sa_handler = say_which, .sa_flags = SA_ONSTACK};

	sigaltstack(&stack, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct sigaction old;

		/* A sanitizer tells more of these, and ends in SIGABRT. */
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler == SIG_DFL)
			sigaction(signals[i], &action, NULL);
	}
}

static void write_seeds(const char *directory)
{
	for (size_t i = 0; i < n_fuzz_seeds; i++) {
		char *path = xasprintf("%s/seed-%zu", directory, i);
		FILE *file = fopen(path, "w");

		if (!file ||
		    fwrite(fuzz_seeds[i].bytes, 1, fuzz_seeds[i].len, file) != fuzz_seeds[i].len ||
		    fclose(file)) {
			perror(path);
			exit(2);
		}
		free(path);
	}
}

static void run(uint64_t n_inputs, time_t seconds)
{
	time_t end = time(NULL) + seconds;

	for (now.input = 0; seconds ? time(NULL) < end : now.input < n_inputs; now.input++)
		try_input();
	alarm(0);
	printf("%" PRIu64 " inputs, seed %" PRIu64 "\n", now.input, now.seed);
}

int main(int argc, char **argv)
{
	uint64_t n_inputs = 3000;
	time_t seconds = 0;
	bool only_one = false;
	int option;

	now.program = argv[0];
	fuzz_add_seeds();
	if (argc == 3 && !strcmp(argv[1], "--write-seeds")) {
		write_seeds(argv[2]);
		return 0;
	}
	while ((option = getopt(argc, argv, "n:t:i:s:")) != -1) {
		if (option == '?')
			return 2;
		uint64_t number = strtoull(optarg, NULL, 10);

		if (option == 'n')
			n_inputs = number;
		else if (option == 't')
			seconds = (time_t)number;
		else if (option == 's')
			now.seed = number;
		else
			now.input = number;
		only_one |= option == 'i';
	}
	watch_for_crashes();
	if (only_one)
		try_input();
	else
		run(n_inputs, seconds);
	return 0;
}
