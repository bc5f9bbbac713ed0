"""Writes golden files of recommenders in the layout that tests/parity/test_recommenders.c reads."""
import h5py
import numpy as np
import torch


def offsets(lists, kind):
    return np.cumsum([0] + [len(x) for x in lists]).astype(kind)


def packed(name, lists, kind=np.int32, offset_kind=np.int32):
    """Lists one after another, and where each begins."""
    return {
        name: np.concatenate([np.asarray(row, kind) for row in lists]).astype(kind),
        name + "_offset": offsets(lists, offset_kind),
    }


def titles(lists):
    return packed("title", lists, np.int32, np.int64)


def entities(words, lists, vectors, contexts=None, types=None):
    """The entity of each word and those of each title; vectors and contexts [entities + 1, width], types [entities + 1]."""
    out = {"word_entity": np.concatenate([np.asarray(row, np.int32) for row in words]), **packed("entity", lists, np.int32, np.int64)}
    out["entity_vector"] = np.asarray(vectors, np.float32)
    if contexts is not None:
        out["entity_context"] = np.asarray(contexts, np.float32)
    return out if types is None else {**out, "entity_type": np.asarray(types, np.int32)}


def impressions(history, candidates, user=None):
    out = {**packed("click", history), **packed("candidate", candidates)}
    return out if user is None else {**out, "user": np.asarray(user, np.int32)}


def column(kind, state, values, counts=None):
    """The columns of a kind: values by name, [news, ...]; state [news]; counts by name, [news]."""
    out = {f"column/{kind}/state": np.asarray(state, np.uint8)}
    out.update({f"column/{kind}/{name}": np.asarray(x, np.float16) for name, x in values.items()})
    out.update({f"column/{kind}/{name}": np.asarray(x, np.int32) for name, x in (counts or {}).items()})
    return out


def write(path, name, settings, attributes, datasets, model, forward, rate=0.01, steps=3):
    """forward(model) gives the scores of all candidates, packed, and the loss; model's parameters have the names of the C side's and
    hold float32 values in double precision. settings are "section.key=value". Buffers are what follows a step's batch, x += rate (seen - x)
with the rate model.follow: what they see stands for their gradient; and "scored" are the scores outside training."""
    with h5py.File(path, "w", libver="earliest") as f:
        f.attrs["model"] = np.bytes_(name)
        f.attrs["settings"] = np.bytes_("\n".join(list(settings) + [f"train.learning_rate={rate}"]))
        for key, value in attributes.items():
            f.attrs[key] = np.int64(value)
        for key, value in datasets.items():
            f[key] = value
        buffers = dict(model.named_buffers())
        if buffers:
            f["scored"] = forward(model.eval())[0].detach().numpy()
            model.train()
        adam = torch.optim.Adam(model.parameters(), lr=rate)
        for step in range(steps):
            adam.zero_grad()
            before = {key: b.clone() for key, b in buffers.items()}
            scores, loss = forward(model)
            loss.backward()
            if step == 0:
                f["scores"], f["loss"] = scores.detach().numpy(), np.array([loss.item()])
                for key, p in model.named_parameters():
                    f["parameters/" + key] = p.detach().numpy().astype(np.float32)
                    f["gradient/" + key] = np.zeros(p.shape) if p.grad is None else p.grad.numpy()
                for key, b in buffers.items():
                    f["parameters/" + key] = before[key].numpy().astype(np.float32)
                    f["gradient/" + key] = ((b - before[key]) / model.follow + before[key]).numpy()
            adam.step()
        for key, p in list(model.named_parameters()) + list(buffers.items()):
            f["after/" + key] = p.detach().numpy()
        least = min(np.linalg.norm(f["gradient/" + key]) for key, _ in model.named_parameters())
    print(f"{path}: {len(list(model.parameters()))} parameters, loss {loss.item():.6f}, least gradient {least:.2g}")
