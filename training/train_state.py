"""Trains the state reader on the bands that state_bands.py wrote; goes on from its last checkpoint when started again.

    train_state.py BANDS [BANDS…] --out out/state.pt --minutes 50

As train_recogniser.py: a cosine over the time given, new shards taken up while it runs, a running average of the weights.
"""
import os
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import math
import time

import numpy as np
import torch
import torch.nn.functional as F

from state_reader import BLANK, COLUMNS, LONGEST, StateReader
from training_loop import EMPTY, EMPTY_WEIGHS, Shards, follow


def prepare(bands, random):
    """uint8 [n, 96, 320] to network input, its contrast, brightness and place changed a little."""
    x = torch.from_numpy(bands).float().sub_(127.5).div_(64).unsqueeze(1)
    n = len(x)
    gain = torch.from_numpy(random.uniform(.7, 1.4, (n, 1, 1, 1)).astype(np.float32))
    gain[torch.from_numpy(random.uniform(size=n) < .1)] *= -1
    x.mul_(gain).add_(torch.from_numpy(random.uniform(-.3, .3, (n, 1, 1, 1)).astype(np.float32)))
    return x.contiguous(memory_format=torch.channels_last)


def ctc(logits, y):
    """Loss per sign; an empty band counts as EMPTY_WEIGHS signs."""
    logits, y = logits.flatten(0, 1), y.reshape(-1, y.shape[-1])
    lengths = torch.from_numpy((y != EMPTY).sum(1))
    flat = torch.from_numpy(y[y != EMPTY])
    losses = F.ctc_loss(F.log_softmax(logits, 2).transpose(0, 1), flat, torch.full((len(y),), COLUMNS), lengths, blank=BLANK,
                        reduction="none", zero_infinity=True)
    return (losses / torch.where(lengths > 0, lengths, torch.full_like(lengths, EMPTY_WEIGHS)).clamp(min=4)).mean()


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

    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    random = np.random.RandomState(a.seed)
    net, average = (StateReader().to(memory_format=torch.channels_last) for _ in range(2))
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
        if a.stem:
            known = torch.load(a.stem, map_location="cpu")["average"]
            own = net.state_dict()
            taken = {k: v for k, v in known.items() if k.startswith(("trunk.0.", "trunk.1.", "trunk.2.")) and own[k].shape == v.shape}
            net.load_state_dict({**own, **taken})
            print("%d tensors of the recogniser's first layers" % len(taken))
        average.load_state_dict(net.state_dict())

    def save():
        torch.save(dict(net=net.state_dict(), average=average.state_dict(), optimiser=optimiser.state_dict(), seen=seen, spent=spent,
                        steps=steps), a.out + ".part")
        os.replace(a.out + ".part", a.out)

    shards = Shards(a.bands, random)
    net.train()
    last, saved_at, running, counted = time.time(), time.time(), 0., 0
    while spent < a.minutes * 60:
        rate = a.rate * min(1, steps / 200 + .02) * (.5 + .5 * math.cos(math.pi * spent / (a.minutes * 60)) + .004)
        for group in optimiser.param_groups:
            group["lr"] = rate
        bands, y = shards.batch(a.batch)
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(prepare(bands, random))
        logits = logits.float()
        guide = max(.2, 1 - seen / 200000)
        loss = ctc(logits, y[..., :LONGEST]) + 2 * guide * placed(logits, y[..., LONGEST:])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5)
        optimiser.step()
        steps, seen, running, counted = steps + 1, seen + len(y), running + loss.item(), counted + 1
        if steps % 4 == 0:
            follow(average, net, min(.996, 1 - 1 / (1 + steps / 40)))
        if steps % 100 == 0:
            now = time.time()
            spent += now - last
            print("%5.1f min  %d looks of %d shards  loss %.4f  rate %.1e  %.0f looks/s" % (
                spent / 60, seen, len(shards.names), running / counted, rate, counted * a.batch / (now - last)), flush=True)
            last, running, counted = now, 0., 0
            shards.refresh()
            if now - saved_at > 100:
                saved_at = now
                save()
    save()


if __name__ == "__main__":
    main()
