/* Allocations that libc makes for its callers or for itself, by many of its functions;
 * deterministic. */
#include <ctype.h>
#include <dirent.h>
#include <glob.h>
#include <iconv.h>
#include <obstack.h>
#include <regex.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wordexp.h>

#define obstack_chunk_alloc malloc
#define obstack_chunk_free free

static int texts(void)
{
	char *text = NULL, *line = NULL, *copy = strdup("a copy");
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len), *in;

	for (int i = 0; i < 2000; i++)
		fprintf(memory, "%d lines\n", i);
	fclose(memory);
	in = fmemopen(text, len, "r");
	for (len = 0; getline(&line, &len, in) > 0;)
		;
	fclose(in);
	free(line);
	free(text);
	free(copy);
	free(strndup("only a part", 6));
	if (asprintf(&text, "%0*d", 5000, 7) != 5000)
		return 1;
	free(text);
	return !strdup("never freed");
}

static int files(void)
{
	FILE *file = fopen("/proc/self/stat", "r"), *temporary = tmpfile();
	char *path = realpath("/usr/../usr/lib", NULL), *directory = getcwd(NULL, 0);
	DIR *root = opendir("/");

	if (!file || !path || !directory || !root || !temporary)
		return 1;
	fgetc(file);
	fclose(file);
	fclose(temporary);
	while (readdir(root))
		;
	closedir(root);
	free(path);
	free(directory);
	return 0;
}

static int patterns(void)
{
	wordexp_t words;
	regex_t pattern;
	glob_t paths;

	if (regcomp(&pattern, "^(a|bc*d)+[0-9]{2,5}$", REG_EXTENDED) ||
	    regexec(&pattern, "abccd123", 0, NULL, 0))
		return 1;
	regfree(&pattern);
	if (glob("/usr/*", 0, NULL, &paths) || wordexp("~/x $((3 + 4))", &words, 0))
		return 1;
	globfree(&paths);
	wordfree(&words);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, 2000);
}

static int tables(void)
{
	struct obstack stack;
	void *tree = NULL, *large = calloc(300, 2000);
	static char keys[100];

	obstack_init(&stack);
	for (int i = 0; i < 500; i++)
		obstack_blank(&stack, 100 + i);
	obstack_finish(&stack);
	obstack_free(&stack, NULL);
	if (!hcreate(100) || !large)
		return 1;
	hdestroy();
	for (int i = 0; i < 100; i++)
		tsearch(&keys[i], &tree, compare);
	qsort(large, 300, 2000, compare); /* 600 KB: too much for its stack */
	free(large);
	return 0;
}

int main(void)
{
	return texts() || files() || patterns() || tables();
}
