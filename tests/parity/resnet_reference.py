#!/usr/bin/env python3
"""Makes golden/resnet.safetensors: a small residual network (bottlenecks 2, 1, 1, 1; width 8) with random weights, an
input, and what PyTorch computes from it. Written from He et al. 2016; torchvision's names; both places of the stride.

    python3 tests/parity/resnet_reference.py      (needs torch; run from the repository root)
"""
import json
import struct

import torch
from torch import nn

WIDTH, BLOCKS, CLASSES = 8, (2, 1, 1, 1), 5


class Bottleneck(nn.Module):
    def __init__(self, inputs, inner, stride):
        super().__init__()
        outputs = inner * 4
        self.conv1, self.bn1 = nn.Conv2d(inputs, inner, 1, bias=False), nn.BatchNorm2d(inner)
        self.conv2, self.bn2 = nn.Conv2d(inner, inner, 3, padding=1, bias=False), nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = nn.Conv2d(inner, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        self.stride = stride
        self.downsample = None
        if inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x, stride_in_first):
        self.conv1.stride = (self.stride,) * 2 if stride_in_first else (1, 1)
        self.conv2.stride = (1, 1) if stride_in_first else (self.stride,) * 2
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y)).relu()
        y = self.bn3(self.conv3(y))
        return (y + (x if self.downsample is None else self.downsample(x))).relu()


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, WIDTH, 7, 2, 3, bias=False), nn.BatchNorm2d(WIDTH)
        inputs = WIDTH
        for stage, blocks in enumerate(BLOCKS):
            layers = nn.ModuleList()
            for block in range(blocks):
                layers.append(Bottleneck(inputs, WIDTH << stage, 2 if stage and not block else 1))
                inputs = (WIDTH << stage) * 4
            setattr(self, f"layer{stage + 1}", layers)
        self.fc = nn.Linear(inputs, CLASSES)

    def forward(self, x, stride_in_first):
        x = nn.functional.max_pool2d(self.bn1(self.conv1(x)).relu(), 3, 2, 1)
        for stage in range(4):
            for block in getattr(self, f"layer{stage + 1}"):
                x = block(x, stride_in_first)
            if stage == 1:
                layer2 = x
        pooled = x.mean((2, 3), keepdim=True)
        return layer2, pooled, self.fc(pooled.flatten(1))[:, :, None, None]


def save(path, tensors):
    header, data = {}, b""
    for name, t in tensors.items():
        kind = "F32" if name.startswith("expect") else "F16"
        raw = t.contiguous().numpy().astype("<f4" if kind == "F32" else "<f2").tobytes()
        header[name] = {"dtype": kind, "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def random_net():
    net = ResNet().eval()
    for name, t in net.state_dict().items():
        if "bn" in name or "downsample.1" in name:
            if name.endswith("running_var"):
                t.uniform_(0.5, 2)
            elif name.endswith("weight"):
                t.uniform_(0.5, 1.5)
            elif not name.endswith("num_batches_tracked"):
                t.normal_(0, 0.3)
        if t.is_floating_point():
            t.copy_(t.half())  # stored as halves, and used as what is stored
    return net


def main():
    torch.manual_seed(20)
    net = random_net()
    # 61 x 45: odd sizes show how padding and strides round; not square, so that axes cannot be exchanged unseen
    x = torch.randn(2, 3, 61, 45).half().float()
    tensors = {k: v for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}
    tensors["input"] = x
    with torch.no_grad():
        for prefix, stride_in_first in (("expect.", False), ("expect.caffe.", True)):
            for name, t in zip(("layer2", "pooled", "classes"), net(x, stride_in_first)):
                tensors[prefix + name] = t.permute(0, 2, 3, 1)  # as the C side gives it: channels last
    save("tests/parity/golden/resnet.safetensors", tensors)


if __name__ == "__main__":
    main()
