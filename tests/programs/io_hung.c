/* Waits in a call until the test lets it go.
 *
 * io_hung open PATH: in openat(2) of a FIFO that nobody else has open.
 * io_hung vfork: in vfork(2), which no signal but SIGKILL ends; its child reads standard input. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char byte;

	if (argc == 3 && !strcmp(argv[1], "open"))
		return open(argv[2], O_RDONLY) < 0;
	if (argc == 2 && !strcmp(argv[1], "vfork") && !vfork())
		_exit(read(0, &byte, 1) < 0);
	return 0;
}
