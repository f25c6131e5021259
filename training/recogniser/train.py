"""Trains the recogniser on the crops that recogniser/make_crops.py wrote; goes on from its last checkpoint when started again.

    python3 -m recogniser.train CROPS[=WEIGHT] [CROPS[=WEIGHT]…] --out out/recogniser.pt --minutes 90

A batch comes from the shards of one folder, chosen by the folders' weights. From nothing, the loss stays near 3 for the first
50,000–100,000 crops, then falls. --init takes a checkpoint or an exported .onnx.
"""
import argparse

import cv2
import numpy as np
import torch

from loop import EMPTY
import loop
from recogniser.network import BLANK, HEIGHT, WIDTH, Recogniser, adopt, from_onnx, prepare


_grain = np.random.RandomState(3).standard_normal(1 << 20).astype(np.float32)


def vary(crops, random):
    """Cheap changes that let a crop be used several times: a small shift, scale and shear; grain or softness; brightness, contrast,
    inversion. uint8 [n, 64, 160] to network input."""
    n = len(crops)
    for i in np.nonzero(random.uniform(size=n) < .75)[0]:
        sx, sy, shear, lean = random.uniform(-.05, .05, 4) * (1, 1, 1.2, .25)
        dx, dy = random.uniform(-3, 3), random.uniform(-2, 2)
        turn = np.float32([[1 + sx, shear, dx - sx * WIDTH / 2 - shear * HEIGHT / 2], [lean, 1 + sy, dy - sy * HEIGHT / 2 - lean * WIDTH / 2]])
        crops[i] = cv2.warpAffine(crops[i], turn, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    for i in np.nonzero(random.uniform(size=n) < .08)[0]:
        crops[i] = cv2.GaussianBlur(crops[i], (0, 0), random.uniform(.3, .8))
    x = prepare(crops)
    grain = np.where(random.uniform(size=n) < .3, random.uniform(0, .1, n), 0).astype(np.float32)
    if grain.any():
        start = random.randint(len(_grain) - HEIGHT * WIDTH * 8)
        pool = _grain[start:start + HEIGHT * WIDTH * 8].reshape(8, 1, HEIGHT, WIDTH)
        x.add_(torch.from_numpy(pool[np.arange(n) % 8]).mul_(torch.from_numpy(grain).view(n, 1, 1, 1)))
    gain = torch.from_numpy(random.uniform(.7, 1.3, (n, 1, 1, 1)).astype(np.float32))
    gain[torch.from_numpy(random.uniform(size=n) < .06)] *= -1
    return x.mul_(gain).add_(torch.from_numpy(random.uniform(-.35, .35, (n, 1, 1, 1)).astype(np.float32)))


@torch.no_grad()
def held_out(net, path, count=1500):
    """(loss, share of crops read exactly, greedily) on the first crops of a shard that is not trained on."""
    x, y = np.load(path, mmap_mode="r")[:count], np.load(path.replace("/x-", "/y-"))[:count].astype(np.int64)
    net.eval()
    right, loss = 0, 0.
    for i in range(0, len(x), 125):
        logits = net(prepare(np.array(x[i:i + 125])))
        loss += float(ctc(logits, y[i:i + 125])) * len(logits) / len(x)
        for path_, want in zip(logits.argmax(2).numpy(), y[i:i + 125]):
            keep = np.r_[True, path_[1:] != path_[:-1]] & (path_ != BLANK)
            right += np.array_equal(path_[keep], want[want != EMPTY])
    return loss, right / len(x)


def ctc(logits, y):
    return loop.ctc(logits, y, BLANK)


def begin(run, init, shards):
    """Weights to start from: those of a checkpoint or of an exported file (whose normalisation is measured anew on some crops)."""
    if init.endswith(".onnx"):
        from_onnx(run.net, init, shards.batch(400)[0])
    else:
        saved = torch.load(init)
        adopt(run.net, saved["average"])
        run.seen = saved["seen"]


def train(run, shards, minutes, batch=64, held=None, rows=None):
    def loss_of(crops, y):
        x = vary(crops, run.random)
        with torch.autocast("cpu", torch.bfloat16):
            logits = run.net(x)
        return ctc(logits.float(), y)

    def watch(step):
        if step % 3000 == 0 or step == 100:
            print("       held out: loss %.4f, exact %.3f" % held_out(run.average, held), flush=True)

    run.train(shards, loss_of, minutes, batch, watch if held else None, rows)
    if held:
        print("       held out: loss %.4f, exact %.3f" % held_out(run.average, held), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crops", nargs="+")
    parser.add_argument("--out", default="out/recogniser.pt")
    parser.add_argument("--init", help="start from the weights of this checkpoint or exported .onnx")
    parser.add_argument("--held", help="shard x-….npy that is not trained on, measured now and then")
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    run = loop.Run(Recogniser, a.out, a.rate, a.seed)
    shards = loop.Shards(a.crops, run.random)
    if a.init and not run.resumed:
        begin(run, a.init, shards)
    train(run, shards, a.minutes, a.batch, a.held)


if __name__ == "__main__":
    main()
