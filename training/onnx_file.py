"""Networks as ONNX files: opset 11 without Identity-of-initializer nodes, since OpenCV 4.6 aborts the process on what it can't load."""
import hashlib
import os

import cv2
import numpy as np
import onnx
import torch

TOLERANCE = 1e-4  # largest difference between OpenCV and PyTorch, as a part of the largest output


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


def difference(net, path, height, width, rounds=8):
    """Largest difference between OpenCV's logits and PyTorch's on random pictures, as a part of the largest."""
    loaded, worst, random = cv2.dnn.readNetFromONNX(path), 0., np.random.RandomState(5)
    for _ in range(rounds):
        x = cv2.resize(random.uniform(-2, 2, (height // 4, width // 4)).astype(np.float32), (width, height))[None, None]
        loaded.setInput(x, "input")
        got = loaded.forward("logits")
        with torch.no_grad():
            want = net(torch.from_numpy(x)).numpy()
        assert got.shape == want.shape, (got.shape, want.shape)
        worst = max(worst, float(np.abs(got - want).max() / max(1, np.abs(want).max())))
    return worst


def write(net, path, height, width):
    """Writes a network that takes [1, 1, height, width] as `input` and gives `logits`, and checks the file in OpenCV. Returns what they
    differ by, and the file's SHA-256."""
    net.eval()
    part = path + ".part"
    torch.onnx.export(net, torch.zeros(1, 1, height, width), part, opset_version=11, input_names=["input"], output_names=["logits"])
    onnx.save(without_identities(onnx.load(part)), part)
    worst = difference(net, part, height, width)
    if worst > TOLERANCE:
        raise SystemExit("OpenCV and PyTorch differ by %g; %s is left as it was" % (worst, path))
    os.replace(part, path)
    with open(path, "rb") as f:
        return worst, hashlib.sha256(f.read()).hexdigest()
