"""Writes a trained state reader as ONNX, checks it in OpenCV, and writes beside it what the program must know to use it.

    state_export.py out/state.pt ../internal/ocr/weights/state.onnx --floor .8 --figures "closeups …"

What --floor gives is what state_measure.py prints.
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

import state_words
from export import without_identities
from state_reader import BAND_HEIGHT, BANDS, CLASSES, COLUMNS, SIDE, SIGNS, WIDTH, StateReader

TOLERANCE = 1e-4


def difference(net, path, rounds=6):
    """Largest difference between OpenCV's logits and PyTorch's on random pictures, as a part of their largest."""
    loaded, worst, random = cv2.dnn.readNetFromONNX(path), 0., np.random.RandomState(5)
    for _ in range(rounds):
        x = cv2.resize(random.uniform(-2, 2, (24, 80)).astype(np.float32), (WIDTH, 2 * BAND_HEIGHT))[None, None]
        loaded.setInput(x, "input")
        got = loaded.forward("logits")
        with torch.no_grad():
            want = net(torch.from_numpy(x)).numpy()
        assert got.shape == want.shape == (1, 2, COLUMNS, CLASSES), (got.shape, want.shape)
        worst = max(worst, float(np.abs(got - want).max() / max(1, np.abs(want).max())))
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("onnx")
    parser.add_argument("--floor", type=float, default=.8, help="confidence below which no state is named")
    parser.add_argument("--version", default="1")
    parser.add_argument("--figures", default="", help="what state_measure.py measured")
    a = parser.parse_args()
    saved = torch.load(a.checkpoint, map_location="cpu")
    net = StateReader()
    net.load_state_dict(saved["average"])
    net.eval()
    part = a.onnx + ".part"
    torch.onnx.export(net, torch.zeros(1, 1, 2 * BAND_HEIGHT, WIDTH), part, opset_version=11, input_names=["input"], output_names=["logits"])
    onnx.save(without_identities(onnx.load(part)), part)
    worst = difference(net, part)
    if worst > TOLERANCE:
        raise SystemExit("OpenCV and PyTorch differ by %g; %s is left as it was" % (worst, a.onnx))
    os.replace(part, a.onnx)
    with open(a.onnx, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    description = dict(
        name="alprd state reader", version=a.version, sha256=digest, input=[1, 1, 2 * BAND_HEIGHT, WIDTH], output=[1, 2, COLUMNS, CLASSES],
        normalisation="(grey - 127.5) / 64", parameters=sum(p.numel() for p in net.parameters()), looks_seen=saved["seen"],
        date=datetime.date.today().isoformat(), figures=a.figures,
        signs=SIGNS, columns=COLUMNS, bands=BANDS, side=SIDE, width=WIDTH, band_height=BAND_HEIGHT,
        temperature=state_words.TEMPERATURE, chance=state_words.CHANCE, unknown=state_words.UNKNOWN, another=state_words.ANOTHER, elsewhere=state_words.ELSEWHERE, floor=a.floor,
        words={s: [dict(text=t, where=w, share=p) for t, w, p in state_words.KNOWN[s]] for s in sorted(state_words.KNOWN)})
    words = description.pop("words")
    text = json.dumps(description, indent=1)[:-2] + ',\n "words": {\n%s\n }\n}' % ",\n".join(
        '  "%s": %s' % (s, json.dumps(words[s])) for s in sorted(words))  # one line a state
    with open(os.path.splitext(a.onnx)[0] + ".json", "w") as f:
        f.write(text + "\n")
    print("%s: differs by %.1g from PyTorch, %d bytes" % (a.onnx, worst, os.path.getsize(a.onnx)))


if __name__ == "__main__":
    main()
