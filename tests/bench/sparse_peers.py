#!/usr/bin/env python3
"""What bench_sparse.sh times beside coverline, over the same mapped samples, on one thread.

    sparse_peers.py fm FILE        FM of 16 factors in PyTorch: embeddings with sparse gradients, SGD over batches of 1,024
    sparse_peers.py lr FILE        logistic regression by scikit-learn's SGDClassifier, one pass over the CSR matrix

Prints samples a second of processor time of a second pass, the first being to warm up."""
import sys
import time

import numpy as np

FACTORS, BATCH, HEADER = 16, 1024, 136


def load(path):
    count, pairs, buckets = (int(x) for x in np.fromfile(path, np.uint64, 3, offset=HEADER))
    at, lists = HEADER + 24, []
    for kind, n in ((np.int64, count + 1), (np.int32, pairs), (np.float32, pairs), (np.uint8, count)):
        lists.append(np.memmap(path, kind, "r", at, (n,)))
        at += np.dtype(kind).itemsize * n
    return (*lists, buckets)


def fm(path):
    import torch
    from torch.nn import functional as f

    torch.set_num_threads(1)
    offset, index, value, label, buckets = load(path)
    each, count = int(offset[1]), len(label)
    w0 = torch.nn.Parameter(torch.zeros(1))
    w = torch.nn.EmbeddingBag(buckets, 1, mode="sum", sparse=True)
    v = torch.nn.Embedding(buckets, FACTORS, sparse=True)
    torch.nn.init.zeros_(w.weight)
    torch.nn.init.normal_(v.weight, 0, 0.1)
    sgd = torch.optim.SGD([w0, *w.parameters(), *v.parameters()], lr=0.01)
    index, value = index.reshape(count, each), value.reshape(count, each)
    rates = []
    for passes in range(2):
        order, begin = torch.randperm(count // BATCH), time.process_time()
        for block in order:
            at = slice(int(block) * BATCH, (int(block) + 1) * BATCH)
            i, x = torch.from_numpy(index[at].astype(np.int64)), torch.from_numpy(np.array(value[at]))
            z = v(i) * x[:, :, None]
            y = w0 + w(i, per_sample_weights=x)[:, 0] + (z.sum(1) ** 2 - (z**2).sum(1)).sum(1) / 2
            loss = f.binary_cross_entropy_with_logits(y, torch.from_numpy(label[at].astype(np.float32)))
            sgd.zero_grad()
            loss.backward()
            sgd.step()
        rates.append(len(order) * BATCH / (time.process_time() - begin))
    return rates[-1]


def lr(path):
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import SGDClassifier

    offset, index, value, label, buckets = load(path)
    x = csr_matrix((value, index, offset.astype(np.int32)), shape=(len(label), buckets), copy=False)
    model = SGDClassifier(loss="log_loss", alpha=1e-6, learning_rate="constant", eta0=0.01)
    rates = []
    for passes in range(2):
        begin = time.process_time()
        model.partial_fit(x, label, classes=[0, 1])
        rates.append(len(label) / (time.process_time() - begin))
    return rates[-1]


print(f"{({'fm': fm, 'lr': lr})[sys.argv[1]](sys.argv[2]):.0f}")
