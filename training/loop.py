"""What training a network on shards has in common: shards, the loop over the wall clock, a running average, a checkpoint.

A shard is a pair x-NAME.npy, y-NAME.npy of equally many rows, shuffled inside; labels are padded with EMPTY. The learning rate follows a
cosine over the time given, so the end is known whatever else the machine does. New shards are taken up while it runs. The
running average of the weights is what gets exported.
"""
import os
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads were slower than one (design notes)

import glob
import math
import time

import numpy as np
import torch
import torch.nn.functional as F

EMPTY = 255
EMPTY_WEIGHS = 10


class Shards:
    """Random runs of rows out of all shards of some folders; a folder may bear a weight, FOLDER=WEIGHT."""

    def __init__(self, folders, random):
        self.weights = {f.partition("=")[0]: float(f.partition("=")[2] or 1) for f in folders}
        self.random, self.open = random, {}
        self.refresh()
        if not self.names:
            raise SystemExit("no x-*.npy in %s: they have to be rendered first" % ", ".join(self.weights))

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


def ctc(logits, y, blank, least=1):
    """Loss per sign of logits [n, columns, classes] against labels [n, length]. An empty text counts as if it had EMPTY_WEIGHS signs:
    unweighted, the few empty crops outweighed the plates and taught every column to prefer the blank, so that characters were
    dropped. A text counts as `least` signs at least."""
    lengths = torch.from_numpy((y != EMPTY).sum(1))
    flat = torch.from_numpy(y[y != EMPTY])
    losses = F.ctc_loss(F.log_softmax(logits, 2).transpose(0, 1), flat, torch.full((len(y),), logits.shape[1]), lengths, blank=blank,
                        reduction="none", zero_infinity=True)
    return (losses / torch.where(lengths > 0, lengths, torch.full_like(lengths, EMPTY_WEIGHS)).clamp(min=least)).mean()


@torch.no_grad()
def follow(average, net, decay):
    for a, b in zip(average.state_dict().values(), net.state_dict().values()):
        if a.dtype.is_floating_point:
            a.lerp_(b, 1 - decay)
        else:
            a.copy_(b)


class Run:
    """A network in training, its average, and how far it has come; goes on from its checkpoint where there is one."""

    def __init__(self, build, out, rate, seed=1):
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        self.random, self.out, self.rate = np.random.RandomState(seed), out, rate
        self.net, self.average = (build().to(memory_format=torch.channels_last) for _ in range(2))
        self.optimiser = torch.optim.AdamW(self.net.parameters(), rate, weight_decay=1e-2)
        self.seen, self.spent, self.steps = 0, 0., 0
        self.resumed = os.path.exists(out)
        if self.resumed:
            saved = torch.load(out)
            self.net.load_state_dict(saved["net"])
            self.average.load_state_dict(saved["average"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.seen, self.spent, self.steps = saved["seen"], saved["spent"], saved["steps"]
            self.random.seed(seed + self.steps)

    def save(self):
        torch.save(dict(net=self.net.state_dict(), average=self.average.state_dict(), optimiser=self.optimiser.state_dict(), seen=self.seen,
                        spent=self.spent, steps=self.steps), self.out + ".part")
        os.replace(self.out + ".part", self.out)

    def train(self, shards, loss_of, minutes, batch, watch=None, rows=None):
        """Until so many minutes are spent, over all lives of the run, or until rows were seen in this one. loss_of takes x (uint8), y (int64)
        of a batch; watch, if any, is called with the step's number outside the time that counts."""
        if not self.resumed and not self.steps:
            self.average.load_state_dict(self.net.state_dict())
        self.net.train()
        tick = saved_at = last = time.time()
        running, counted = 0., 0
        begun = self.seen
        while True:
            done = (self.seen - begun) / rows if rows else self.spent / (minutes * 60)
            if done >= 1:
                break
            rate = self.rate * min(1, self.steps / 200 + .02) * (.5 + .5 * math.cos(math.pi * done) + .004)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            loss = loss_of(*shards.batch(batch))
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5)
            self.optimiser.step()
            self.steps, self.seen, running, counted = self.steps + 1, self.seen + batch, running + loss.item(), counted + 1
            if self.steps % 4 == 0:
                follow(self.average, self.net, min(.996, 1 - 1 / (1 + self.steps / 40)))
            now = time.time()
            self.spent, tick = self.spent + now - tick, now
            if self.steps % 200 == 0:
                print("%5.1f min  %d seen of %d shards  loss %.4f  rate %.1e  %.0f/s" % (
                    self.spent / 60, self.seen, len(shards.open), running / counted, rate, counted * batch / (now - last)), flush=True)
                last, running, counted = now, 0., 0
                shards.refresh()
            if now - saved_at > 120:
                saved_at = now
                self.save()
            if watch:
                watch(self.steps)
                tick = time.time()
        self.save()
