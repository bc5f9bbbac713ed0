#!/usr/bin/env python3
"""LR and FM in PyTorch, FM's solvers in NumPy, written from the papers' equations, and their golden files.

    python3 tests/parity/sparse_reference.py

FM is the double sum over pairs of features as it stands in the paper (ICDM 2010, eq. 1), not the form that is linear in them; a step of
alternating least squares is solved as the least-squares problem that it is, by numpy.linalg.lstsq."""
import os

import h5py
import numpy as np
import recommender_golden
import torch
from sparse_world import BUCKETS, SETTINGS, World
from torch import nn

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
FACTORS = 3


def scores(x, w0, w, v):
    y = w0 + x @ w[:, 0]
    if v is not None:
        products = v @ v.T
        for i in range(x.shape[1]):
            for j in range(i + 1, x.shape[1]):
                y = y + products[i, j] * x[:, i] * x[:, j]
    return y


def cross_entropy(y, label):
    p = torch.sigmoid(y)
    return -(label * torch.log(p) + (1 - label) * torch.log(1 - p)).mean()


class Machine(nn.Module):
    def __init__(self, factors, seed, width=BUCKETS):
        super().__init__()
        torch.manual_seed(seed)
        value = lambda *shape: nn.Parameter((0.3 * torch.randn(*shape)).float().double())
        self.w0, self.w = value(1), value(width, 1)
        self.v = value(width, factors) if factors else None

    def forward(self, x):
        return scores(x, self.w0, self.w, self.v)


def write_recommender(name, factors, crosses, more):
    world = World(5)
    x, label = torch.tensor(world.vectors(crosses)), torch.tensor(world.clicked_first())

    def forward(model):
        y = model(x)
        return y, cross_entropy(y, label)

    recommender_golden.write(os.path.join(GOLDEN, name + ".h5"), name, SETTINGS + more, world.attributes(), world.datasets(),
                             Machine(factors, 7), forward)


def draw_samples(rng, count, width):
    """Rows with some features at 1 and some at other values, one of them without any."""
    x = np.where(rng.random((count, width)) < 0.4, rng.standard_normal((count, width)), 0).astype(np.float32).astype(np.float64)
    x[0, 0] = 1
    x[1] = 0
    return x, (rng.random(count) < 0.4).astype(np.uint8)


def sgd(x, label, model, rate, l2_weight, l2_factor, passes):
    """Eq. 4 by PyTorch's gradients; the penalty is of what the sample has."""
    losses = []
    for _ in range(passes):
        model.zero_grad()
        row = torch.tensor(x[None])
        loss = cross_entropy(model(row), torch.tensor([float(label)]))
        loss.backward()
        losses.append(loss.item())
        has = torch.tensor(x != 0).double()[:, None]
        with torch.no_grad():
            model.w0 -= rate * model.w0.grad
            model.w -= rate * (model.w.grad + l2_weight * has * model.w)
            if model.v is not None:
                model.v -= rate * (model.v.grad + l2_factor * has * model.v)
    return losses


def best(theta, y, h, target, l2):
    """theta' with the least sum (target - y - h (theta' - theta))^2 + l2 theta'^2, as an overdetermined system."""
    a = np.concatenate([h, [np.sqrt(l2)]])[:, None]
    b = np.concatenate([target - y + h * theta, [0]])
    return np.linalg.lstsq(a, b, rcond=None)[0][0]


def als(x, label, w0, w, v, l2_weight, l2_factor):
    """One sweep; h = dy/dtheta from the model equation by a difference, which is exact as y is linear in each parameter."""
    target, t = np.where(label, 1.0, -1.0), torch.tensor
    y = lambda: scores(t(x), t(w0), t(w[:, None]), t(v)).numpy()
    loss = ((target - y()) ** 2).mean()

    def solve(parameter, at, l2):
        old, before = parameter[at], y()
        parameter[at] = old + 1
        h = y() - before
        parameter[at] = old
        if (h != 0).any():
            parameter[at] = best(old, before, h, target, l2)

    solve(w0, 0, 0)
    for j in range(x.shape[1]):
        solve(w, j, l2_weight)
    for f in range(v.shape[1]):
        for j in range(x.shape[1]):
            solve(v, (j, f), l2_factor)
    return loss


def write_solvers():
    """Layout: tests/parity/test_sparse_solvers.c."""
    rng = np.random.default_rng(3)
    x, label = draw_samples(rng, 12, 8)
    with h5py.File(os.path.join(GOLDEN, "sparse_solvers.h5"), "w", libver="earliest") as f:
        used = [np.nonzero(row)[0] for row in x]
        f["offset"] = np.cumsum([0] + [len(u) for u in used]).astype(np.int64)
        f["index"] = np.concatenate(used).astype(np.int32)
        f["value"] = np.concatenate([row[u] for row, u in zip(x, used)]).astype(np.float32)
        f["label"] = label
        for name, factors in (("linear", 0), ("three", FACTORS), ("sixteen", 16)):
            model = Machine(factors, 11, 8)
            keep = lambda when: [f.create_dataset(f"{name}/{when}/{key}", data=p.detach().numpy())
                                 for key, p in model.named_parameters()]
            keep("before")
            f[f"{name}/scores"] = model(torch.tensor(x)).detach().numpy()
            f[f"{name}/sgd_loss"] = np.array(sgd(x[0], label[0], model, 0.1, 0.01, 0.02, 3))
            keep("sgd")
        model = Machine(FACTORS, 11, 8)
        w0, w, v = (p.detach().numpy().copy() for p in (model.w0, model.w[:, 0], model.v))
        f["als_loss"] = np.array([als(x, label, w0, w, v, 0.5, 1.5), als(x, label, w0, w, v, 0.5, 1.5)])
        f["als/w0"], f["als/w"], f["als/v"] = w0, w, v
    print("sparse_solvers.h5")


write_recommender("lr", 0, True, ["lr.solver=adam"])
write_recommender("fm", FACTORS, False, ["fm.solver=adam", f"fm.factors={FACTORS}"])
write_solvers()
