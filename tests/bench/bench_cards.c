/* Processor time of cards by stage, without files or threads.
 *
 *     build/tests/bench/bench_cards TITLE_FONT CATEGORY_FONT PNG_LEVEL COUNT IMAGE…
 *
 * Prints the seconds for COUNT cards that decoding, drawing (layout and paint) and PNG took, and the mean PNG size in bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/arena.h"
#include "common/file.h"
#include "common/image.h"
#include "common/strbuf.h"
#include "render/card.h"

#define IMAGES_MAX 256

struct bench {
	struct font_file title, category;
	struct painter *painter;
	struct strbuf image[IMAGES_MAX];
	int images, count, level;
	double decode, draw, png, bytes;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static enum status bench_card(struct bench *b, int i, struct arena *a, struct image *out)
{
	const struct strbuf *file = &b->image[i % b->images];
	struct card card = {.title = "The most ridiculous thing you can be fined for in each state", .category = "finance"};
	struct card_boxes boxes;
	struct image cover = {0};
	uint8_t *bytes = NULL;
	size_t n = 0;
	double t[4];
	enum status st;

	t[0] = now();
	st = image_decode(&cover, file->data, file->len, 200, 165, IMAGE_STRETCH, NULL, NULL);
	t[1] = now();
	card.cover = &cover;
	if (st == ST_OK)
		st = painter_draw(b->painter, &card, a, out, &boxes);
	t[2] = now();
	if (st == ST_OK)
		st = image_encode_png(out, b->level, &bytes, &n);
	t[3] = now();
	b->decode += t[1] - t[0];
	b->draw += t[2] - t[1];
	b->png += t[3] - t[2];
	b->bytes += (double)n;
	image_release(&cover);
	free(bytes);
	arena_reset(a);
	return st;
}

static enum status bench_open(struct bench *b, char **argv, int images)
{
	enum status st = font_find(&b->title, FONT_TITLE, argv[1]);

	if (st == ST_OK)
		st = font_find(&b->category, FONT_CATEGORY, argv[2]);
	if (st == ST_OK)
		st = painter_open(&b->painter, preset_find("im-mind"), &b->title, &b->category);
	b->level = (int)strtol(argv[3], NULL, 10);
	b->count = (int)strtol(argv[4], NULL, 10);
	for (; b->images < images && b->images < IMAGES_MAX && st == ST_OK; b->images++) {
		strbuf_init(&b->image[b->images], (size_t)64 << 20);
		st = file_read(argv[5 + b->images], &b->image[b->images]);
	}
	return st == ST_OK ? image_start("bench_cards") : st;
}

int main(int argc, char **argv)
{
	struct bench b = {0};
	struct arena a = {0};
	struct image out = {0};
	enum status st;

	if (argc < 6) {
		fprintf(stderr, "bench_cards TITLE_FONT CATEGORY_FONT PNG_LEVEL COUNT IMAGE...\n");
		return 2;
	}
	st = bench_open(&b, argv, argc - 5);
	for (int i = 0; i < b.count && st == ST_OK; i++)
		st = bench_card(&b, i, &a, &out);
	if (st != ST_OK)
		fprintf(stderr, "bench_cards: %s\n", status_message());
	else
		printf("%g %g %g %g\n", b.decode, b.draw, b.png, b.bytes / b.count);
	painter_close(b.painter);
	font_release(&b.title);
	font_release(&b.category);
	for (int i = 0; i < b.images; i++)
		strbuf_release(&b.image[i]);
	image_release(&out);
	arena_release(&a);
	image_stop();
	return st != ST_OK;
}
