/* A function in a function, as GNU C has them: its code is apart from that of the outer one. */
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static int outer(int count)
{
	__attribute__((noinline)) int inner(int number)
	{
		return number * 3 + count;
	}
	int sum = 0;

	for (int i = 0; i < count; i++)
		sum += inner(i);
	return sum;
}

int main(int argc, char **argv)
{
	printf("%d\n", outer(argc > 1 ? atoi(argv[1]) : 3));
	return 0;
}
