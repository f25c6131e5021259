"""Trains the recogniser on the crops that make_crops.py wrote; goes on from its last checkpoint when started again.

    train_recogniser.py CROPS[=WEIGHT] [CROPS[=WEIGHT]…] --out out/recogniser.pt --minutes 90

A batch comes from the shards of one folder, chosen by the folders' weights. The learning rate follows a cosine over the
wall-clock time given, so the end is known whatever else the machine does. New shards are taken up while it runs. A running
average of the weights is kept and is what gets exported. From nothing, the loss stays near 3 for the first 50,000–100,000
crops, then falls. --init takes a checkpoint or an exported .onnx.
"""
import os
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads were slower than one (design notes)

import argparse
import glob
import math
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from recogniser import BLANK, COLUMNS, HEIGHT, WIDTH, Recogniser, adopt, from_onnx, prepare

EMPTY = 255
EMPTY_WEIGHS = 10


class Shards:
    """Random runs of crops out of all shards present; the crops inside a shard are already shuffled."""

    def __init__(self, folders, random):
        self.weights = {f.partition("=")[0]: float(f.partition("=")[2] or 1) for f in folders}
        self.random, self.open = random, {}
        self.refresh()

    def refresh(self):
        self.names = {}
        for folder in self.weights:
            found = sorted(glob.glob(os.path.join(folder, "x-*.npy")))
            if found:
                self.names[folder] = found
        found = {p for names in self.names.values() for p in names}
        for path in found - set(self.open):
            self.open[path] = (np.load(path, mmap_mode="r"), np.load(path.replace("/x-", "/y-")))
        for path in set(self.open) - found:
            del self.open[path]

    def batch(self, size):
        folders = list(self.names)
        share = np.array([self.weights[f] for f in folders])
        names = self.names[folders[self.random.choice(len(folders), p=share / share.sum())]]
        x, y = self.open[names[self.random.randint(len(names))]]
        start = self.random.randint(len(x) - size)
        return np.array(x[start:start + size]), y[start:start + size].astype(np.int64)


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
    """Loss per character. An empty text counts as if it had EMPTY_WEIGHS characters: unweighted, the few empty crops outweighed
    the plates and taught every column to prefer the blank, so that characters were dropped."""
    lengths = torch.from_numpy((y != EMPTY).sum(1))
    flat = torch.from_numpy(y[y != EMPTY])
    losses = F.ctc_loss(F.log_softmax(logits, 2).transpose(0, 1), flat, torch.full((len(y),), COLUMNS), lengths, blank=BLANK,
                        reduction="none", zero_infinity=True)
    return (losses / torch.where(lengths > 0, lengths, torch.full_like(lengths, EMPTY_WEIGHS))).mean()


@torch.no_grad()
def follow(average, net, decay):
    for a, b in zip(average.state_dict().values(), net.state_dict().values()):
        if a.dtype.is_floating_point:
            a.lerp_(b, 1 - decay)
        else:
            a.copy_(b)


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

    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    random = np.random.RandomState(a.seed)
    net, average = Recogniser(), Recogniser()
    net, average = net.to(memory_format=torch.channels_last), average.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(net.parameters(), a.rate, weight_decay=1e-2)
    seen, spent, steps = 0, 0., 0
    shards = Shards(a.crops, random)
    if not shards.names:
        raise SystemExit("no x-*.npy in %s: make_crops.py renders them" % ", ".join(shards.weights))
    if os.path.exists(a.out):
        saved = torch.load(a.out)
        net.load_state_dict(saved["net"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        seen, spent, steps = saved["seen"], saved["spent"], saved["steps"]
        random.seed(a.seed + steps)
    elif a.init and a.init.endswith(".onnx"):
        from_onnx(net, a.init, shards.batch(400)[0])
        average.load_state_dict(net.state_dict())
    elif a.init:
        saved = torch.load(a.init)
        adopt(net, saved["average"])
        average.load_state_dict(net.state_dict())
        seen = saved["seen"]
    else:
        average.load_state_dict(net.state_dict())

    def save():
        torch.save(dict(net=net.state_dict(), average=average.state_dict(), optimiser=optimiser.state_dict(), seen=seen, spent=spent,
                        steps=steps), a.out + ".part")
        os.replace(a.out + ".part", a.out)

    net.train()
    last, running, counted = time.time(), 0., 0
    tick = saved_at = last
    while spent < a.minutes * 60:
        rate = a.rate * min(1, steps / 200 + .02) * (.5 + .5 * math.cos(math.pi * spent / (a.minutes * 60)) + .004)
        for group in optimiser.param_groups:
            group["lr"] = rate
        crops, y = shards.batch(a.batch)
        x = vary(crops, random)
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(x)
        loss = ctc(logits.float(), y)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5)
        optimiser.step()
        steps, seen, running, counted = steps + 1, seen + len(y), running + loss.item(), counted + 1
        if steps % 4 == 0:
            follow(average, net, min(.996, 1 - 1 / (1 + steps / 40)))
        now = time.time()
        spent, tick = spent + now - tick, now
        if steps % 200 == 0:
            print("%5.1f min  %d crops of %d shards  loss %.4f  rate %.1e  %.0f crops/s" % (
                spent / 60, seen, len(shards.open), running / counted, rate, counted * a.batch / (now - last)), flush=True)
            last, running, counted = now, 0., 0
            shards.refresh()
        if now - saved_at > 120:
            saved_at = now
            save()
        if a.held and (steps % 3000 == 0 or steps == 100):
            print("       held out: loss %.4f, exact %.3f" % held_out(average, a.held), flush=True)
            last = tick = time.time()
    save()
    if a.held:
        print("       held out: loss %.4f, exact %.3f" % held_out(average, a.held), flush=True)


if __name__ == "__main__":
    main()
