/* Puts our variables into environments that programs made themselves, and takes them out for images
 * we would break. */
#include "mem/preload/environment.h"

#include "mem/preload/lookup.h"

#include <stdlib.h>
#include <string.h>

enum { PATH_ROOM = 4096, ADDRESS_ROOM = 128 };

#define PRELOAD "LD_PRELOAD="
#define ADDRESS "PROFILE_SCENARIO="

static char library[PATH_ROOM]; /* empty: we were not asked to record, and change nothing */
static char address[ADDRESS_ROOM];

void environment_remember(void)
{
	const char *value = getenv("PROFILE_SCENARIO");

	if (!value || strlen(value) >= sizeof(address) - strlen(ADDRESS))
		return;
	if (lookup_own_path(library, sizeof(library)))
		strcpy(stpcpy(address, ADDRESS), value);
}

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* Where the list of libraries (separated by spaces or colons, ld.so(8)) names ours, or NULL. */
static const char *find_us(const char *list)
{
	size_t len = strlen(library);

	for (const char *at = list; (at = strstr(at, library)); at += len)
		if ((at == list || at[-1] == ':' || at[-1] == ' ') &&
		    (at[len] == '\0' || at[len] == ':' || at[len] == ' '))
			return at;
	return NULL;
}

static const char *find(char *const *environment, const char *name)
{
	for (; environment && *environment; environment++)
		if (starts_with(*environment, name))
			return *environment + strlen(name);
	return NULL;
}

bool environment_is_right(char *const *environment, bool loads_us)
{
	const char *list = find(environment, PRELOAD);
	const char *driver = find(environment, ADDRESS);
	bool has_us = library[0] && list && find_us(list);

	if (!library[0] || !loads_us)
		return !has_us;
	return has_us && driver && strcmp(driver, address + strlen(ADDRESS)) == 0;
}

static size_t count(char *const *environment)
{
	size_t n = 0;

	while (environment && environment[n])
		n++;
	return n;
}

size_t environment_room(char *const *environment)
{
	const char *list = find(environment, PRELOAD);

	return (count(environment) + 3) * sizeof(char *) + strlen(PRELOAD) + strlen(library) + 2 +
	       (list ? strlen(list) : 0);
}

/* The list without us; false when nothing is left of it. */
static bool write_list_without_us(char *text, const char *list)
{
	const char *us = find_us(list), *rest = us + strlen(library);
	char *end = stpcpy(text, PRELOAD);

	end = mempcpy(end, list, (size_t)(us - list));
	if (*rest)
		rest++; /* its separator goes with it */
	else if (us > list)
		end--;
	strcpy(end, rest);
	return text[strlen(PRELOAD)] != '\0';
}

char **environment_change(char *const *environment, bool loads_us, void *room)
{
	char **changed = room, **next = changed;
	char *text = (char *)(changed + count(environment) + 3);
	const char *list = find(environment, PRELOAD);
	bool has_us = list && find_us(list), has_list = true;

	if (!loads_us)
		has_list = write_list_without_us(text, list);
	else if (has_us)
		strcpy(stpcpy(text, PRELOAD), list);
	else
		strcpy(stpcpy(stpcpy(stpcpy(text, PRELOAD), library), list && *list ? ":" : ""),
		       list ? list : "");
	for (; environment && *environment; environment++)
		if (!starts_with(*environment, PRELOAD) &&
		    !(loads_us && starts_with(*environment, ADDRESS)))
			*next++ = *environment;
	if (has_list)
		*next++ = text;
	if (loads_us)
		*next++ = address;
	*next = NULL;
	return changed;
}
