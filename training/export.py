"""Writes a trained recogniser as ONNX, checks it in OpenCV, and describes it.

    export.py out/recogniser.pt ../internal/ocr/weights/recogniser.onnx --version 1 --figures "closeups .85"

Of several checkpoints, which must lie on one way of training, the mean is written.

The file is opset 11 without Identity-of-initializer nodes, since OpenCV 4.6 aborts the process on what it can't load.
"""
import argparse
import datetime
import hashlib
import json
import os

import cv2
import numpy as np
import onnx
import torch
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

from recogniser import CLASSES, COLUMNS, HEIGHT, WIDTH, Recogniser, adopt

TOLERANCE = 1e-4  # largest difference between OpenCV and PyTorch, in logits


def without_identities(model):
    """Removes Identity nodes that only rename a constant."""
    constants = {i.name for i in model.graph.initializer}
    names = {n.output[0]: n.input[0] for n in model.graph.node if n.op_type == "Identity" and n.input[0] in constants}
    kept = [n for n in model.graph.node if n.output[0] not in names]
    for node in kept:
        for i, name in enumerate(node.input):
            node.input[i] = names.get(name, name)
    del model.graph.node[:]
    model.graph.node.extend(kept)
    return model


def fused(net):
    """net in evaluation, its normalisations folded into its convolutions."""
    net.eval()
    for part in net.modules():
        if isinstance(part, nn.Sequential):
            for i in range(len(part) - 1):
                if isinstance(part[i], nn.Conv2d) and isinstance(part[i + 1], nn.BatchNorm2d):
                    part[i], part[i + 1] = fuse_conv_bn_eval(part[i], part[i + 1]), nn.Identity()
    return net


def mean(nets):
    """A network whose weights are the means of those of fused networks."""
    states = [net.state_dict() for net in nets]
    nets[0].load_state_dict({k: torch.stack([s[k] for s in states]).mean(0) for k in states[0]})
    return nets[0]


def export(net, path):
    torch.onnx.export(net, torch.zeros(1, 1, HEIGHT, WIDTH), path, opset_version=11, input_names=["input"], output_names=["logits"])
    onnx.save(without_identities(onnx.load(path)), path)


def difference(net, path, rounds=8):
    """Largest absolute difference between OpenCV's logits and PyTorch's on random crops."""
    loaded, worst, random = cv2.dnn.readNetFromONNX(path), 0., np.random.RandomState(5)
    for _ in range(rounds):
        x = cv2.resize(random.uniform(-2, 2, (16, 40)).astype(np.float32), (WIDTH, HEIGHT))[None, None]
        loaded.setInput(x, "input")
        got = loaded.forward("logits")
        with torch.no_grad():
            want = net(torch.from_numpy(x)).numpy()
        assert got.shape == want.shape == (1, COLUMNS, CLASSES), (got.shape, want.shape)
        worst = max(worst, float(np.abs(got - want).max()))
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+")
    parser.add_argument("onnx")
    parser.add_argument("--version", default="1")
    parser.add_argument("--figures", default="", help="what evaluate.py measured, for the description")
    a = parser.parse_args()
    saved, nets = [torch.load(c, map_location="cpu") for c in a.checkpoints], []
    for s in saved:
        net = Recogniser()
        adopt(net, s["average"])
        nets.append(fused(net))
    net = mean(nets)
    part = a.onnx + ".part"
    export(net, part)
    worst = difference(net, part)
    if worst > TOLERANCE:
        raise SystemExit("OpenCV and PyTorch differ by %g; %s is left as it was" % (worst, a.onnx))
    os.replace(part, a.onnx)
    with open(a.onnx, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    description = dict(
        name="alprd recogniser", version=a.version, sha256=digest, input=[1, 1, HEIGHT, WIDTH], output=[1, COLUMNS, CLASSES],
        normalisation="(grey - 127.5) / 64", parameters=sum(p.numel() for p in net.parameters()), crops_seen=max(s["seen"] for s in saved),
        date=datetime.date.today().isoformat(), figures=a.figures)
    with open(os.path.splitext(a.onnx)[0] + ".json", "w") as f:
        json.dump(description, f, indent=1)
        f.write("\n")
    print("%s: %d parameters, differs from PyTorch by %.1e" % (a.onnx, description["parameters"], worst))


if __name__ == "__main__":
    main()
