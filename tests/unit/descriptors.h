/* For tests that nothing stays open. To be included after cmocka.h. */
#ifndef TESTS_UNIT_DESCRIPTORS_H
#define TESTS_UNIT_DESCRIPTORS_H

#include <dirent.h>

/* How many this process has open, and three more: ".", ".." and the directory that is read. */
static inline int count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int n_found = 0;

	assert_non_null(directory);
	while (readdir(directory))
		n_found++;
	closedir(directory);
	return n_found;
}

#endif
