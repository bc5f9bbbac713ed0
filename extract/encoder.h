/* Networks that take pictures one by one and run them in full batches. */
#ifndef COVERLINE_EXTRACT_ENCODER_H
#define COVERLINE_EXTRACT_ENCODER_H

#include <stddef.h>
#include <stdint.h>

#include "extract/regions.h"
#include "model/encoders/resnet.h"

/* Gets a picture's map, which is borrowed for the call. */
typedef void encoder_done_fn(void *context, const struct feature_map *map, const void *job);

struct encoder; /* one network for one size of picture */

/* All the encoders of a run: one for each output and size that pictures were given in. */
struct encoders {
	const struct resnet_config *network; /* borrowed, as weights is */
	const struct weights *weights;
	int64_t batch;
	size_t job_size; /* bytes of what comes back with a picture's map */
	encoder_done_fn *done;
	void *context;
	double make_s, network_s; /* time spent in making networks, and in running them */
	int64_t pictures;         /* run so far */
	struct encoder **items;
	size_t count;
};

/* Queues planes [3, height, width], copied, as job is; once a batch is full, runs it and gives each map to done in the order
 * of queueing. The first picture of a size makes its network. */
MUST_CHECK enum status encoders_add(struct encoders *e, enum resnet_output output, int height, int width,
                                    const float *planes, const void *job);
/* Runs what is queued, in batches filled up with zeros. */
MUST_CHECK enum status encoders_flush(struct encoders *e);
/* Frees what the above made. */
void encoders_release(struct encoders *e);

#endif
