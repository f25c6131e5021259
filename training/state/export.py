"""Writes a trained state reader as ONNX, checks it in OpenCV, and writes beside it what the program must know to use it.

    python3 -m state.export out/state.pt ../internal/ocr/weights/state.onnx --floor .8 --figures "closeups …"

What --floor gives is what state/measure.py prints.
"""
import argparse
import datetime
import json
import os

import torch

import onnx_file
from state import words as state_words
from state.network import BAND_HEIGHT, BANDS, CLASSES, COLUMNS, SIDE, SIGNS, WIDTH, StateReader


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("onnx")
    parser.add_argument("--floor", type=float, default=.8, help="confidence below which no state is named")
    parser.add_argument("--version", default="1")
    parser.add_argument("--figures", default="", help="what state/measure.py measured")
    a = parser.parse_args()
    saved = torch.load(a.checkpoint, map_location="cpu")
    net = StateReader()
    net.load_state_dict(saved["average"])
    worst, digest = onnx_file.write(net, a.onnx, 2 * BAND_HEIGHT, WIDTH)
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
