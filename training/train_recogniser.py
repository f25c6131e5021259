"""Trains the recogniser on the crops that make_crops.py wrote; goes on from its last checkpoint when started again.

    train_recogniser.py CROPS [CROPS…] --out out/recogniser.pt --minutes 90

The learning rate follows a cosine over the wall-clock time given, so the end is known whatever else the machine does. New
shards are taken up while it runs. A running average of the weights is kept and is what gets exported. The loss stays near 3
for the first 50,000–100,000 crops, then falls.
"""
import os
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads were slower than one (design notes)

import argparse
import glob
import math
import time

import numpy as np
import torch
import torch.nn.functional as F

from recogniser import BLANK, COLUMNS, Recogniser, prepare

EMPTY = 255
EMPTY_WEIGHS = 10


class Shards:
    """Random runs of crops out of all shards present; the crops inside a shard are already shuffled."""

    def __init__(self, folders, random):
        self.folders, self.random, self.open = folders, random, {}
        self.refresh()

    def refresh(self):
        found = sorted(p for folder in self.folders for p in glob.glob(os.path.join(folder, "x-*.npy")))
        for path in found:
            if path not in self.open:
                self.open[path] = (np.load(path, mmap_mode="r"), np.load(path.replace("/x-", "/y-")))
        for path in set(self.open) - set(found):
            del self.open[path]
        self.names = found

    def batch(self, size):
        x, y = self.open[self.names[self.random.randint(len(self.names))]]
        start = self.random.randint(len(x) - size)
        return np.array(x[start:start + size]), y[start:start + size].astype(np.int64)


def vary(x, random):
    """Cheap changes that let a crop be used more than once: contrast, brightness, inversion, a shift of a few pixels. In place."""
    n = len(x)
    gain = torch.from_numpy(random.uniform(.75, 1.3, (n, 1, 1, 1)).astype(np.float32))
    gain[torch.from_numpy(random.uniform(size=n) < .06)] *= -1
    x.mul_(gain).add_(torch.from_numpy(random.uniform(-.3, .3, (n, 1, 1, 1)).astype(np.float32)))
    dx, dy = random.randint(-3, 4), random.randint(-2, 3)
    return torch.roll(x, (dy, dx), (2, 3)) if dx or dy else x


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
    parser.add_argument("--init", help="start from the weights of this checkpoint")
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
    if os.path.exists(a.out):
        saved = torch.load(a.out)
        net.load_state_dict(saved["net"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        seen, spent, steps = saved["seen"], saved["spent"], saved["steps"]
        random.seed(a.seed + steps)
    elif a.init:
        saved = torch.load(a.init)
        net.load_state_dict(saved["average"])
        average.load_state_dict(saved["average"])
        seen = saved["seen"]
    else:
        average.load_state_dict(net.state_dict())

    def save():
        torch.save(dict(net=net.state_dict(), average=average.state_dict(), optimiser=optimiser.state_dict(), seen=seen, spent=spent,
                        steps=steps), a.out + ".part")
        os.replace(a.out + ".part", a.out)

    shards = Shards(a.crops, random)
    net.train()
    last, saved_at, running, counted = time.time(), time.time(), 0., 0
    while spent < a.minutes * 60:
        rate = a.rate * min(1, steps / 200 + .02) * (.5 + .5 * math.cos(math.pi * spent / (a.minutes * 60)) + .004)
        for group in optimiser.param_groups:
            group["lr"] = rate
        crops, y = shards.batch(a.batch)
        x = vary(prepare(crops), random)
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
        if steps % 200 == 0:
            now = time.time()
            spent += now - last
            print("%5.1f min  %d crops of %d shards  loss %.4f  rate %.1e  %.0f crops/s" % (
                spent / 60, seen, len(shards.names), running / counted, rate, counted * a.batch / (now - last)), flush=True)
            last, running, counted = now, 0., 0
            shards.refresh()
            if now - saved_at > 120:
                saved_at = now
                save()
    save()


if __name__ == "__main__":
    main()
