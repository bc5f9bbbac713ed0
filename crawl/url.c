#include "crawl/url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>
#include <curl/curl.h>

#include "common/arena.h"
#include "common/file.h"
#include "crawl/address.h"

/* The reference as a browser reads it: trimmed, without tabs and line ends. NULL if too long or empty. */
static char *clean(const char *reference)
{
	size_t n, at = 0;
	char *out;

	while (isspace((unsigned char)*reference))
		reference++;
	n = strlen(reference);
	while (n && isspace((unsigned char)reference[n - 1]))
		n--;
	if (n == 0 || n > URL_MAX)
		return NULL;
	out = xmalloc(n + 1);
	for (size_t i = 0; i < n; i++)
		if (reference[i] != '\t' && reference[i] != '\n' && reference[i] != '\r')
			out[at++] = reference[i];
	out[at] = '\0';
	return out;
}

/* True if the reference names a scheme that is neither http nor https. */
static bool foreign_scheme(const char *s)
{
	size_t n = 0;

	if (!isalpha((unsigned char)*s))
		return false;
	while (isalnum((unsigned char)s[n]) || s[n] == '+' || s[n] == '-' || s[n] == '.')
		n++;
	return s[n] == ':' && !(n == 4 && strncasecmp(s, "http", 4) == 0) && !(n == 5 && strncasecmp(s, "https", 5) == 0);
}

/* curl's string for a part, in memory that free() takes; NULL if there is none. */
static char *part(CURLU *u, CURLUPart which, unsigned flags)
{
	char *value = NULL, *copy;

	if (curl_url_get(u, which, &value, flags) != CURLUE_OK || !value)
		return NULL;
	copy = xstrdup(value);
	curl_free(value);
	return copy;
}

char *url_resolve(const char *base, const char *reference)
{
	char *cleaned = clean(reference), *out = NULL, *scheme = NULL;
	CURLU *u = curl_url();

	if (!u || !cleaned || foreign_scheme(cleaned))
		goto out;
	if (base && curl_url_set(u, CURLUPART_URL, base, CURLU_URLENCODE) != CURLUE_OK)
		goto out;
	if (curl_url_set(u, CURLUPART_URL, cleaned, CURLU_URLENCODE) != CURLUE_OK)
		goto out;
	scheme = part(u, CURLUPART_SCHEME, 0);
	if (!scheme || (strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0))
		goto out;
	if (curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK ||
	    curl_url_set(u, CURLUPART_USER, NULL, 0) != CURLUE_OK ||
	    curl_url_set(u, CURLUPART_PASSWORD, NULL, 0) != CURLUE_OK)
		goto out;
	out = part(u, CURLUPART_URL, 0);
	if (out && strlen(out) > URL_MAX) {
		free(out);
		out = NULL;
	}
out:
	free(scheme);
	free(cleaned);
	curl_url_cleanup(u);
	return out;
}

static CURLU *parse(const char *url)
{
	CURLU *u = curl_url();

	if (!u || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK)
		BUG("not a URL that url_resolve gave: %s", url);
	return u;
}

char *url_authority(const char *url)
{
	CURLU *u = parse(url);
	char *scheme = part(u, CURLUPART_SCHEME, 0), *host = part(u, CURLUPART_HOST, 0),
		 *port = part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT), *out;

	out = path_printf("%s://%s:%s", scheme ? scheme : "", host ? host : "", port ? port : "");
	for (char *p = out; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	free(scheme);
	free(host);
	free(port);
	curl_url_cleanup(u);
	return out;
}

char *url_target(const char *url)
{
	CURLU *u = parse(url);
	char *path = part(u, CURLUPART_PATH, 0), *query = part(u, CURLUPART_QUERY, 0), *out;

	out = path_printf("%s%s%s", path ? path : "/", query ? "?" : "", query ? query : "");
	free(path);
	free(query);
	curl_url_cleanup(u);
	return out;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcasecmp(s + n - m, end) == 0;
}

static bool name_is_public(const char *host)
{
	static const char *const reserved[] = {".test",  ".example",  ".invalid",  ".localhost",
	                                       ".local", ".internal", ".home.arpa"};

	if (!strchr(host, '.'))
		return false;
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (ends_with(host, reserved[i]))
			return false;
	return true;
}

bool url_is_public(const char *url)
{
	CURLU *u = parse(url);
	char *host = part(u, CURLUPART_HOST, 0);
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	bool is_public = false;
	size_t n = host ? strlen(host) : 0;

	if (n > 2 && host[0] == '[') {
		host[n - 1] = '\0';
		is_public = inet_pton(AF_INET6, host + 1, &v6.sin6_addr) == 1 &&
		            address_class((struct sockaddr *)&v6) == ADDRESS_PUBLIC;
	} else if (n && inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
		is_public = address_class((struct sockaddr *)&v4) == ADDRESS_PUBLIC;
	} else if (n) {
		if (host[n - 1] == '.')
			host[n - 1] = '\0';
		is_public = name_is_public(host);
	}
	free(host);
	curl_url_cleanup(u);
	return is_public;
}
