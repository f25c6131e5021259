"""Writes a trained recogniser as ONNX, checks it in OpenCV, and describes it.

    python3 -m recogniser.export out/recogniser.pt ../internal/ocr/weights/recogniser.onnx --version 1 --figures "closeups .85"

Of several checkpoints, which must lie on one way of training, the mean is written.
"""
import argparse
import datetime
import json
import os

import torch
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

import onnx_file
from recogniser.network import CLASSES, COLUMNS, HEIGHT, WIDTH, Recogniser, adopt


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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+")
    parser.add_argument("onnx")
    parser.add_argument("--version", default="1")
    parser.add_argument("--figures", default="", help="what recogniser/evaluate.py measured, for the description")
    a = parser.parse_args()
    saved, nets = [torch.load(c, map_location="cpu") for c in a.checkpoints], []
    for s in saved:
        net = Recogniser()
        adopt(net, s["average"])
        nets.append(fused(net))
    net = mean(nets)
    worst, digest = onnx_file.write(net, a.onnx, HEIGHT, WIDTH)
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
