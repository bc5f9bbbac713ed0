/* Convolutional networks for inference, on oneDNN. oneDNN's own header is included by onednn_layout.h only.
 *
 * A net is declared once for one input shape and run many times. Layouts are oneDNN's choice from layer to layer: plain
 * memory is seen only at the entry and at the exit. Batch normalisation is folded into the convolutions by the caller;
 * ReLU and the residual sum are part of the convolution that they follow. Feature maps share memory as soon as they are
 * used up, and all layers share one scratchpad.
 *
 * Convolutions are always the direct ones: Winograd's are a tenth faster at best, round more, and differ in the last bits
 * with the number of threads.
 *
 * A map is a number. A call given NET_FAILED returns NET_FAILED, so a network may be declared as one chain and asked once,
 * by onednn_net_finish, how it went. */
#ifndef COVERLINE_MODEL_TENSOR_ONEDNN_H
#define COVERLINE_MODEL_TENSOR_ONEDNN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/status.h"

#define NET_FAILED (-1)
#define NET_NONE   (-2)

struct net_convolution {
	int64_t out; /* channels */
	int64_t kernel, stride, padding;
	const float *weight; /* [out, in, kernel, kernel]; borrowed for the call, as bias is */
	const float *bias;   /* [out] */
	bool relu;
	int add; /* a map of the result's shape that is added before the ReLU and used up by it; NET_NONE */
};

struct onednn_net;

/* channels x height x width are one picture's. Free with onednn_net_close. */
MUST_CHECK enum status onednn_net_open(struct onednn_net **net, int64_t batch, int64_t channels, int64_t height,
                                       int64_t width);
void onednn_net_close(struct onednn_net *net); /* accepts NULL */

/* The input map. */
int onednn_net_input(struct onednn_net *net);
int onednn_net_convolution(struct onednn_net *net, int source, const struct net_convolution *c);
/* Maximum over kernel x kernel; what padding adds never wins. */
int onednn_net_max_pool(struct onednn_net *net, int source, int64_t kernel, int64_t stride, int64_t padding);
/* Mean over height and width: a map of 1 x 1. */
int onednn_net_average(struct onednn_net *net, int source);
/* dim: batch, channels, height, width. */
void onednn_net_shape(const struct onednn_net *net, int map, int64_t dim[4]);

/* Ends the declaration; output is what a run gives. The first failure of any call so far is returned here. */
MUST_CHECK enum status onednn_net_finish(struct onednn_net *net, int output);
/* input [batch, channels, height, width]; output [batch, height, width, channels] of the output map. Equal
 * pictures give equal bits wherever they stand in the batch. */
MUST_CHECK enum status onednn_net_run(struct onednn_net *net, const float *input, float *output);

#endif
