/* counted ALLOCATIONS CALLS [unlink]: as many blocks of 100 bytes, and as many writes of a byte to
 * /dev/null, and perhaps one call that it else never makes; nothing else of it differs from run to
 * run. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((noinline)) static void *make_block(void)
{
	void *block = malloc(100);

	__asm__ volatile("" : : "r"(block) : "memory");
	return block;
}

__attribute__((noinline)) static int write_byte(int fd)
{
	return write(fd, "x", 1) == 1;
}

int main(int argc, char **argv)
{
	int n_blocks = argc > 1 ? atoi(argv[1]) : 10;
	int n_calls = argc > 2 ? atoi(argv[2]) : 10;
	int null = open("/dev/null", O_WRONLY);

	for (int i = 0; i < n_blocks; i++)
		free(make_block());
	for (int i = 0; i < n_calls; i++)
		if (!write_byte(null))
			return 1;
	if (argc > 3)
		unlink("/nonexistent/counted");
	return 0;
}
