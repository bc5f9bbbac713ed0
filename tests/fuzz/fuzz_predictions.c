/* A prediction.txt of any bytes, against three impressions. What is accepted ranks every candidate once. */
#include <string.h>

#include "common/arena.h"
#include "eval/predictions.h"
#include "tests/support/fuzz_input.h"

static const char behaviors[] = "1\tU1\t11/15/2019 8:04:05 AM\tN1 N2\tN3-0 N4-1 N5-0\n"
								"2\tU2\t11/15/2019 8:05:05 AM\t\tN3-0 N4-0\n"
								"30\tU1\t11/15/2019 8:06:05 AM\tN1\tN6-1 N7-1 N8-0 N9-0 N10-0 N11-0\n";

static void check_order(const struct predictions *p, uint32_t count)
{
	uint64_t seen = 0;

	for (uint32_t i = 0; i < count; i++)
		seen |= (uint64_t)1 << p->order[i];
	if (seen != ((uint64_t)1 << count) - 1)
		BUG("not every candidate has a rank");
}

static void read_all(struct predictions *p, struct behaviors *b)
{
	uint64_t impressions = 0;
	bool more;

	for (;;) {
		if (behaviors_next(b, &more) != ST_OK)
			BUG("the impressions are refused: %s", status_message());
		if (!more)
			break;
		if (predictions_next(p, b) != ST_OK)
			return;
		check_order(p, b->impression.candidate_count);
		impressions++;
	}
	if (predictions_end(p, impressions) != ST_OK)
		return;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct predictions p = {0};
	struct behaviors b;

	if (behaviors_open(&b, fuzz_file(FUZZ_COMPANION, behaviors, sizeof behaviors - 1), NULL) != ST_OK ||
	    predictions_open(&p, fuzz_file(FUZZ_INPUT, bytes, n)) != ST_OK)
		BUG("cannot open: %s", status_message());
	read_all(&p, &b);
	predictions_close(&p);
	behaviors_close(&b);
	return 0;
}
