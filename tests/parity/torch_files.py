#!/usr/bin/env python3
"""Makes golden/torch-*.pth: state dicts as torch.save writes them, in the zip format and in the one before it, for
tests/unit/test_torch_file.c and tests/parity/test_resnet.c. Keys of the older format's storages are addresses, so its
bytes differ from run to run; what they say does not.

    python3 tests/parity/torch_files.py      (needs torch; run from the repository root)
"""
import collections

import torch
from torch import nn

import resnet_reference

GOLDEN = "tests/parity/golden/"


def save(name, value, **options):
    for kind in ("zip", "legacy"):
        torch.save(value, f"{GOLDEN}{name}.{kind}.pth", _use_new_zipfile_serialization=kind == "zip", **options)


def tensors():
    base = torch.arange(24, dtype=torch.float32)
    return collections.OrderedDict(
        float=torch.tensor([1.5, -2.0]),
        half=torch.tensor([[1.0, -2.0, 2.0**-24]], dtype=torch.float16),
        bfloat=torch.tensor([1.0, -10.0], dtype=torch.bfloat16),
        base=base,
        rows=base[6:18].view(3, 4),
        transposed=base[6:18].view(3, 4).t(),
        steps=base.view(2, 3, 4)[:, ::2, 1::2],
        permuted=base.view(2, 3, 4).permute(2, 0, 1),
        expanded=base[5:6].expand(2, 3),
        scalar=torch.tensor(7.0),
        empty=torch.zeros(0, 3),
        parameter=nn.Parameter(torch.tensor([3.0, 4.0])),
        num_batches_tracked=torch.tensor(9),
    )


def tiny_resnet():
    resnet_reference.WIDTH, resnet_reference.BLOCKS, resnet_reference.CLASSES = 1, (1, 1, 1, 1), 3
    net = resnet_reference.random_net()
    save("torch-resnet", collections.OrderedDict(
        (k, v.half() if v.is_floating_point() else v) for k, v in net.state_dict().items()))
    x = ((torch.arange(3 * 61 * 45) * 37 % 255).float() / 255 - 0.5).view(1, 3, 61, 45)
    with torch.no_grad():
        layer2, pooled, _ = net(x, False)
    resnet_reference.save(GOLDEN + "torch-resnet.safetensors", {
        "expect.layer2": layer2.permute(0, 2, 3, 1), "expect.pooled": pooled.permute(0, 2, 3, 1)})


def main():
    torch.manual_seed(21)
    save("torch-tensors", tensors())
    save("torch-protocol4", tensors(), pickle_protocol=4)
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))  # its state_dict() has an attribute, _metadata
    with torch.no_grad():
        module[0].weight.copy_(torch.arange(12.0).view(4, 3, 1, 1))
    save("torch-module", module.state_dict())
    save("torch-checkpoint", {"epoch": 3, "rate": 0.1, "done": None, "classes": ["a", "b"],
                              "state_dict": module.state_dict(), "optimizer": {"moment": torch.ones(3)}})
    torch.save({"model": dict(module.state_dict())}, GOLDEN + "torch-model.pth")
    tiny_resnet()


if __name__ == "__main__":
    main()
