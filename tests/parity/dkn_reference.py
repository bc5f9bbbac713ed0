#!/usr/bin/env python3
"""DKN in PyTorch, written from the paper, and its golden files.

    python3 tests/parity/dkn_reference.py

Written unlike the C code on purpose: window by window, candidate by candidate, networks on vectors set side by side.
"""
import os

import numpy as np
import recommender_golden
import torch
from reference import VOCABULARY, WORD
from torch import nn

ENTITIES = 5


class World:
    """Seven news and four impressions: a news without title, titles shorter than a window, words without entity; an empty history; a
    news clicked twice."""

    def __init__(self, seed, width):
        rng = np.random.default_rng(seed)
        lengths = [5, 3, 0, 1, 6, 4, 2]
        self.title = [rng.integers(0, VOCABULARY, n).astype(np.int32) for n in lengths]
        self.entity = [(rng.integers(1, ENTITIES + 1, n) * rng.integers(0, 2, n)).astype(np.int32) for n in lengths]
        self.vector = rng.normal(0, 1, (ENTITIES + 1, width)).astype(np.float32)
        self.around = rng.normal(0, 1, (ENTITIES + 1, width)).astype(np.float32)
        self.vector[0] = self.around[0] = 0
        self.history = [[0, 3, 4, 5], [], [6], [1, 2, 1]]
        self.candidates = [[1, 0, 6], [4, 2], [3, 5, 2, 0], [5, 6, 4]]


class Window(nn.Module):
    def __init__(self, width_in, filters, length):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(filters, width_in, length))
        self.bias = nn.Parameter(torch.zeros(filters))
        self.length = length

    def forward(self, words):
        """The largest of relu(h * W[i : i + l - 1] + b). A title shorter than l: around each of its words, zeros beyond the ends."""
        n, length = len(words), self.length
        if n == 0:
            return torch.zeros(len(self.bias), dtype=torch.float64)
        before = (length - 1) // 2
        firsts = range(n - length + 1) if n >= length else range(-before, n - before)
        values = []
        for first in firsts:
            value = self.bias
            for k in range(length):
                if 0 <= first + k < n:
                    value = value + self.weight[:, :, k] @ words[first + k]
            values.append(torch.relu(value))
        return torch.stack(values).max(0).values


class Network(nn.Module):
    """out . relu(W [a, b] + w), W in two halves."""

    def __init__(self, first, second, width, hidden):
        super().__init__()
        self.names = (first, second)
        self.add_module(first, nn.Linear(width, hidden))
        self.add_module(second, nn.Linear(width, hidden, bias=False))
        self.out = nn.Linear(hidden, 1, bias=False)

    def forward(self, a, b):
        first, second = (getattr(self, name) for name in self.names)
        whole = torch.cat([first.weight, second.weight], 1)
        return self.out(torch.relu(whole @ torch.cat([a, b]) + first.bias))[0]


class Dkn(nn.Module):
    def __init__(self, o, width):
        super().__init__()
        self.on = {key: o.get(key, "yes") == "yes" for key in ("entity", "context", "attention")}
        self.how = o.get("transform", "tanh")
        channels = 1 + self.on["entity"] + self.on["context"]
        self.embedding = nn.Embedding(VOCABULARY, WORD)
        if self.how != "none" and channels > 1:
            self.transform = nn.Linear(width, WORD)
        self.window = nn.ModuleDict(
            {str(length): Window(channels * WORD, o["filters"], length) for length in range(1, o["windows"] + 1)}
        )
        d = o["windows"] * o["filters"]
        self.dot = o.get("match") in ("dot", "scaled")
        self.scale = (o["windows"] * o["filters"]) ** (-0.5 if o.get("match") == "scaled" else 0)
        if self.on["attention"] and not self.dot:
            self.attention = Network("click", "candidate", d, o["hidden_width"])
        if not self.dot:
            self.score = Network("reader", "candidate", d, o["hidden_width"])
        self.width = d

    def g(self, e):
        if self.how == "none":
            return e
        return torch.tanh(self.transform(e)) if self.how == "tanh" else self.transform(e)

    def encode(self, w, j):
        words = []
        for word, entity in zip(w.title[j], w.entity[j]):
            channels = [self.embedding.weight[int(word)]]
            if self.on["entity"]:
                channels.append(self.g(torch.tensor(w.vector[entity]).double()))
            if self.on["context"]:
                channels.append(self.g(torch.tensor(w.around[entity]).double()))
            words.append(torch.cat(channels))
        return torch.cat([window(words) for window in self.window.values()])

    def match(self, what, a, b):
        return self.scale * torch.dot(a, b) if self.dot else getattr(self, what)(a, b)

    def reader(self, clicks, candidate):
        if not clicks:
            return torch.zeros(self.width, dtype=torch.float64)
        if not self.on["attention"]:
            return sum(clicks) / len(clicks)
        share = torch.softmax(torch.stack([self.match("attention", click, candidate) for click in clicks]), 0)
        return sum(s * click for s, click in zip(share, clicks))

    def forward(self, w):
        scores, loss = [], 0
        for history, candidates in zip(w.history, w.candidates):
            clicks, shown = [self.encode(w, j) for j in history], [self.encode(w, j) for j in candidates]
            score = torch.stack([self.match("score", self.reader(clicks, x), x) for x in shown])
            loss = loss - torch.log_softmax(score, 0)[0]
            scores.append(score)
        return torch.cat(scores), loss / len(scores)


def write(file, options, seed, width=4):
    torch.manual_seed(seed)
    world = World(seed, width)
    options = {"filters": 3, "windows": 3, "hidden_width": 5, **options}
    model = Dkn(options, width).double()
    with torch.no_grad():
        for key, p in model.named_parameters():
            p.copy_((torch.randn_like(p) * (1.0 if key == "embedding.weight" else 0.5)).float())
    named = [sorted(set(row) - {0}) for row in world.entity]
    datasets = {
        **recommender_golden.titles(world.title),
        **recommender_golden.entities(world.entity, named, world.vector, world.around),
        **recommender_golden.impressions(world.history, world.candidates),
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden", file + ".h5")
    settings = [f"dkn.{key}={value}" for key, value in options.items()]
    recommender_golden.write(path, "dkn", settings, {"vocabulary": VOCABULARY}, datasets, model, lambda m: m(world))


def main():
    write("dkn", {"windows": 4}, 1)
    write("dkn-words", {"entity": "no", "context": "no", "match": "scaled"}, 2)
    write("dkn-no-context", {"context": "no", "transform": "linear"}, 3)
    write("dkn-no-transform", {"transform": "none"}, 15, WORD)
    write("dkn-no-attention", {"attention": "no"}, 6)


if __name__ == "__main__":
    main()
