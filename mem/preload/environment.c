/* Puts our variables into environments that programs made themselves, and takes them out for images
 * we would break. */
#include "mem/preload/environment.h"

#include "mem/preload/calls.h"
#include "mem/preload/image.h"
#include "mem/preload/lookup.h"
#include "mem/preload/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_ROOM = 4096, ADDRESS_ROOM = 128 };

#define PRELOAD "LD_PRELOAD="
#define ADDRESS "PROFILE_SCENARIO="
#define SEPARATORS ": "

static char library[PATH_ROOM]; /* empty: we were not asked to record, and change nothing */
static char address[ADDRESS_ROOM];

void environment_remember(void)
{
	const char *value = getenv("PROFILE_SCENARIO");

	if (!value || strlen(value) >= sizeof(address) - strlen(ADDRESS))
		return;
	if (!lookup_own_path(library, sizeof(library)))
		return;
	strcpy(stpcpy(address, ADDRESS), value);
	sandbox_remember();
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

/* Not below another root, for instance, or where this user may not read: the dynamic linker would
 * write an error to stderr. What cannot be said (no descriptor is left) does not count. */
static bool library_is_there(void)
{
	int saved = errno, fd = call_openat(AT_FDCWD, library, O_RDONLY | O_CLOEXEC);
	bool is_there =
	    fd >= 0 || (errno != ENOENT && errno != ENOTDIR && errno != EACCES && errno != ELOOP);

	if (fd >= 0)
		call_close(fd);
	errno = saved;
	return is_there;
}

/* With both variables in it, or, where the image cannot load the library, without us in LD_PRELOAD.
 */
static bool is_right(char *const *environment, bool loads_us)
{
	const char *list = find(environment, PRELOAD);
	const char *driver = find(environment, ADDRESS);
	const char *us = list ? find_us(list) : NULL;

	if (!loads_us)
		return !us;
	/* It is another profile-scenario that executes its target. */
	if (driver && strcmp(driver, address + strlen(ADDRESS)) != 0)
		return true;
	/* An allocator that stands before us would not ask us. */
	return us == list && list && driver;
}

static size_t count(char *const *environment)
{
	size_t n = 0;

	while (environment && environment[n])
		n++;
	return n;
}

size_t environment_room(char *const *environment, enum environment_plan plan)
{
	const char *list = find(environment, PRELOAD);

	if (plan == ENVIRONMENT_AS_IT_IS)
		return 0;
	return (count(environment) + 3) * sizeof(char *) + strlen(PRELOAD) + strlen(library) + 2 +
	       (list ? strlen(list) : 0);
}

/* The list with us as the first, or without us; false when nothing is in it. */
static bool write_list(char *text, const char *list, bool with_us)
{
	char *start = stpcpy(text, PRELOAD), *end = with_us ? stpcpy(start, library) : start;
	size_t len;

	for (; list && *list; list += len + (list[len] != '\0')) {
		len = strcspn(list, SEPARATORS);
		if (!len || (len == strlen(library) && !memcmp(list, library, len)))
			continue;
		if (end > start)
			*end++ = ':';
		end = mempcpy(end, list, len);
	}
	*end = '\0';
	return end > start;
}

char **environment_make(char *const *environment, enum environment_plan plan, void *room)
{
	bool loads_us = plan == ENVIRONMENT_WITH_US;
	char **changed = room, **next = changed;
	char *text = (char *)(changed + count(environment) + 3);
	bool has_list;

	if (plan == ENVIRONMENT_AS_IT_IS)
		return (char **)environment;
	has_list = write_list(text, find(environment, PRELOAD), loads_us);
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

/* A sanitizer's library ends the program when another one comes before it. */
static bool names_sanitizer(const char *list)
{
	size_t len;

	for (; list && *list; list += len + (list[len] != '\0')) {
		len = strcspn(list, SEPARATORS);
		while (len && memchr(list, '/', len)) {
			list++;
			len--;
		}
		if (len && image_is_sanitizer(list))
			return true;
	}
	return false;
}

enum environment_plan environment_plan(char *const *environment, bool loads_us)
{
	if (!library[0])
		return ENVIRONMENT_AS_IT_IS;
	/* Who asks ld.so(8) for a list of libraries, as ldd(1) does, is not to see us in it. */
	loads_us = loads_us && !find(environment, "LD_TRACE_LOADED_OBJECTS=") &&
	           !names_sanitizer(find(environment, PRELOAD)) && library_is_there() &&
	           !sandbox_was_closed();
	if (is_right(environment, loads_us))
		return ENVIRONMENT_AS_IT_IS;
	return loads_us ? ENVIRONMENT_WITH_US : ENVIRONMENT_WITHOUT_US;
}
