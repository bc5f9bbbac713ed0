#!/usr/bin/env python3
"""Wide & Deep, DeepFM and DCN in PyTorch, written from the papers' equations, and their golden files.

    python3 tests/parity/ctr_reference.py

Written unlike the C code on purpose: sample by sample, feature by feature, sums over pairs as they are printed.
"""
import os

import recommender_golden
import torch
from sparse_world import BUCKETS, SETTINGS, World
from torch import nn


class Tower(nn.Module):
    """a_{l+1} = ReLU(W_l a_l + b_l)."""

    def __init__(self, width, layers):
        super().__init__()
        self.count = len(layers)
        for l, out in enumerate(layers):
            self.add_module(str(l), nn.Linear(width, out))
            width = out

    def forward(self, a):
        for l in range(self.count):
            a = torch.relu(getattr(self, str(l))(a))
        return a


class Fields(nn.Module):
    """A field's features are pairs (j, x): its embedding is the sum of x times vector j."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(BUCKETS, width))

    def of(self, features):
        return sum((x * self.weight[j] for j, x in features), torch.zeros(self.weight.shape[1], dtype=torch.float64))

    def forward(self, fields):
        return torch.cat([self.of(features) for features in fields])


def layers_of(o):
    return [int(x) for x in o["layers"].split("-")]


class WideDeep(nn.Module):
    """Cheng et al. 2016, eq. 1-3: P = sigma(w_wide [x, phi(x)] + w_deep a + b)."""

    def __init__(self, w, o):
        super().__init__()
        self.parts = o.get("parts", "both")
        self.bias = nn.Parameter(torch.zeros(1))
        if self.parts != "deep":
            self.wide = Fields(1)
        if self.parts != "wide":
            self.field = Fields(o["width"])
            self.deep = Tower(len(w.fields(0, 0)) * o["width"], layers_of(o))
            self.out = nn.Linear(layers_of(o)[-1], 1, bias=False)

    def logit(self, fields, crosses):
        y = self.bias[0]
        if self.parts != "deep":
            y = y + self.wide(fields).sum() + self.wide(crosses).sum()
        if self.parts != "wide":
            y = y + self.out(self.deep(self.field(fields)))[0]
        return y


class DeepFm(nn.Module):
    """Guo et al. 2017, eq. 1-4: y_FM + y_DNN, with the vectors V of the pairs embedding the fields."""

    def __init__(self, w, o):
        super().__init__()
        self.parts = o.get("parts", "both")
        self.bias = nn.Parameter(torch.zeros(1))
        self.field = Fields(o["width"])
        if self.parts != "deep":
            self.first = Fields(1)
        if self.parts != "fm":
            self.deep = Tower(len(w.fields(0, 0)) * o["width"], layers_of(o))
            self.out = nn.Linear(layers_of(o)[-1], 1, bias=False)

    def logit(self, fields, crosses):
        y = self.bias[0]
        if self.parts != "deep":
            x = [feature for features in fields for feature in features]
            y = y + sum(value * self.first.weight[j, 0] for j, value in x)
            for a in range(len(x)):
                for b in range(a + 1, len(x)):
                    y = y + torch.dot(self.field.weight[x[a][0]], self.field.weight[x[b][0]]) * x[a][1] * x[b][1]
        if self.parts != "fm":
            y = y + self.out(self.deep(self.field(fields)))[0]
        return y


class Dcn(nn.Module):
    """Wang et al. 2017, eq. 3-6: the cross network x_{l+1} = x_0 x_l' w_l + b_l + x_l beside a deep one."""

    def __init__(self, w, o):
        super().__init__()
        self.parts = o.get("parts", "both")
        width, out = len(w.fields(0, 0)) * o["width"], 0
        self.field = Fields(o["width"])
        if self.parts != "deep":
            self.cross = nn.ModuleList([nn.Linear(width, 1) for _ in range(o["cross_layers"])])
            for layer in self.cross:
                layer.bias = nn.Parameter(torch.zeros(width))
            out += width
        if self.parts != "cross":
            self.deep = Tower(width, layers_of(o))
            out += layers_of(o)[-1]
        self.out = nn.Linear(out, 1, bias=False)

    def logit(self, fields, crosses):
        first, ends = self.field(fields), []
        if self.parts != "deep":
            x = first
            for layer in self.cross:
                x = torch.outer(first, x) @ layer.weight[0] + layer.bias + x
            ends.append(x)
        if self.parts != "cross":
            ends.append(self.deep(first))
        return self.out(torch.cat(ends))[0]


def forward(model, w):
    """Scores of every impression's candidates, and the mean log-loss over all of them, the first of each clicked."""
    scores, loss = [], 0
    for i, candidates in enumerate(w.candidates):
        for place, row in enumerate(candidates):
            plain = w.fields(i, row)
            y = model.logit(plain, w.fields(i, row, crosses=True)[len(plain) :])
            p = torch.sigmoid(y)
            loss = loss - torch.log(p if place == 0 else 1 - p)
            scores.append(y)
    return torch.stack(scores), loss / len(scores)


def rank(model, w):
    """The same scores, and the mean over impressions of -log softmax of the first."""
    scores, loss = forward(model, w)[0], 0
    parts = torch.split(scores, [len(c) for c in w.candidates])
    return scores, sum(-torch.log_softmax(part, 0)[0] for part in parts) / len(parts)


def write(file, name, make, options, seed, learn=forward):
    torch.manual_seed(seed)
    world = World(seed)
    model = make(world, options).double()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_((torch.randn_like(p) * 0.5).float())
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden", file + ".h5")
    settings = SETTINGS + [f"{name}.{key}={value}" for key, value in options.items()]
    recommender_golden.write(
        path, name, settings, world.attributes(), world.datasets(), model, lambda m: learn(m, world)
    )


def main():
    sizes = {"width": 3, "layers": "6-5"}
    write("wide-deep", "wide-deep", WideDeep, sizes, 1)
    write("wide-deep-wide", "wide-deep", WideDeep, {**sizes, "parts": "wide"}, 2)
    write("wide-deep-deep", "wide-deep", WideDeep, {**sizes, "parts": "deep"}, 3)
    write("deepfm", "deepfm", DeepFm, sizes, 4)
    write("deepfm-fm", "deepfm", DeepFm, {**sizes, "parts": "fm"}, 5)
    write("deepfm-ranks", "deepfm", DeepFm, {**sizes, "loss": "ranks"}, 6, rank)
    write("dcn", "dcn", Dcn, {**sizes, "cross_layers": 3}, 7)
    write("dcn-cross", "dcn", Dcn, {**sizes, "cross_layers": 3, "parts": "cross"}, 8)
    write("dcn-deep", "dcn", Dcn, {**sizes, "cross_layers": 3, "parts": "deep"}, 9)


if __name__ == "__main__":
    main()
