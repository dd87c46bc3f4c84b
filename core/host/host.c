/* Collects what the machine tells about itself. */
#include "core/host/host.h"

#include "core/alloc.h"
#include "core/host/host_cpu.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/utsname.h>
#include <unistd.h>

static json_t *read_text(const char *line)
{
	return *line ? json_string(line) : NULL;
}

static json_t *read_integer(const char *line)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(line, &end, 10);
	return end == line || *end || errno ? NULL : json_integer(value);
}

static json_t *read_flag(const char *line)
{
	if (strcmp(line, "0") != 0 && strcmp(line, "1") != 0)
		return NULL;
	return json_boolean(*line == '1');
}

static json_t *read_inverted_flag(const char *line)
{
	json_t *flag = read_flag(line);

	return flag ? json_boolean(!json_is_true(flag)) : NULL;
}

/* The chosen word of "always [madvise] never". */
static json_t *read_bracketed(const char *line)
{
	const char *start = strchr(line, '[');
	const char *end = start ? strchr(start, ']') : NULL;

	return end ? json_stringn(start + 1, (size_t)(end - start - 1)) : NULL;
}

/* The text behind "model name : ". */
static json_t *read_after_colon(const char *line)
{
	const char *colon = strchr(line, ':');

	return colon ? read_text(colon + 1 + strspn(colon + 1, " \t")) : NULL;
}

/* Rows of one key are tried in this order. */
static const struct host_file {
	const char *key;
	const char *path;
	json_t *(*read)(const char *line); /* new reference; NULL: it does not tell */
	const char *line_start;            /* of the line meant; NULL: the first */
} files[] = {
    {"cpu_model", "/proc/cpuinfo", read_after_colon, "model name"},
    {"governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", read_text, NULL},
    {"turbo", "/sys/devices/system/cpu/intel_pstate/no_turbo", read_inverted_flag, NULL},
    {"turbo", "/sys/devices/system/cpu/cpufreq/boost", read_flag, NULL},
    {"smt", "/sys/devices/system/cpu/smt/active", read_flag, NULL},
    {"aslr", "/proc/sys/kernel/randomize_va_space", read_integer, NULL},
    {"thp", "/sys/kernel/mm/transparent_hugepage/enabled", read_bracketed, NULL},
    {"perf_event_paranoid", "/proc/sys/kernel/perf_event_paranoid", read_integer, NULL},
    /* Written by container managers (systemd.io/CONTAINER_INTERFACE). */
    {"container", "/run/systemd/container", read_text, NULL},
};

/* Files whose being there tells the container. There is none that tells of no container. */
static const struct {
	const char *path;
	const char *container;
} container_marks[] = {
    {"/run/.containerenv", "podman"},
    {"/.dockerenv", "docker"},
    {"/var/run/secrets/kubernetes.io", "kubernetes"},
};

static void add_file(json_t *host, const char *root, const struct host_file *file)
{
	char *path = xasprintf("%s%s", root, file->path);
	FILE *stream = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (stream && !found && getline(&line, &size, stream) > 0)
		found = !file->line_start ||
		        strncmp(line, file->line_start, strlen(file->line_start)) == 0;
	if (found) {
		line[strcspn(line, "\n")] = '\0';
		json_object_set_new(host, file->key, file->read(line));
	}
	if (stream)
		fclose(stream);
	free(line);
	free(path);
}

static void add_container(json_t *host, const char *root)
{
	for (size_t i = 0; i < ARRAY_SIZE(container_marks); i++) {
		char *path = xasprintf("%s%s", root, container_marks[i].path);

		if (!json_object_get(host, "container") && access(path, F_OK) == 0)
			json_object_set_new(host, "container",
			                    json_string(container_marks[i].container));
		free(path);
	}
}

static void add_numa_nodes(json_t *host, const char *root)
{
	char *path = xasprintf("%s/sys/devices/system/node", root);
	DIR *list = opendir(path);
	struct dirent *entry;
	int nodes = 0;

	while (list && (entry = readdir(list)))
		nodes += strncmp(entry->d_name, "node", 4) == 0 && entry->d_name[4] >= '0' &&
		         entry->d_name[4] <= '9';
	if (nodes)
		json_object_set_new(host, "numa_nodes", json_integer(nodes));
	if (list)
		closedir(list);
	free(path);
}

void host_add_files(json_t *host, const char *root)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (!json_object_get(host, files[i].key))
			add_file(host, root, &files[i]);
	}
	add_container(host, root);
	add_numa_nodes(host, root);
}

static void add_system(json_t *host)
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const long pages = sysconf(_SC_PHYS_PAGES);
	struct utsname system;
	double load;

	if (uname(&system) == 0) {
		json_object_set_new(host, "hostname", json_string(system.nodename));
		json_object_set_new(host, "kernel", json_string(system.release));
	}
	if (cpus > 0)
		json_object_set_new(host, "cpus", json_integer(cpus));
	if (pages > 0)
		json_object_set_new(host, "memory_bytes",
		                    json_integer(pages * sysconf(_SC_PAGESIZE)));
	if (getloadavg(&load, 1) == 1)
		json_object_set_new(host, "load_1m", json_real(load));
	json_object_set_new(host, "libc", json_sprintf("glibc %s", gnu_get_libc_version()));
}

/* setarch -R before us holds for the target too, whatever the sysctl says. */
static void add_personality(json_t *host)
{
	const int current = personality(0xffffffff);

	if (current != -1 && (current & ADDR_NO_RANDOMIZE))
		json_object_set_new(host, "aslr", json_integer(0));
}

json_t *host_to_json(void)
{
	json_t *host = json_object();
	char name[HOST_CPU_NAME_SIZE];
	const char *hypervisor = host_cpu_hypervisor(name);

	add_system(host);
	if (hypervisor)
		json_object_set_new(host, "virtualization", json_string(hypervisor));
	host_add_files(host, "");
	add_personality(host);
	return host;
}
