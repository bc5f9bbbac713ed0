/* coverline score: a ranking of each impression's candidates. */
#include <stdio.h>
#include <stdlib.h>

#include "common/arena.h"
#include "common/cli.h"
#include "common/fault.h"
#include "common/file.h"
#include "common/log.h"
#include "model/tensor/kernels.h"
#include "model/train/attention_file.h"
#include "model/train/reference.h"
#include "model/train/scorer.h"
#include "model/train/trained.h"
#include "model/train/zip_file.h"

struct score_options {
	const char *run, *behaviors, *out, *scores, *zip, *attention;
	const char *data, *reference, *train;
	int64_t seed;
};

/* Where results go; h5 and its buffers are for --scores.
 *
 *   /score        float32  of every candidate, packed
 *   /offset       int64    [impressions + 1] impression i is score[offset[i]] … score[offset[i+1]-1]
 * in the order of the behaviors file. */
struct output {
	struct file_writer prediction;
	struct h5_file *h5;
	struct attention_file *attention; /* NULL: not asked for */
	int64_t total, impressions;
	float *buffer;
	size_t buffer_size;
};

static const struct h5_shape score_shape = {.type = H5_F32, .ndim = 1};
static const struct h5_shape offset_shape = {.type = H5_I64, .ndim = 1};

static enum status add_scores(struct output *o, const struct scored *s)
{
	if (s->count > o->buffer_size) {
		o->buffer_size = s->count * 2;
		o->buffer = xrealloc(o->buffer, o->buffer_size, sizeof *o->buffer);
	}
	for (size_t i = 0; i < s->count; i++)
		o->buffer[i] = (float)s->scores[i];
	o->total += (int64_t)s->count;
	enum status st = h5_append(o->h5, "score", &score_shape, s->count, o->buffer);
	return st == ST_OK ? h5_append(o->h5, "offset", &offset_shape, 1, &o->total) : st;
}

static enum status write_line(void *context, const struct scored *s)
{
	struct output *o = context;
	FILE *f = o->prediction.stream;
	fprintf(f, "%.*s [", (int)s->id_length, s->id);
	for (size_t i = 0; i < s->count; i++)
		fprintf(f, "%s%u", i ? "," : "", s->ranks[i]);
	if (fputs("]\n", f) < 0)
		return status_errno("%s", o->prediction.part_path);
	progress_set(++o->impressions);
	fault_point("score.impression");
	return o->h5 ? add_scores(o, s) : ST_OK;
}

static enum status open_scores(struct output *o, const char *path)
{
	enum status st = h5_create(&o->h5, path);
	if (st != ST_OK) {
		o->h5 = NULL;
		return st;
	}
	st = h5_declare(o->h5, "score", &score_shape);
	if (st == ST_OK)
		st = h5_declare(o->h5, "offset", &offset_shape);
	return st == ST_OK ? h5_append(o->h5, "offset", &offset_shape, 1, &o->total) : st;
}

static enum status write_reference(const struct trained *m, const struct score_options *o, struct output *out)
{
	char *train = o->train ? xstrdup(o->train) : path_join(o->data, "behaviors/train.tsv");
	struct reference_options how = {.train = train, .behaviors = o->behaviors, .seed = (uint64_t)o->seed};
	enum status st = reference_find(o->reference, &how.which);
	if (st == ST_OK) {
		progress_start("score", "impressions", 0);
		st = reference_run(&how, &m->news, write_line, out);
		progress_end();
	}
	free(train);
	return st;
}

static enum status write_all(struct trained *m, const struct score_options *o, struct output *out)
{
	struct scorer scorer;
	scorer_init(&scorer, m->r, &m->data, m->settings.history);
	scorer.attention = out->attention;
	m->r->watch = out->attention ? attention_file_watch(out->attention) : NULL;
	const double begin_s = now_s();
	enum status st = scorer_encode(&scorer, o->behaviors);
	if (st == ST_OK) {
		log_info("%u news encoded in %.2f s, %.1f MB held for them", scorer.store.added, now_s() - begin_s,
		         (double)encoded_store_bytes(&scorer.store) / 1e6);
		progress_start("score", "impressions", 0);
		st = scorer_run(&scorer, o->behaviors, write_line, out);
		progress_end();
	}
	m->r->watch = NULL;
	scorer_release(&scorer);
	return st;
}

static enum status commit(const struct score_options *o, struct output *out)
{
	enum status st = ST_OK;
	if (out->h5) {
		st = h5_commit(out->h5);
		out->h5 = NULL;
	}
	if (st == ST_OK && out->attention) {
		st = attention_file_commit(out->attention);
		out->attention = NULL;
	}
	fault_point("score.commit");
	if (st == ST_OK)
		st = file_commit(&out->prediction);
	fault_point("score.zip");
	return st == ST_OK && o->zip ? zip_file_write(o->zip, "prediction.txt", o->out) : st;
}

static enum status score(struct trained *m, const struct score_options *o)
{
	struct output out = {0};
	enum status st = file_create(&out.prediction, o->out);
	if (st != ST_OK)
		return st;
	if (o->scores)
		st = open_scores(&out, o->scores);
	if (st == ST_OK && o->attention)
		st = attention_file_create(&out.attention, o->attention, &m->data, m->settings.model, m->catalogue_sha256);
	if (st == ST_OK)
		st = o->reference ? write_reference(m, o, &out) : write_all(m, o, &out);
	if (st == ST_OK)
		st = commit(o, &out);
	file_discard(&out.prediction);
	attention_file_discard(out.attention);
	h5_close(out.h5);
	free(out.buffer);
	return st;
}

static enum status run(const struct cli *c, const struct score_options *o)
{
	if (!o->run == !o->reference || !o->behaviors || !o->out)
		return status_fail(ST_USAGE,
		                   "score needs --run RUN or --reference NAME, --behaviors FILE and --out FILE (see --help)");
	if (o->reference && o->attention)
		return status_fail(ST_USAGE, "--attention: a reference has none");
	kernels_set_threads(c->jobs);
	struct trained m = {0};
	enum status st = o->reference ? catalog_open(&m.news, o->data) : trained_open(&m, o->data, o->run);
	if (st == ST_OK)
		st = score(&m, o);
	trained_close(&m);
	return st;
}

int main(int argc, char **argv)
{
	struct score_options o = {.seed = 1};
	const struct cli_option options[] = {
		{"run", CLI_STRING, &o.run, "RUN", "A trained run: its config.ini and best.h5 are read.", 0, 0},
		{"reference", CLI_STRING, &o.reference, REFERENCE_NAMES,
	     "Instead of a run: a ranking without a model. By chance, by clicks in the training split, by when a news was "
	     "first shown, or by the share of the reader's clicks that are of its category.",
	     0, 0},
		{"train", CLI_STRING, &o.train, "FILE",
	     "The training split that references know; DATA/behaviors/train.tsv unless given.", 0, 0},
		{"seed", CLI_INT, &o.seed, "N", "Of --reference random.", 0, 9e15},
		{"behaviors", CLI_STRING, &o.behaviors, "FILE", "The impressions to rank; labels are not looked at.", 0, 0},
		{"out", CLI_STRING, &o.out, "FILE",
	     "One line an impression, ID [r1,r2,...]: each candidate's rank, 1 the best; equal scores keep their order.", 0,
	     0},
		{"scores", CLI_STRING, &o.scores, "FILE", "Also write the scores themselves, as HDF5 (/score, /offset).", 0, 0},
		{"zip", CLI_STRING, &o.zip, "FILE",
	     "Also pack the lines as prediction.txt into a zip file, as MIND takes them.", 0, 0},
		{"attention", CLI_STRING, &o.attention, "FILE",
	     "Also write the attention weights that the recommender offers, as HDF5 (layout: "
	     "model/train/attention_file.h).",
	     0, 0},
		{0},
	};
	struct cli c = {
		.name = "score",
		.synopsis = "DATA --run RUN|--reference NAME --behaviors FILE --out prediction.txt [options]",
		.summary = "Ranks the candidates of impressions with a trained recommender, or without one, in MIND's "
				   "submission format.",
		.options = options,
		.operands_min = 1,
		.operands_max = 1,
	};
	cli_parse(&c, argc, argv);
	o.data = c.operands[0];
	c.records_in = o.run;
	return cli_finish(&c, run(&c, &o));
}
