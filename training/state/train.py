"""Trains the state reader on the bands that state/bands.py wrote; goes on from its last checkpoint when started again.

    python3 -m state.train BANDS [BANDS…] --out out/state.pt --minutes 50

As recogniser/train.py: a cosine over the time given, new shards taken up while it runs, a running average of the weights.
"""
import argparse

import numpy as np
import torch
import torch.nn.functional as F

import loop
from loop import EMPTY
from state.network import BLANK, LONGEST, StateReader


def prepare(bands, random):
    """uint8 [n, 96, 320] to network input, its contrast, brightness and place changed a little."""
    x = torch.from_numpy(bands).float().sub_(127.5).div_(64).unsqueeze(1)
    n = len(x)
    gain = torch.from_numpy(random.uniform(.7, 1.4, (n, 1, 1, 1)).astype(np.float32))
    gain[torch.from_numpy(random.uniform(size=n) < .1)] *= -1
    x.mul_(gain).add_(torch.from_numpy(random.uniform(-.3, .3, (n, 1, 1, 1)).astype(np.float32)))
    return x.contiguous(memory_format=torch.channels_last)


def placed(logits, columns):
    """Loss against the places of the signs: every column says the sign whose middle it holds, else the blank. CTC alone finds these places
    only after many thousand looks, in which its loss hardly falls."""
    want = torch.from_numpy(np.where(columns == EMPTY, BLANK, columns).reshape(-1))
    losses = F.cross_entropy(logits.flatten(0, 2), want, reduction="none")
    weights = torch.where(want == BLANK, torch.tensor(.15), torch.tensor(1.))
    return (losses * weights).sum() / weights.sum()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bands", nargs="+")
    parser.add_argument("--out", default="out/state.pt")
    parser.add_argument("--init", help="start from the weights of this checkpoint")
    parser.add_argument("--stem", help="start from the first layers of this recogniser's checkpoint")
    parser.add_argument("--minutes", type=float, default=50)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()

    run = loop.Run(StateReader, a.out, a.rate, a.seed)
    shards = loop.Shards(a.bands, run.random)
    if not run.resumed and a.init:
        saved = torch.load(a.init)
        run.net.load_state_dict(saved["average"])
        run.seen = saved["seen"]
    elif not run.resumed and a.stem:
        known, own = torch.load(a.stem, map_location="cpu")["average"], run.net.state_dict()
        taken = {k: v for k, v in known.items() if k.startswith(("trunk.0.", "trunk.1.", "trunk.2.")) and own[k].shape == v.shape}
        run.net.load_state_dict({**own, **taken})
        print("%d tensors of the recogniser's first layers" % len(taken))

    def loss_of(bands, y):
        with torch.autocast("cpu", torch.bfloat16):
            logits = run.net(prepare(bands, run.random))
        logits, texts = logits.float(), y[..., :LONGEST]
        guide = max(.2, 1 - run.seen / 200000)
        spelt = loop.ctc(logits.flatten(0, 1), texts.reshape(-1, LONGEST), BLANK, least=4)
        return spelt + 2 * guide * placed(logits, y[..., LONGEST:])

    run.train(shards, loss_of, a.minutes, a.batch)


if __name__ == "__main__":
    main()
