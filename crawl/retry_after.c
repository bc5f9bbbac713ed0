#include "crawl/retry_after.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WAIT_MAX_S ((int64_t)366 * 24 * 3600)

/* Days from 1970-01-01 to a date of the Gregorian calendar; month from 1. Years are counted from March, so that the leap
 * day is the last of a year, in eras of 400. */
static int64_t days_from_epoch(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year, era = y / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool month_number(const char *name, int *month)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++) {
		if (strncasecmp(name, names + 3 * (size_t)i, 3) == 0) {
			*month = i + 1;
			return true;
		}
	}
	return false;
}

static int64_t year_of(int64_t now_s)
{
	return 1970 + now_s / 31556952;
}

bool http_date_parse(const char *text, int64_t now_s, int64_t *seconds)
{
	int day, year, hour, minute, second, month, end = 0;
	char name[4] = "";

	while (*text == ' ' || *text == '\t')
		text++;
	if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &day, name, &year, &hour, &minute, &second,
	           &end) == 6 &&
	    end) {
	} else if (sscanf(text, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &day, name, &year, &hour, &minute,
	                  &second, &end) == 6 &&
	           end) {
		/* More than 50 years ahead is the past century's. */
		year += (int)(year_of(now_s) / 100 * 100);
		if (year > year_of(now_s) + 50)
			year -= 100;
	} else if (sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", name, &day, &hour, &minute, &second, &year,
	                  &end) == 6 &&
	           end) {
	} else {
		return false;
	}
	text += end;
	while (isspace((unsigned char)*text))
		text++;
	if (*text || !month_number(name, &month) || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 ||
	    minute > 59 || second < 0 || second > 60 || year < 1900)
		return false;
	*seconds = days_from_epoch(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return true;
}

bool retry_after_parse(const char *text, int64_t now_s, int64_t *wait_s)
{
	int64_t date, value = 0;
	const char *p = text;

	while (*p == ' ' || *p == '\t')
		p++;
	if (!isdigit((unsigned char)*p)) {
		if (!http_date_parse(p, now_s, &date))
			return false;
		*wait_s = date <= now_s ? 0 : date - now_s < WAIT_MAX_S ? date - now_s : WAIT_MAX_S;
		return true;
	}
	for (; isdigit((unsigned char)*p); p++)
		value = value < WAIT_MAX_S ? value * 10 + (*p - '0') : value;
	while (isspace((unsigned char)*p))
		p++;
	if (*p)
		return false;
	*wait_s = value < WAIT_MAX_S ? value : WAIT_MAX_S;
	return true;
}
