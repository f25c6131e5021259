"""Trains the finder on the shards of finder/scenes.py and writes its ONNX file.

    python3 -m finder.train --minutes 60                      # train, or go on from out/finder/finder.pt
    python3 -m finder.train --export ../internal/ocr/weights/finder.onnx

One thread, bfloat16 where the processor is quicker with it. The learning rate follows a cosine over the wall clock, so a run
ends when it is meant to on any machine; progress is kept in the checkpoint and a stopped run goes on where it was. New shards
are taken in as the generator writes them.
"""
import argparse
import glob
import math
import os
import random
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import torch

from finder import geometry, network, scenes

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(HERE, "out", "finder")
BATCH = 12
FULL, CUT = (scenes.WIDTH, scenes.HEIGHT), (224, 160)


class Shards:
    """The shards on disk, loaded once each."""

    def __init__(self, folder):
        self.folder, self.loaded = folder, {}

    def refresh(self):
        for path in sorted(glob.glob(os.path.join(self.folder, "scenes-*.npz"))):
            if path not in self.loaded and not path.endswith(".part.npz"):
                with np.load(path) as z:
                    self.loaded[path] = z["pictures"], z["quads"], z["kinds"]

    def batch(self, rng):
        """pictures uint8 [BATCH, H, W], quads, kinds; drawn from one shard."""
        pictures, quads, kinds = self.loaded[rng.choice(list(self.loaded))]
        rows = rng.sample(range(len(pictures)), BATCH)
        return pictures[rows], quads[rows], kinds[rows]


def augment(pictures, quads, kinds, size, rng):
    """Cuts size (width, height) out of each scene, zoomed by up to 15 %, mostly with a plate in it, shrunk where it must be to fit.

    What comes in from outside is the readers' border grey. Plates cut by the edge become ones not to ask for."""
    width, height = size
    full = pictures.shape[2] == width
    out = np.empty((len(pictures), height, width), np.uint8)
    for i, picture in enumerate(pictures):
        k = rng.uniform(.87, 1.15)
        plates = np.flatnonzero(kinds[i] == scenes.PLATE)
        centre = np.array([picture.shape[1] / 2, picture.shape[0] / 2])
        slack = np.array([12.0, 12.0])
        if not full:
            if len(plates) and rng.random() < .9:
                q = quads[i, rng.choice(plates)]
                extent = np.ptp(q, axis=0)
                k *= min(1, width * .85 / extent[0], height * .85 / extent[1])
                centre, slack = (q.min(0) + q.max(0)) / 2, np.maximum(np.array(size) - extent * k, 0) / 2
            else:
                slack = np.array([60.0, 30.0])
        shift = np.array(size) / 2 - centre * k + np.array([rng.uniform(-1, 1), rng.uniform(-1, 1)]) * slack
        if not full and rng.random() < .9:  # as little border as can be
            room = np.array(size) - np.array(picture.shape[::-1]) * k
            shift = np.clip(shift, np.minimum(room, 0), np.maximum(room, 0))
        # OpenCV counts from pixel centres, quads from pixel edges.
        x, y = shift + .5 * k - .5
        out[i] = cv2.warpAffine(picture, np.array([[k, 0, x], [0, k, y]]), size, borderMode=cv2.BORDER_CONSTANT, borderValue=scenes.PAD)
        quads[i] = quads[i] * k + shift
        for j in np.flatnonzero(kinds[i]):
            share = geometry.visible_share(quads[i, j], width, height)
            if share < .9:
                kinds[i, j] = scenes.IGNORE if share > 0 else 0
    return out, quads, kinds


class Average:
    """Exponential moving average of a model's state, which is what ships."""

    def __init__(self, model, decay=.999):
        self.state = {k: v.detach().clone() for k, v in model.state_dict().items()}
        self.decay, self.steps = decay, 0

    def update(self, model):
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (20 + self.steps))
        for k, v in model.state_dict().items():
            if v.dtype.is_floating_point:
                self.state[k].mul_(keep).add_(v.detach(), alpha=1 - keep)
            else:
                self.state[k].copy_(v)


def train(folder, checkpoint, minutes, rate, bf16, start):
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(0)
    rng = random.Random(time.time_ns())
    model = network.Finder().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(model.parameters(), rate, weight_decay=1e-2)
    average = Average(model)
    spent, seen = 0.0, 0
    if os.path.exists(checkpoint):
        kept = torch.load(checkpoint)
        model.load_state_dict(kept["model"])
        optimiser.load_state_dict(kept["optimiser"])
        average.state, average.steps = kept["average"], kept["steps"]
        spent, seen = kept["spent"], kept["seen"]
    elif start:
        kept = torch.load(start)
        model.load_state_dict(kept["average"])
        average.state = kept["average"]
    shards = Shards(folder)
    shards.refresh()
    model.train()
    last, sums, count, saved = time.time(), np.zeros(2), 0, time.time()

    def save():
        torch.save({"model": model.state_dict(), "optimiser": optimiser.state_dict(), "average": average.state, "steps": average.steps,
                    "spent": spent, "seen": seen}, checkpoint + ".part")
        os.rename(checkpoint + ".part", checkpoint)

    while spent < minutes * 60:
        began = time.time()
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, seen / 4000 + .05) * (.5 * (1 + math.cos(math.pi * spent / (minutes * 60))) + .01)
        pictures, quads, kinds = shards.batch(rng)
        # Most of a scene is background; cutting out what surrounds a plate more than halves the work of those steps.
        pictures, quads, kinds = augment(pictures, quads, kinds, FULL if rng.random() < .5 else CUT, rng)
        want = [torch.from_numpy(t) for t in network.targets(quads, kinds, *pictures.shape[1:])]
        x = network.normalise(pictures)
        # Exposure and contrast anew each time a scene is seen.
        x = x * torch.empty(len(x), 1, 1, 1).uniform_(.6, 1.25) + torch.empty(len(x), 1, 1, 1).uniform_(-.35, .35)
        x = x.to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            heat, corners = model(x)
        focal, corner = network.loss(heat, corners, want)
        optimiser.zero_grad()
        (focal + corner).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10)
        optimiser.step()
        average.update(model)
        seen += len(x)
        sums += focal.item(), corner.item()
        count += 1
        spent += time.time() - began
        if count == 200:
            shards.refresh()
            print("%5.1f min %7d scenes: heat %.4f corners %.4f, %.0f scenes/s, %d shards" %
                  (spent / 60, seen, sums[0] / count, sums[1] / count, count * BATCH / (time.time() - last), len(shards.loaded)), flush=True)
            last, sums, count = time.time(), np.zeros(2), 0
            if time.time() - saved > 90:
                save()
                saved = time.time()
    save()


def export(checkpoint, path):
    """Writes the averaged network as ONNX, opset 11, any height and width that are multiples of 32."""
    import onnx
    model = network.Finder()
    model.load_state_dict(torch.load(checkpoint)["average"])
    model.eval()
    torch.onnx.export(model, torch.zeros(1, 1, 384, 640), path, opset_version=11, input_names=["input"], output_names=["heat", "corners"],
                      dynamic_axes={"input": {2: "H", 3: "W"}, "heat": {2: "h", 3: "w"}, "corners": {2: "h", 3: "w"}})
    graph = onnx.load(path)
    # OpenCV 4.6 names layers after nodes, and outputs are asked for by layer name.
    for node in graph.graph.node:
        if node.output[0] in ("heat", "corners"):
            node.name = node.output[0]
    graph.producer_name, graph.producer_version, graph.doc_string = "alprd", "", ""
    onnx.checker.check_model(graph)
    onnx.save(graph, path)
    check(model, path)
    print("%s: %d parameters, %d bytes" % (path, sum(p.numel() for p in model.parameters()), os.path.getsize(path)))


def check(model, path):
    """Compares OpenCV's outputs of an ONNX file with the model's, at sizes other than the traced one."""
    net = cv2.dnn.readNetFromONNX(path)
    for width, height in ((640, 384), (640, 480), (1280, 736), (320, 192), (320, 256), (96, 64)):
        picture = cv2.GaussianBlur(np.random.randint(0, 255, (height, width), np.uint8), (0, 0), 2)
        net.setInput(cv2.dnn.blobFromImage(picture, 1 / 64, mean=127.5))
        with torch.no_grad():
            wanted = model(network.normalise(picture[None]))
        for got, want in zip(net.forward(["heat", "corners"]), wanted):
            if abs(got - want.numpy()).max() > 1e-4:
                sys.exit("train_finder: OpenCV and PyTorch disagree at %d x %d" % (width, height))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--minutes", type=float, default=60, help="length of the whole run, over all its pieces")
    p.add_argument("--rate", type=float, default=2e-3)
    p.add_argument("--scenes", default=OUT)
    p.add_argument("--checkpoint", default=os.path.join(OUT, "finder.pt"))
    p.add_argument("--start", metavar="CHECKPOINT", help="take the weights of an earlier run, on a fresh schedule")
    p.add_argument("--float32", action="store_true", help="no bfloat16")
    p.add_argument("--export", metavar="ONNX", help="write this file from the checkpoint and stop")
    a = p.parse_args()
    if a.export:
        export(a.checkpoint, a.export)
        return
    if not glob.glob(os.path.join(a.scenes, "scenes-*.npz")):
        sys.exit("train_finder: no scenes in %s; run finder/scenes.py first" % a.scenes)
    train(a.scenes, a.checkpoint, a.minutes, a.rate, not a.float32, a.start)


if __name__ == "__main__":
    main()
