/* A few calls under glibc's mtrace(3), or a block written beyond its end under mcheck(3): the
 * argument says which. */
#include <mcheck.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void found(enum mcheck_status status)
{
	fprintf(stderr, "mcheck: %d\n", (int)status);
	_Exit(3);
}

int main(int argc, char **argv)
{
	int checks = argc > 1 && !strcmp(argv[1], "check");
	char *volatile first;
	volatile char *volatile second; /* the compiler is to keep what is written to it */

	if (checks && mcheck(found))
		return 1;
	if (!checks)
		mtrace();
	first = malloc(100);
	second = malloc(50);
	first = realloc(first, 300);
	if (checks)
		second[50] = 1;
	free((void *)second);
	muntrace();
	return first == NULL;
}
