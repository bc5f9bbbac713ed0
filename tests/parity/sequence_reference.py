#!/usr/bin/env python3
"""The CTR models over a reader's clicks in PyTorch, written from their papers' equations as model/recommenders/{youtubenet,din}.c state
them, and the golden files that the C side is held against.

    python3 tests/parity/sequence_reference.py      writes tests/parity/golden/{youtubenet,din}*.h5

Item by item and sum by sum; see recommender_golden.py and gmmf_reference.py for the layout and the world.
"""
import os

import numpy as np
import recommender_golden
import torch
from gmmf_reference import CATEGORIES, CATEGORY, ITEM, READERS, TEXT, USER, VISUAL, Ids, World
from torch import nn

MODALITY, SUBCATEGORIES = 3, 3


class Dice(nn.Module):
    """f(s) = p s + (1 - p) alpha s, p = sigmoid of s standardised over the batch, or by moving averages."""

    def __init__(self, width, follow):
        super().__init__()
        self.follow = follow
        self.alpha = nn.Parameter(torch.zeros(width))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))

    def forward(self, rows):
        mean, variance = self.mean.clone(), self.variance.clone()
        if self.training:
            mean = sum(rows) / len(rows)
            variance = sum((s - mean) ** 2 for s in rows) / len(rows)
            self.mean += self.follow * (mean.detach() - self.mean)
            self.variance += self.follow * (variance.detach() - self.variance)
        out = []
        for s in rows:
            p = 1 / (1 + torch.exp(-(s - mean) / torch.sqrt(variance + 1e-8)))
            out.append(p * s + (1 - p) * self.alpha * s)
        return out


class Prelu(nn.Module):
    def __init__(self, width, _):
        super().__init__()
        self.alpha = nn.Parameter(torch.zeros(width))

    def forward(self, rows):
        return [torch.where(s > 0, s, self.alpha * s) for s in rows]


class Sequence(nn.Module):
    """What an item and a reader are (sequence_items.h)."""

    def __init__(self, o, world):
        super().__init__()
        self.o, self.world = o, world
        self.item, self.user = Ids(world.count, ITEM), Ids(READERS + 1, USER)
        self.category = nn.Embedding(CATEGORIES + 1, CATEGORY)
        self.subcategory = nn.Embedding(SUBCATEGORIES + 1, CATEGORY)
        self.width = ITEM + 2 * CATEGORY
        if "visual" in o:
            self.visual, self.text = nn.Linear(VISUAL, MODALITY), nn.Linear(TEXT, MODALITY)
            self.width += 2 * MODALITY

    def x(self, i):
        w = self.world
        parts = [self.item(i), self.category.weight[w.category[i]], self.subcategory.weight[w.subcategory[i]]]
        for m in ("visual", "text"):
            if m in self.o:
                there = w.state[m][i] != 0
                parts.append(getattr(self, m)(w.feature(m, i)) if there else torch.zeros(MODALITY, dtype=torch.float64))
        return torch.cat(parts)

    def impressions(self):
        return zip(self.world.user, self.world.history, self.world.candidates)

    def logistic(self, scores):
        label = torch.cat([torch.tensor([1.0] + [0.0] * (len(c) - 1), dtype=torch.float64) for c in self.world.candidates])
        return nn.functional.binary_cross_entropy(torch.sigmoid(scores), label)


class YoutubeNet(Sequence):
    def __init__(self, o, world):
        super().__init__(o, world)
        ranking = o["network"] == "ranking"
        width, tower = self.width * (2 if ranking else 1) + USER, nn.ModuleDict()
        for layer in range(o["layers"]):
            tower[str(layer)] = nn.Linear(width, o["hidden"] // 2**layer)
            width = o["hidden"] // 2**layer
        self.tower = tower
        self.out = nn.Linear(width, 1) if ranking else nn.Linear(self.width, width, bias=False)

    def climb(self, x):
        for layer in range(self.o["layers"]):
            x = torch.relu(self.tower[str(layer)](x))
        return x

    def forward(self):
        scores, loss = [], 0
        for user, history, candidates in self.impressions():
            mean = sum(self.x(i) for i in history) / len(history) if history else torch.zeros(self.width, dtype=torch.float64)
            foot = torch.cat([mean, self.user(user)])
            if self.o["network"] == "ranking":
                own = [self.out(self.climb(torch.cat([foot, self.x(c)])))[0] for c in candidates]
            else:
                own = [torch.dot(self.climb(foot), self.out(self.x(c))) for c in candidates]
                loss = loss - torch.log(torch.exp(own[0]) / sum(torch.exp(s) for s in own)) / len(self.world.candidates)
            scores += own
        scores = torch.stack(scores)
        return scores, self.logistic(scores) if self.o["network"] == "ranking" else loss


class Din(Sequence):
    def __init__(self, o, world):
        super().__init__(o, world)
        self.follow = o["follow"]
        gate = lambda width: (Dice if o["activation"] == "dice" else Prelu)(width, self.follow)
        unit = nn.Module()
        unit.hidden, unit.gate, unit.out = nn.Linear(4 * self.width, o["unit_hidden"]), gate(o["unit_hidden"]), nn.Linear(o["unit_hidden"], 1)
        self.unit = unit
        merged = USER + self.width * (3 if o["product"] == "yes" else 2)
        self.first, self.first_gate = nn.Linear(merged, o["hidden1"]), gate(o["hidden1"])
        self.second, self.second_gate = nn.Linear(o["hidden1"], o["hidden2"]), gate(o["hidden2"])
        self.out = nn.Linear(o["hidden2"], 1)

    def weights(self):
        """Of every click for every candidate, in order of impressions, candidates, clicks."""
        rows = []
        for _, history, candidates in self.impressions():
            for c in candidates:
                for j in history:
                    a, b = self.x(j), self.x(c)
                    rows.append(self.unit.hidden(torch.cat([a, b, a - b, a * b])))
        return iter([self.unit.out(s)[0] for s in self.unit.gate(rows)])

    def forward(self):
        weights, merged = self.weights(), []
        for user, history, candidates in self.impressions():
            for c in candidates:
                a = [next(weights) for _ in history]
                if self.o["attention"] == "softmax" and a:
                    a = list(torch.softmax(torch.stack(a) / self.width**0.5, 0))
                read = sum((w * self.x(j) for w, j in zip(a, history)), torch.zeros(self.width, dtype=torch.float64))
                parts = [self.user(user), read, self.x(c)]
                merged.append(torch.cat(parts + [read * self.x(c)] if self.o["product"] == "yes" else parts))
        rows = self.first_gate([self.first(m) for m in merged])
        rows = self.second_gate([self.second(s) for s in rows])
        scores = torch.stack([self.out(s)[0] for s in rows])
        return scores, self.logistic(scores)


def write(folder, name, file, kind, options, seed, deviation=0.6):
    world = World(seed)
    world.subcategory = np.random.default_rng(seed + 100).integers(0, SUBCATEGORIES + 1, world.count).astype(np.int32)
    torch.manual_seed(seed)
    model = kind(options, world).double()
    with torch.no_grad():
        for key, p in list(model.named_parameters()) + list(model.named_buffers()):
            value = (torch.randn_like(p) * deviation).float()
            p.copy_(value.abs() + 0.5 if key.endswith("variance") else value)
    sizes = {"item_width": ITEM, "category_width": CATEGORY, "user_width": USER, "modality_width": MODALITY}
    datasets = {
        **recommender_golden.titles([[0]] * world.count),
        **recommender_golden.impressions(world.history, world.candidates, world.user),
        "category": world.category,
        "subcategory": world.subcategory,
        **recommender_golden.column("vgg", world.state["visual"], {"fc7": world.raw["visual"]}),
        **recommender_golden.column("bert", world.state["text"], {"cls": world.raw["text"]}),
    }
    lines = [f"{name}.{key}={value}" for key, value in {**sizes, **options}.items()]
    attributes = {"vocabulary": 1, "readers": READERS, "categories": CATEGORIES, "subcategories": SUBCATEGORIES}
    path = os.path.join(folder, file + ".h5")
    recommender_golden.write(path, name, lines, attributes, datasets, model, lambda m: m())


def main():
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
    both = {"visual": "vgg", "text": "bert"}
    tower = {"network": "candidates", "layers": 3, "hidden": 16}
    write(folder, "youtubenet", "youtubenet", YoutubeNet, tower, 7, 0.4)
    write(folder, "youtubenet", "youtubenet-ranking", YoutubeNet, {**tower, **both, "network": "ranking", "layers": 2}, 8)
    plain = {"activation": "dice", "attention": "plain", "product": "no", "follow": 0.3, "unit_hidden": 4, "hidden1": 6, "hidden2": 4}
    write(folder, "din", "din", Din, plain, 9)
    write(folder, "din", "din-code", Din, {**plain, **both, "attention": "softmax", "product": "yes"}, 10)
    write(folder, "din", "din-prelu", Din, {**plain, "activation": "prelu"}, 11)


if __name__ == "__main__":
    main()
