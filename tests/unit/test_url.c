/* URLs, the addresses behind them, and the waiting that servers ask for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "common/arena.h"
#include "crawl/address.h"
#include "crawl/cause.h"
#include "crawl/retry_after.h"
#include "crawl/url.h"

static void check(const char *base, const char *reference, const char *wanted)
{
	char *url = url_resolve(base, reference);

	if (wanted) {
		assert_non_null(url);
		assert_string_equal(url, wanted);
	} else {
		assert_null(url);
	}
	free(url);
}

static void resolves(void **state)
{
	static const char base[] = "http://h.test/b/c/d?q";

	(void)state;
	check(NULL, "http://h.test", "http://h.test/");
	check(NULL, "HTTPS://H.test:8443/a/../b?x=1#f", "https://H.test:8443/b?x=1");
	check(NULL, "http://u:p@h.test/", "http://h.test/");
	check(NULL, "/a", NULL);
	check(NULL, "", NULL);
	check(NULL, "ftp://h.test/", NULL);
	check(NULL, "javascript:0", NULL);
	check(NULL, "http://", NULL);
	check(NULL, "http://h .test/", NULL);
	check(base, "g", "http://h.test/b/c/g");
	check(base, "./g", "http://h.test/b/c/g");
	check(base, "../g?y", "http://h.test/b/g?y");
	check(base, "/g", "http://h.test/g");
	check(base, "//g.test/x", "http://g.test/x");
	check(base, "?y", "http://h.test/b/c/d?y");
	check(base, " \n/a\tb ", "http://h.test/ab");
	check(base, "https://g.test/x y", "https://g.test/x%20y");
	check(base, "/caf\xc3\xa9", "http://h.test/caf%c3%a9");
	check(base, "mailto:a@h.test", NULL);
	check(base, "file:///etc/passwd", NULL);
	check(base, "gopher://127.0.0.1/", NULL);
}

static void refuses_overlong(void **state)
{
	char *text = xmalloc(URL_MAX + 2);

	(void)state;
	memset(text, 'a', URL_MAX + 1);
	memcpy(text, "http://h.test/", 14);
	text[URL_MAX + 1] = '\0';
	check(NULL, text, NULL);
	free(text);
}

static void takes_apart(void **state)
{
	char *s;

	(void)state;
	s = url_authority("http://H.Test/a");
	assert_string_equal(s, "http://h.test:80");
	free(s);
	s = url_authority("https://h.test:8443/a?b");
	assert_string_equal(s, "https://h.test:8443");
	free(s);
	s = url_target("https://h.test/a/b?c=d");
	assert_string_equal(s, "/a/b?c=d");
	free(s);
	s = url_target("https://h.test/");
	assert_string_equal(s, "/");
	free(s);
}

static void tells_public_hosts(void **state)
{
	static const char *const open[] = {"http://news.example.com/a", "https://8.8.8.8/", "http://[2606:4700::1111]/"};
	static const char *const closed[] = {"http://localhost/",    "http://www.daily-example.test/",
	                                     "http://127.0.0.1:80/", "http://10.1.2.3/",
	                                     "http://[::1]/",        "http://mirror/",
	                                     "http://a.local/"};

	(void)state;
	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		assert_true(url_is_public(open[i]));
	for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
		assert_false(url_is_public(closed[i]));
}

static enum address_class class_of(const char *text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return address_class((struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return address_class((struct sockaddr *)&v6);
}

static void judges_addresses(void **state)
{
	static const char *const loopback[] = {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1",
	                                       "64:ff9b::127.0.0.1"};
	static const char *const closed[] = {
		"0.0.0.0",      "10.0.0.1",        "100.64.0.1",         "100.127.255.255", "169.254.169.254", "172.16.0.1",
		"172.31.0.1",   "192.0.0.8",       "192.0.2.1",          "192.168.1.1",     "198.18.0.1",      "198.19.255.255",
		"198.51.100.1", "203.0.113.1",     "224.0.0.1",          "240.0.0.1",       "255.255.255.255", "::",
		"fe80::1",      "fc00::1",         "fd00:ec2::254",      "ff02::1",         "2001:db8::1",     "2002:a00:1::1",
		"2001::1",      "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "fec0::1",         "4000::1",
	};
	static const char *const open[] = {"1.1.1.1",         "8.8.8.8",         "100.63.0.1",   "100.128.0.1",
	                                   "172.15.0.1",      "172.32.0.1",      "192.0.1.1",    "198.17.0.1",
	                                   "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8",
	                                   "2002:808:808::1"};
	struct sockaddr local = {.sa_family = AF_UNIX};

	(void)state;
	for (size_t i = 0; i < sizeof loopback / sizeof *loopback; i++)
		assert_int_equal(class_of(loopback[i]), ADDRESS_LOOPBACK);
	for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
		assert_int_equal(class_of(closed[i]), ADDRESS_PRIVATE);
	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		assert_int_equal(class_of(open[i]), ADDRESS_PUBLIC);
	assert_int_equal(address_class(&local), ADDRESS_PRIVATE);
}

#define NOW INT64_C(1700000000) /* 2023-11-14 22:13:20 */

static void reads_dates(void **state)
{
	static const char *const good[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
	                                   "Sun Nov  6 08:49:37 1994"};
	static const char *const bad[] = {"",
	                                  "tomorrow",
	                                  "Sun, 06 Nov 1994 08:49:37",
	                                  "Sun, 06 Foo 1994 08:49:37 GMT",
	                                  "Sun, 46 Nov 1994 08:49:37 GMT",
	                                  "Sun, 06 Nov 1994 28:49:37 GMT",
	                                  "Sun, 06 Nov 1994 08:49:37 GMT+1"};
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(http_date_parse(good[i], NOW, &t));
		assert_int_equal(t, 784111777);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(http_date_parse(bad[i], NOW, &t));
	assert_true(http_date_parse("Thu, 29 Feb 2024 00:00:00 GMT", NOW, &t));
	assert_int_equal(t, 1709164800);
	assert_true(http_date_parse("Thu, 01 Jan 1970 00:00:00 GMT", NOW, &t));
	assert_int_equal(t, 0);
	assert_true(http_date_parse("Monday, 01-Jan-70 00:00:00 GMT", NOW, &t));
	assert_int_equal(t, 3155760000);
}

static void reads_retry_after(void **state)
{
	int64_t wait;

	(void)state;
	assert_true(retry_after_parse("120", NOW, &wait));
	assert_int_equal(wait, 120);
	assert_true(retry_after_parse(" 0 ", NOW, &wait));
	assert_int_equal(wait, 0);
	assert_true(retry_after_parse("99999999999999999999", NOW, &wait));
	assert_int_equal(wait, 366 * 24 * 3600);
	assert_true(retry_after_parse("Tue, 14 Nov 2023 22:14:20 GMT", NOW, &wait));
	assert_int_equal(wait, 60);
	assert_true(retry_after_parse("Sun, 06 Nov 1994 08:49:37 GMT", NOW, &wait));
	assert_int_equal(wait, 0);
	assert_false(retry_after_parse("-1", NOW, &wait));
	assert_false(retry_after_parse("1.5", NOW, &wait));
	assert_false(retry_after_parse("soon", NOW, &wait));
	assert_false(retry_after_parse("", NOW, &wait));
}

static void names_causes(void **state)
{
	enum cause cause;

	(void)state;
	for (int c = CAUSE_NONE + 1; c < CAUSES; c++) {
		const char *name = cause_name((enum cause)c);

		assert_true(cause_find(name, strlen(name), &cause));
		assert_int_equal(cause, c);
	}
	assert_false(cause_find("", 0, &cause));
	assert_false(cause_find("gon", 3, &cause));
	assert_int_equal(cause_of_status(200), CAUSE_NONE);
	assert_int_equal(cause_of_status(404), CAUSE_GONE);
	assert_int_equal(cause_of_status(410), CAUSE_GONE);
	assert_int_equal(cause_of_status(409), CAUSE_4XX);
	assert_int_equal(cause_of_status(429), CAUSE_429);
	assert_int_equal(cause_of_status(503), CAUSE_5XX);
	assert_int_equal(cause_of_status(304), CAUSE_STATUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolves),           cmocka_unit_test(refuses_overlong), cmocka_unit_test(takes_apart),
		cmocka_unit_test(tells_public_hosts), cmocka_unit_test(judges_addresses), cmocka_unit_test(reads_dates),
		cmocka_unit_test(reads_retry_after),  cmocka_unit_test(names_causes),
	};
	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
