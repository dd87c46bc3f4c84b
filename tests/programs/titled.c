/* Writes a title over its arguments, as servers do, and zeros behind it; then waits for a signal.
 *
 *   titled TITLE [WORD...]     with an empty TITLE the arguments stay as they are
 *
 * Its pid is printed when that is done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char *end = argv[argc - 1] + strlen(argv[argc - 1]);
	char *title = argc > 1 ? strdup(argv[1]) : NULL;

	if (!title)
		return 2;
	if (*title) {
		memset(argv[0], 0, (size_t)(end - argv[0]));
		strcpy(argv[0], title); /* it is among them: there is room */
	}
	free(title);
	printf("%d\n", (int)getpid());
	fflush(stdout);
	pause();
	return 0;
}
