/* begin: leaves when it began, in seconds of CLOCK_MONOTONIC, in the file "begun" here, and does
 * nothing else. */
#include <stdio.h>
#include <time.h>

int main(void)
{
	struct timespec now;
	FILE *file;

	clock_gettime(CLOCK_MONOTONIC, &now);
	file = fopen("begun", "we");
	if (!file || fprintf(file, "%lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec) < 0 ||
	    fclose(file)) {
		perror("begin: begun");
		return 1;
	}
	return 0;
}
