/* demo-world: writes the bundled world. */
#include "pipelines/demo/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/file.h"
#include "common/image.h"
#include "common/log.h"
#include "pipelines/demo/scenes.h"

/* news.tsv of the first count stories, in an order of its own. */
static enum status write_news(const struct world *w, uint32_t count, const char *path)
{
	struct file_writer out;
	struct rng r;
	uint32_t order[WORLD_NEWS];
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	rng_init(&r, w->seed, rng_stream("news order"));
	rng_shuffle(&r, order, count);
	enum status st = file_create(&out, path);
	if (st != ST_OK)
		return st;
	for (uint32_t i = 0; i < count; i++) {
		const struct story *s = &w->stories[order[i]];
		fprintf(out.stream, "%s\t%s\t%s\t%s\t%s\t%s\t", s->id, s->topic->category, s->topic->subcategory, s->title,
		        s->abstract, s->url);
		entities_write(out.stream, s->topic, s->title);
		putc('\t', out.stream);
		entities_write(out.stream, s->topic, s->abstract);
		putc('\n', out.stream);
	}
	return file_commit(&out);
}

/* What is true of each story and told to nobody: outside of the site and of the data set. */
static enum status write_truth(const struct world *w, const char *path)
{
	struct file_writer out;
	enum status st = file_create(&out, path);
	if (st != ST_OK)
		return st;
	fputs("id\tcategory\tsubcategory\tsubject\tcover\tnaming\taddress\tcharset\tredirects\tpicture\n", out.stream);
	for (int i = 0; i < WORLD_NEWS; i++) {
		const struct story *s = &w->stories[i];
		fprintf(out.stream, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s->id, s->topic->category, s->topic->subcategory,
		        scenes[s->scene].name, cover_fate_names[s->fate], s->ways, s->picture);
	}
	return file_commit(&out);
}

/* Written last: where it stands, the world is whole. */
static enum status write_summary(const struct world *w, const char *path)
{
	struct file_writer out;
	int covers = 0;
	for (int i = 0; i < WORLD_NEWS; i++)
		covers += w->stories[i].fate == COVER_SHOWN;
	enum status st = file_create(&out, path);
	if (st != ST_OK)
		return st;
	fprintf(out.stream,
	        "{\n \"seed\": %llu,\n \"news\": %d,\n \"news_with_cover\": %d,\n \"users\": %d,\n \"categories\": %d,\n"
	        " \"picture_subjects\": %d,\n \"train_impressions\": %d,\n \"dev_impressions\": %d,\n"
	        " \"ceiling_auc_text\": %.4f,\n \"ceiling_auc_pictures\": %.4f,\n \"ceiling_auc_both\": %.4f\n}\n",
	        (unsigned long long)w->seed, WORLD_NEWS, covers, WORLD_READERS, CATEGORY_COUNT, SCENE_COUNT, WORLD_TRAIN,
	        WORLD_DEV, w->ceiling_text, w->ceiling_pictures, w->ceiling_both);
	return file_commit(&out);
}

static enum status write_split(const struct world *w, const char *folder, uint32_t news,
                               const struct impression_draw *draws, int count, int first_day, int days)
{
	char *path = path_join(folder, "news.tsv");
	enum status st = write_news(w, news, path);
	free(path);
	if (st != ST_OK)
		return st;
	path = path_join(folder, "behaviors.tsv");
	st = readers_write(w, draws, count, first_day, days, path);
	free(path);
	if (st != ST_OK)
		return st;
	path = path_join(folder, "entity_embedding.vec");
	st = entities_write_vectors(w->seed, ENTITY_OWN, path);
	free(path);
	return st;
}

static enum status write_world(struct world *w, const char *out, int jobs)
{
	char *site = path_join(out, "site"), *train = path_join(out, "mind/train"), *dev = path_join(out, "mind/dev");
	char *truth = path_join(out, "truth.tsv"), *context = path_join(out, "entity_context.vec"),
		 *summary = path_join(out, "world.json");
	enum status st = stories_draw(w);
	if (st == ST_OK) {
		readers_draw(w);
		readers_judge(w);
		st = site_write(w, site, jobs);
	}
	if (st == ST_OK)
		st = write_split(w, train, WORLD_OLD_NEWS, w->train, WORLD_TRAIN, 9, 6);
	if (st == ST_OK)
		st = write_split(w, dev, WORLD_NEWS, w->dev, WORLD_DEV, 15, 1);
	if (st == ST_OK)
		st = entities_write_vectors(w->seed, ENTITY_CONTEXT, context);
	if (st == ST_OK)
		st = write_truth(w, truth);
	if (st == ST_OK)
		st = write_summary(w, summary);
	free(site);
	free(train);
	free(dev);
	free(truth);
	free(context);
	free(summary);
	return st;
}

int main(int argc, char **argv)
{
	int64_t seed = 1;
	const char *out = NULL;
	const struct cli_option options[] = {
		{"seed", CLI_INT, &seed, "N", "What the world follows from.", 0, 1e15},
		{"out", CLI_STRING, &out, "FOLDER", "Where to write it (required).", 0, 0},
		{0},
	};
	struct cli c = {.name = "demo-world",
	                .synopsis = "--seed N --out FOLDER",
	                .summary =
	                    "Writes a small world: a MIND-format data set (mind/train, mind/dev), the web sites that its "
	                    "news lie on (site/), contexts of the entities named (entity_context.vec), what is true of it "
	                    "(truth.tsv) and known (world.json).",
	                .options = options};
	cli_parse(&c, argc, argv);
	struct world w = {.seed = (uint64_t)seed};
	enum status st = out ? image_start("demo-world") : status_fail(ST_USAGE, "--out FOLDER is missing");
	if (st == ST_OK) {
		st = write_world(&w, out, c.jobs);
		image_stop();
	}
	if (st == ST_OK)
		log_info("%d news, %d readers; dev AUC of one who knows the readers' categories %.3f, picture subjects %.3f, "
		         "both %.3f",
		         WORLD_NEWS, WORLD_READERS, w.ceiling_text, w.ceiling_pictures, w.ceiling_both);
	stories_free(&w);
	return cli_finish(&c, st);
}
