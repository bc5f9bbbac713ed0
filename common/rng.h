/* Random numbers by counter (Philox 4x32-10; Salmon et al. 2011): value i of stream s is a pure function
 * of (seed, s, i), so results do not depend on threads, order or restarts, and a generator's whole
 * state is its position. */
#ifndef COVERLINE_COMMON_RNG_H
#define COVERLINE_COMMON_RNG_H

#include <stdint.h>

struct rng {
	uint64_t seed;
	uint64_t stream;
	uint64_t position; /* the next 32-bit value's index */
};

/* Streams separate uses of one seed: rng_init(&r, seed, rng_stream("dropout")). */
void rng_init(struct rng *r, uint64_t seed, uint64_t stream);
uint64_t rng_stream(const char *name);

uint32_t rng_u32(struct rng *r);
/* Uniform in [0, n), without bias; n > 0. */
uint32_t rng_below(struct rng *r, uint32_t n);
/* Uniform in [0, 1), 53 bits. */
double rng_uniform(struct rng *r);
/* Standard normal (Box-Muller; takes four values). */
double rng_normal(struct rng *r);
/* Fisher-Yates. */
void rng_shuffle(struct rng *r, uint32_t *items, uint32_t n);

/* The four values at block index b of (seed, stream): what bulk users (dropout) vectorise over. */
void rng_block(uint64_t seed, uint64_t stream, uint64_t b, uint32_t out[4]);
/* The same for blocks b … b + count - 1 at once, several times faster: out[4 * i + j] is value j of block b + i. */
void rng_blocks(uint64_t seed, uint64_t stream, uint64_t b, uint64_t count, uint32_t *out);

#endif
