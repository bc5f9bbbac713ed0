#include "model/train/trainer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/fault.h"
#include "common/file.h"
#include "common/leak.h"
#include "common/log.h"
#include "model/train/checkpoint.h"
#include "model/train/scorer.h"
#include "model/train/trainer_part.h"

#define CONFIG_BYTES_MAX (1u << 20)

char *data_path(const char *data, const char *path)
{
	return *path == '/' ? xstrdup(path) : path_join(data, path);
}

enum status catalogue_digest(const char *data, char hex[65])
{
	char *path = path_join(data, "catalog.tsv");
	enum status st = digest_file(path, hex);
	free(path);
	return st;
}

/* Passes over the clicks, the one under way as a fraction. */
static double epochs_done(const struct trainer *t)
{
	return (double)t->state.step / (double)t->epoch_steps;
}

/* Saving -------------------------------------------------------------------------------------------------------------- */

static bool writes(const struct trainer *t)
{
	return ranks_index(t->ranks) == 0;
}

static enum status write_checkpoint(struct trainer *t)
{
	if (fflush(t->log) != 0 || fsync(fileno(t->log)) != 0)
		return status_errno("%s", t->log_path);
	const off_t bytes = ftello(t->log);
	if (bytes < 0)
		return status_errno("%s", t->log_path);
	t->state.log_bytes = bytes;
	enum status st = checkpoint_save(t->checkpoint_path, &t->id, &t->state, &t->params, &t->data, CHECKPOINT_TO_GO_ON,
	                                 "train.checkpoint");
	fault_point("train.saved");
	return st;
}

static enum status save_checkpoint(struct trainer *t)
{
	return ranks_agree(t->ranks, writes(t) ? write_checkpoint(t) : ST_OK);
}

static enum status save_best(struct trainer *t, double auc)
{
	t->state.best_auc = auc;
	t->state.best_step = t->state.step;
	t->state.worse = 0;
	struct run_state at = t->state;
	at.log_bytes = 0;
	enum status st =
		writes(t) ? checkpoint_save(t->best_path, &t->id, &at, &t->params, &t->data, CHECKPOINT_TO_SCORE, "train.best")
				  : ST_OK;
	return ranks_agree(t->ranks, st);
}

/* One state to the next ----------------------------------------------------------------------------------------------- */

static void report_progress(struct trainer *t, double seconds, const char *verdict)
{
	const double clicks = t->pass ? (double)t->samples.count : (double)t->s->batch;
	const double rate = (double)t->loss_count * clicks / (seconds > 0 ? seconds : 1);
	log_info("epoch %.4g: loss %.4f, %s (%.*f clicks/s)", epochs_done(t),
	         t->loss_count ? t->loss_sum / (double)t->loss_count : 0, verdict, rate < 100 ? 1 : 0, rate);
	t->loss_sum = 0;
	t->loss_count = 0;
	t->begin_s = now_s();
}

static enum status validate(struct trainer *t, double *auc)
{
	struct scorer scorer;
	int64_t impressions = 0;
	scorer_init(&scorer, t->r, &t->data, t->s->history);
	enum status st = scorer_auc(&scorer, t->dev, auc, &impressions);
	scorer_release(&scorer);
	if (st == ST_OK && impressions == 0)
		st = status_fail(ST_USAGE, "%s: no impression with a clicked and a not-clicked candidate to validate on",
		                 t->dev);
	if (st == ST_OK)
		fprintf(t->log, "{\"step\":%lld,\"epoch\":%.9g,\"dev_auc\":%.9g,\"dev_impressions\":%lld,\"best\":%s}\n",
		        (long long)t->state.step, epochs_done(t), *auc, (long long)impressions,
		        t->state.best_step == 0 || *auc > t->state.best_auc ? "true" : "false");
	return st;
}

/* Validates, and keeps the parameters if they are the best so far. */
static enum status judge(struct trainer *t)
{
	const double seconds = now_s() - t->begin_s;
	double auc = 0;
	enum status st = ranks_agree(t->ranks, t->dev && writes(t) ? validate(t, &auc) : ST_OK);
	if (st == ST_OK)
		st = ranks_share(t->ranks, &auc, sizeof auc);
	if (st != ST_OK)
		return st;
	const bool best = !t->dev || t->state.best_step == 0 || auc > t->state.best_auc;
	char *verdict = t->dev ? path_printf("dev AUC %.4f%s", auc, best ? ", the best so far" : "") : xstrdup("kept");
	report_progress(t, seconds, verdict);
	free(verdict);
	t->state.judged = t->state.step;
	if (best)
		st = save_best(t, auc);
	else
		t->state.worse++;
	if (st != ST_OK)
		return st;
	const bool patient = t->s->patience == 0 || t->state.worse < t->s->patience;
	t->state.finished = t->state.step == t->end_step || !patient;
	return save_checkpoint(t);
}

/* Whether the state at hand is to be validated before anything else. */
static bool is_due(const struct trainer *t)
{
	const int64_t every = t->s->validate_every ? t->s->validate_every : t->epoch_steps;
	return t->state.judged < t->state.step && (t->state.step % every == 0 || t->state.step == t->end_step);
}

static enum status walk(struct trainer *t)
{
	const int64_t every = t->s->checkpoint_every;
	t->begin_s = now_s();
	while (!t->state.finished) {
		if (t->stop || (ranks_count(t->ranks) == 1 && cli_interrupted()))
			return ranks_agree(t->ranks, cli_interrupted() ? cli_interrupted_status() : ST_OK);
		enum status st = is_due(t) ? judge(t) : trainer_step(t);
		if (st == ST_OK && every && t->state.step % every == 0 && !is_due(t) && !t->state.finished)
			st = save_checkpoint(t);
		if (st != ST_OK)
			return st;
		progress_set(t->state.step);
	}
	return ST_OK;
}

static void report_exchange(const struct trainer *t)
{
	const struct exchange *x = &t->exchange;
	if (x->steps)
		log_info("%d ranks: each gave %.4g MB of gradients and %.4g MB of rows a step to the others, rank 0 waited for "
		         "them %.1f s in %lld steps",
		         ranks_count(t->ranks), (double)x->sent * sizeof(real) / 1e6 / (double)x->steps,
		         (double)x->sent_rows * sizeof(real) / 1e6 / (double)x->steps, ranks_waited_s(t->ranks),
		         (long long)x->steps);
}

static enum status open_feeder(struct trainer *t)
{
	const int64_t held = t->turns.count ? t->slices / ranks_count(t->ranks) : 1;
	const struct feeder_options o = {.seed = (uint64_t)t->s->seed,
	                                 .batch = t->s->batch,
	                                 .slices = t->slices,
	                                 .held = held,
	                                 .rank = ranks_index(t->ranks),
	                                 .ranks = ranks_count(t->ranks),
	                                 .history = t->s->history,
	                                 .negatives = (int)t->s->negatives,
	                                 .news_count = t->news.count,
	                                 .readers = &t->data.readers,
	                                 .first_step = t->state.step,
	                                 .end_step = t->end_step};
	t->feeds = xcalloc((size_t)held, sizeof *t->feeds);
	return ranks_agree(t->ranks, feeder_open(&t->feeder, &t->samples, &o));
}

static enum status open_pass(struct trainer *t)
{
	char *identity = path_printf("%s\n%s", t->id.config, t->id.catalogue_sha256);
	const struct pass_world w = {.samples = &t->samples,
	                             .data = &t->data,
	                             .train = t->train,
	                             .run = t->run,
	                             .identity = identity,
	                             .seed = (uint64_t)t->s->seed,
	                             .history = t->s->history,
	                             .negatives = t->s->negatives};
	enum status st = t->pass->open(t->r, &w);
	free(identity);
	return st;
}

/* A pass that was interrupted is made again, from the latest checkpoint; all else that was done is kept. */
static enum status run_steps(struct trainer *t)
{
	enum status st = t->pass ? open_pass(t) : open_feeder(t);
	if (st == ST_OK) {
		progress_start("train", t->pass ? "passes" : "steps", t->end_step);
		st = walk(t);
		progress_end();
	}
	feeder_close(t->feeder);
	if (t->pass)
		t->pass->close(t->r);
	report_exchange(t);
	if (st == ST_INTERRUPTED && !t->torn) {
		const enum status saved = save_checkpoint(t);
		return saved == ST_OK ? st : saved;
	}
	return st;
}

/* Starting and going on ----------------------------------------------------------------------------------------------- */

/* RUN/config.ini: written if there is none, compared otherwise. */
static enum status claim_run(struct trainer *t)
{
	config_write(t->s->chosen, &t->config);
	enum status st = strbuf_check(&t->config, "the configuration");
	if (st != ST_OK)
		return st;
	t->id.config = t->config.data;
	if (!file_exists(t->config_path)) {
		if (file_exists(t->checkpoint_path))
			return status_fail(ST_USAGE, "%s is there without %s: not a run that can go on", t->checkpoint_path,
			                   t->config_path);
		return file_write(t->config_path, t->config.data, t->config.len);
	}
	struct strbuf old;
	strbuf_init(&old, CONFIG_BYTES_MAX);
	st = file_read(t->config_path, &old);
	if (st == ST_OK)
		st = settings_compare(t->config_path, t->s->chosen, old.data, t->config.data);
	strbuf_release(&old);
	return st;
}

/* The state that RUN/checkpoint.h5 holds, and with values its parameters and moments. */
static enum status read_checkpoint(struct trainer *t, bool values)
{
	struct h5_file *f;
	enum status st = checkpoint_open(&f, t->checkpoint_path, &t->id, &t->state);
	if (st == ST_OK && values)
		st = checkpoint_check_features(f, t->checkpoint_path, &t->data);
	if (st == ST_OK && values && (t->state.clicks != t->samples.count || t->state.step > t->end_step))
		st = status_fail(ST_INTEGRITY, "%s was trained on %lld clicks; %s has %u", t->checkpoint_path,
		                 (long long)t->state.clicks, t->train, t->samples.count);
	if (st == ST_OK && values)
		st = params_read(&t->params, f, true);
	h5_close(f);
	t->adam.step = t->state.step;
	return st;
}

/* Cuts log.jsonl back to what the state follows from, and opens it at its end. */
static enum status open_log(struct trainer *t)
{
	t->log = fopen(t->log_path, "ab");
	if (!t->log)
		return status_errno("%s", t->log_path);
	if (fseeko(t->log, 0, SEEK_END) != 0 || ftello(t->log) < t->state.log_bytes)
		return status_fail(ST_INTEGRITY, "%s is shorter than %s says (%lld bytes)", t->log_path, t->checkpoint_path,
		                   (long long)t->state.log_bytes);
	if (ftruncate(fileno(t->log), (off_t)t->state.log_bytes) != 0 || fseeko(t->log, 0, SEEK_END) != 0)
		return status_errno("%s", t->log_path);
	return ST_OK;
}

/* Says so if what the run is judged on is not apart from what it learns from. */
static enum status check_leaks(const struct trainer *t)
{
	struct leak leak;
	if (!t->dev)
		return ST_OK;
	enum status st = leak_find(&leak, t->train, t->dev, &t->news);
	if (st == ST_OK)
		leak_tell(&leak, t->s->train, t->s->dev);
	return st;
}

static enum status read_data(struct trainer *t, const char *data)
{
	enum status st = catalog_open(&t->news, data);
	if (st == ST_OK)
		st = samples_open(&t->samples, t->train, &t->news, t->run);
	if (st != ST_OK)
		return st;
	if (t->samples.left_out)
		log_info("%lld clicks are left out: nothing else was shown beside them", (long long)t->samples.left_out);
	st = check_leaks(t);
	if (st != ST_OK)
		return st;
	struct news_data_options o = settings_news(t->s, t->r, t->run);
	o.train = t->train;
	if (o.readers) {
		t->data.readers = t->samples.readers;
		t->samples.readers = (struct name_table){0};
	}
	return news_data_open(&t->data, data, &t->news, &o, t->samples.in_training);
}

/* How long the run is follows from the data. */
static void plan(struct trainer *t)
{
	t->pass = t->r->type->pass ? t->r->type->pass(t->r) : NULL;
	t->epoch_steps = t->pass ? 1 : feeder_steps_an_epoch(t->samples.count, t->s->batch);
	t->slices = feeder_slices(t->s->slices, ranks_count(t->ranks));
	t->end_step = t->s->epochs * t->epoch_steps;
	if (t->s->steps && t->s->steps < t->end_step)
		t->end_step = t->s->steps;
	t->schedule = (struct schedule){.kind = (enum schedule_kind)t->s->schedule,
	                                .learning_rate = t->s->learning_rate,
	                                .warmup = t->s->warmup,
	                                .steps = t->end_step};
}

/* A pass goes over all samples in one order: it has no share for another rank. */
static enum status check_share(const struct trainer *t)
{
	if (!t->pass || ranks_count(t->ranks) == 1)
		return ST_OK;
	return status_fail(
		ST_USAGE,
		"%s learns by passes over all samples here, which one process makes: start it without a launcher, or "
		"choose a way to learn in steps (see train --list), which %d ranks share",
		t->r->type->name, ranks_count(t->ranks));
}

static enum status make_model(struct trainer *t, enum load_what what)
{
	enum status st = t->r->type->create(t->r, &t->params, &t->data);
	if (st != ST_OK)
		return st;
	params_seal(&t->params, (uint64_t)t->s->seed);
	st = recommender_load(t->r, &t->data, what);
	if (st != ST_OK)
		return st;
	if (t->r->type->start)
		t->r->type->start(t->r, &t->data);
	t->adam = (struct adam){.beta1 = 0.9,
	                        .beta2 = 0.999,
	                        .epsilon = 1e-8,
	                        .weight_decay = t->s->weight_decay,
	                        .rows = (enum adam_rows)t->s->adam};
	st = turns_init(&t->turns, t->r, &t->params);
	tape_init(&t->tape, true);
	t->tape.training = true;
	t->tape.seed = (uint64_t)t->s->seed;
	log_info("%s: %lld parameters, %d words, %u clicks to learn from", t->r->type->name, (long long)t->params.size,
	         (int)t->data.vocabulary.count, t->samples.count);
	return st;
}

static enum status begin_run(struct trainer *t, const char *data, bool *go_on)
{
	enum status st = catalogue_digest(data, t->id.catalogue_sha256);
	if (st == ST_OK)
		st = claim_run(t);
	*go_on = file_exists(t->checkpoint_path);
	if (st == ST_OK && *go_on)
		st = read_checkpoint(t, false);
	if (st == ST_OK && t->state.finished && !file_exists(t->best_path))
		st = status_fail(ST_INTEGRITY, "%s says that the run is finished, but there is no %s", t->checkpoint_path,
		                 t->best_path);
	return st;
}

/* Everything up to the first step. */
static enum status prepare(struct trainer *t, const char *data, bool *go_on)
{
	enum status st = read_data(t, data);
	if (st == ST_OK) {
		plan(t);
		st = check_share(t);
	}
	if (st == ST_OK)
		st = make_model(t, *go_on ? LOAD_FROZEN : LOAD_ALL);
	if (st == ST_OK && *go_on)
		st = read_checkpoint(t, true);
	t->state.clicks = t->samples.count;
	if (st == ST_OK && writes(t))
		st = open_log(t);
	return st;
}

/* Rank 0 goes first: what it makes beside the data and in RUN, the others find. */
static enum status in_turn(struct trainer *t, enum status (*part)(struct trainer *t, const char *data, bool *go_on),
                           const char *data, bool *go_on)
{
	enum status st = ranks_agree(t->ranks, writes(t) ? part(t, data, go_on) : ST_OK);
	if (st == ST_OK && ranks_count(t->ranks) > 1)
		st = ranks_agree(t->ranks, writes(t) ? ST_OK : part(t, data, go_on));
	return st;
}

/* ST_INTEGRITY unless all ranks are to start from the same parameters, moments and clicks. */
static enum status compare_ranks(struct trainer *t)
{
	char mine[DIGEST_HEX], first[DIGEST_HEX];
	if (ranks_count(t->ranks) == 1)
		return ST_OK;
	struct digest *d = digest_new();
	digest_add(d, t->params.value, (size_t)t->params.size * sizeof(real));
	digest_add(d, t->params.moment1, (size_t)t->params.size * sizeof(real));
	digest_add(d, &t->state.step, sizeof t->state.step);
	digest_add(d, &t->state.clicks, sizeof t->state.clicks);
	digest_finish(d, mine);
	memcpy(first, mine, sizeof first);
	enum status st = ranks_share(t->ranks, first, sizeof first);
	if (st == ST_OK && strcmp(mine, first) != 0)
		st = status_fail(ST_INTEGRITY, "starts from other data or another %s than rank 0: do both see the same files?",
		                 t->checkpoint_path);
	return ranks_agree(t->ranks, st);
}

static enum status train(struct trainer *t, const char *data)
{
	bool go_on = false;
	enum status st = in_turn(t, begin_run, data, &go_on);
	if (st != ST_OK)
		return st;
	if (t->state.finished) {
		log_info("%s is finished: nothing to do", t->best_path);
		return ST_OK;
	}
	st = in_turn(t, prepare, data, &go_on);
	if (st == ST_OK)
		st = compare_ranks(t);
	if (st != ST_OK)
		return st;
	exchange_init(&t->exchange, t->ranks, &t->params);
	st = run_steps(t);
	exchange_release(&t->exchange);
	return st;
}

static enum status close_log(struct trainer *t)
{
	if (!t->log)
		return ST_OK;
	const bool failed = ferror(t->log);
	if (fclose(t->log) != 0)
		return status_errno("%s", t->log_path);
	return failed ? status_fail(ST_FAILED, "%s: write failed", t->log_path) : ST_OK;
}

static void release(struct trainer *t)
{
	free(t->feeds);
	tape_release(&t->tape);
	turns_release(&t->turns);
	params_release(&t->params);
	news_data_release(&t->data);
	samples_close(&t->samples);
	catalog_close(&t->news);
	strbuf_release(&t->config);
	free(t->train);
	free(t->dev);
	free(t->config_path);
	free(t->log_path);
	free(t->checkpoint_path);
	free(t->best_path);
}

enum status train_run(const char *data, const char *run, const struct settings *s, struct recommender *r,
                      struct ranks *ranks)
{
	enum status st = ranks_agree(ranks, file_make_folder(run));
	if (st != ST_OK)
		return st;
	struct trainer t = {
		.s = s,
		.r = r,
		.run = run,
		.ranks = ranks,
		.train = data_path(data, s->train),
		.dev = *s->dev ? data_path(data, s->dev) : NULL,
		.config_path = path_join(run, "config.ini"),
		.log_path = path_join(run, "log.jsonl"),
		.checkpoint_path = path_join(run, "checkpoint.h5"),
		.best_path = path_join(run, "best.h5"),
		.id = {.model = s->model, .keys = s->chosen},
	};
	strbuf_init(&t.config, CONFIG_BYTES_MAX);
	st = train(&t, data);
	const enum status closed = close_log(&t);
	release(&t);
	return ranks_agree(ranks, st == ST_OK ? closed : st);
}
