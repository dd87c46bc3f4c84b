/* Makes the URL of a group of a Pushgateway. */
#include "core/push/pushgateway.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/manifest_members.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The length of "http://", or 0. */
static size_t scheme_len(const char *url)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (!strncasecmp(url, schemes[i], strlen(schemes[i])))
			return strlen(schemes[i]);
	return 0;
}

/* Behind "USER:PASSWORD@", the last @ before the path. */
static const char *host_of(const char *url)
{
	const char *start = url + scheme_len(url);
	const char *host = start;

	for (const char *c = start; *c && !strchr("/?#", *c); c++)
		if (*c == '@')
			host = c + 1;
	return host;
}

char *pushgateway_shown(const char *url)
{
	return xasprintf("%.*s%s", (int)scheme_len(url), url, host_of(url));
}

int pushgateway_check(const char *url, struct diag *diag)
{
	char *shown;
	int err = 0;

	if (!scheme_len(url))
		return diag_fail(diag, EINVAL,
		                 "--push takes the URL of a Pushgateway, such as "
		                 "http://gateway:9091");
	shown = pushgateway_shown(url);
	if (!*host_of(url) || strchr("/?#:", *host_of(url)))
		err = diag_fail(diag, EINVAL, "--push: there is no host in %s", shown);
	else if (strpbrk(host_of(url), "?#"))
		err = diag_fail(diag, EINVAL, "--push: %s goes on behind its path", shown);
	for (const char *c = url; *c && !err; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			err = diag_fail(diag, EINVAL,
			                "--push: a blank or control character in %s is to be "
			                "written as %%20",
			                shown);
	free(shown);
	return err;
}

/* RFC 4648, section 5, as Go's base64.URLEncoding has it. */
static void write_base64(FILE *out, const char *text)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i += 3) {
		unsigned word = (unsigned char)text[i] << 16;

		if (i + 1 < len)
			word |= (unsigned)(unsigned char)text[i + 1] << 8;
		if (i + 2 < len)
			word |= (unsigned char)text[i + 2];
		putc(digits[word >> 18], out);
		putc(digits[word >> 12 & 63], out);
		putc(i + 1 < len ? digits[word >> 6 & 63] : '=', out);
		putc(i + 2 < len ? digits[word & 63] : '=', out);
	}
	/* A part that is empty would be no part of the path. */
	if (!len)
		putc('=', out);
}

/* RFC 3986, 2.3: what needs no escape. */
static int is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~", c));
}

static void write_label(FILE *out, const char *name, const char *value)
{
	/* "." and ".." are steps of a path, whatever is written for them. */
	if (!*value || strchr(value, '/') || !strcmp(value, ".") || !strcmp(value, "..")) {
		fprintf(out, "/%s@base64/", name);
		write_base64(out, value);
		return;
	}
	fprintf(out, "/%s/", name);
	for (const char *c = value; *c; c++)
		if (is_unreserved(*c))
			putc(*c, out);
		else
			fprintf(out, "%%%02X", (unsigned char)*c);
}

char *pushgateway_group(const char *url, const json_t *manifest)
{
	size_t len = strlen(url), len_bytes;
	char *group = NULL;
	FILE *out = open_memstream(&group, &len_bytes);

	BUG(!out);
	while (len && url[len - 1] == '/')
		len--;
	fprintf(out, "%.*s/metrics", (int)len, url);
	write_label(out, "job", "profile-scenario");
	write_label(out, "instance", member_text(json_object_get(manifest, "host"), "hostname"));
	write_label(out, "scenario", member_text(manifest, "scenario"));
	write_label(out, "type", member_text(manifest, "type"));
	fclose(out);
	return group;
}
