"""The ops of transformers, and Dice."""

import math

import torch
from op_golden import op

SHAPES = ((4, 5, 1), (2, 3, 7), (0, 3, 1), (1, 1, 1))


@op
def gelu():
    for shape in SHAPES:
        yield lambda x: x * torch.erfc(-x / math.sqrt(2)) / 2, shape


@op
def gelu_tanh():
    for shape in SHAPES:
        yield lambda x: 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))), shape


@op
def quick_gelu():
    for shape in SHAPES:
        yield lambda x: x * torch.sigmoid(1.702 * x), shape


@op
def normalise():
    for shape in ((1, 3, 5), (2, 3, 4), (1, 0, 3), (1, 7, 37)):
        yield lambda x: x / x.pow(2).sum(-1, keepdim=True).sqrt(), shape


@op
def layer_norm():
    def by(epsilon):
        return lambda x, gain, shift: torch.nn.functional.layer_norm(x, x.shape[-1:], gain, shift, epsilon)

    for epsilon, shape in ((1e-12, (1, 3, 5)), (1e-5, (2, 3, 4)), (1e-5, (1, 0, 3)), (1e-5, (2, 2, 3)), (0.5, (1, 7, 37))):
        yield by(epsilon), shape, shape[-1:], shape[-1:]


@op
def dice():
    def by(own):
        def function(x, alpha):
            column = torch.arange(x.shape[-1])
            mean, variance = 0.25 * (column % 3), (1 + column % 4) / 2
            if own and x.numel():
                rows = x.reshape(-1, x.shape[-1])
                mean = rows.mean(0)
                variance = (rows - mean).pow(2).mean(0)
            p = torch.sigmoid((x - mean) / (variance + 1e-2).sqrt())
            return p * x + (1 - p) * alpha * x

        return function

    for own, shape in ((1, (1, 6, 3)), (1, (2, 3, 2)), (0, (1, 4, 3)), (1, (1, 1, 3)), (1, (1, 0, 3)), (1, (1, 5, 37))):
        yield by(own), shape, shape[-1:]
