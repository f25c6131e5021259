"""What each choice buys: short trainings on equally many crops from the same weights, each with one thing left out.

    python3 -m recogniser.ablations --render                      # a few shards for every choice of what is drawn
    python3 -m recogniser.ablations --init out/round1.pt --crops 24320 [--only "base;no H.264"]

Every variant is measured on the real sets at the places that the finder named, through both margins, and on crops of the full
rendering that none was trained on (--held, a shard x-….npy); lines go to out/ablation/figures.txt. Networks of another shape can't take over weights and start from nothing, as does "base from nothing".
Short runs say what a choice does to learning first, not what it does in the end.
"""
import argparse
import os
import random
from unittest import mock

import cv2
import numpy as np

from camera import degrade, weather
from drawing import fittings, plates
import loop
import onnx_file
from recogniser import evaluate, make_crops
from recogniser import train as train_recogniser
from recogniser.network import HEIGHT, WIDTH, Recogniser

OUT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "out", "ablation")
SHARED = os.environ.get("ALPRD_SHARED", "../shared")


def same(rng, image, *_):
    return image


def plain_grey(rng, image, span):
    """grey_look without infrared, low contrast and odd colour filters."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    return grey if degrade.contrast_in(grey, span) >= 38 else None


def nothing_hidden(rng, image, box):
    return image, np.zeros(image.shape, np.uint8)


def exact_corners(rng, shot):
    h, w = shot.size
    return cv2.perspectiveTransform(np.float32([[[0, 0], [w, 0], [w, h], [0, h]]]), shot.matrix)[0]


# What is replaced while a variant's crops are drawn: (where, name, by what).
DRAWN = {
    "base": (),
    "no light, weather or infrared": ((degrade, "light", same), (degrade, "grey_look", plain_grey), (weather, "bloom", same), (weather, "headlamps", same)),
    "nothing hidden": ((weather, "hide", nothing_hidden), (fittings, "obstruct", lambda *_: None)),
    "no H.264": ((make_crops, "VIDEO", 0.),),
    "exact corners": ((degrade, "reported", exact_corners),),
    "North Carolina's plates only": ((plates, "KINDS", {"nc": 1}),),
    "no clubs', invented, motorcycles', paper plates": ((plates, "KINDS", {"nc": 14, "state": 42}),),
}
# Networks of other shapes, on the crops of "base"; whether they take over the weights.
SHAPES = {
    "80 columns": (dict(columns=80), True),
    "base from nothing": ({}, False),
    "half as wide, from nothing": (dict(widths=(8, 16, 32, 48), head=64), False),
}


def folder(name):
    return os.path.join(OUT, "".join(c if c.isalnum() else "-" for c in name))


def render(name, shards):
    os.makedirs(folder(name), exist_ok=True)
    frames = make_crops.backdrops(os.path.join(SHARED, "data/dashcam") if os.path.isdir(os.path.join(SHARED, "data/dashcam")) else "")
    for k in range(shards):
        path = os.path.join(folder(name), "%s-%03d.npy")
        if os.path.exists(path % ("x", k)):
            continue
        with contexts(DRAWN[name]):
            x, y = make_crops.shard(random.Random(7000003 + k), frames)
        np.save(path % ("y", k), y)
        np.save(path % ("x", k), x)
        print("%s: shard %d" % (name, k), flush=True)


class contexts:
    """Several replacements at once."""

    def __init__(self, replaced):
        self.patches = [mock.patch.object(*r) for r in replaced]

    def __enter__(self):
        for p in self.patches:
            p.start()

    def __exit__(self, *_):
        for p in self.patches:
            p.stop()


def train(name, crops, rate, init, held):
    shape, takes = SHAPES.get(name, ({}, True))
    out = folder(name) + ".pt"
    if os.path.exists(out):
        os.remove(out)
    run = loop.Run(lambda: Recogniser(**shape), out, rate)
    shards = loop.Shards([folder(name if name in DRAWN else "base")], run.random)
    if takes:
        train_recogniser.begin(run, init, shards)
    train_recogniser.train(run, shards, 0, rows=crops)
    path = folder(name) + ".onnx"
    onnx_file.write(run.average, path, HEIGHT, WIDTH)
    return path, train_recogniser.held_out(run.average, held) if held else None


def places(name, finder, every):
    """Every so manieth row of a set with its picture and the corners found."""
    rows = list(evaluate.labelled(SHARED, name))[::every]
    return [(row, grey, evaluate.place(grey, row, None, finder)) for row, grey in rows]


def report(name, line):
    with open(os.path.join(OUT, "figures.txt"), "a") as f:
        f.write("%s: %s\n" % (name, line))
    print("%s: %s" % (name, line), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--render", action="store_true")
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--init", default="out/round1.pt")
    parser.add_argument("--crops", type=int, default=24320)
    parser.add_argument("--held")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--finder", default="../internal/ocr/weights/finder.onnx")
    parser.add_argument("--every", type=int, default=1, help="measure on every so manieth of closeups")
    parser.add_argument("--only", help="some variants, between semicolons")
    a = parser.parse_args()
    cv2.setNumThreads(1)
    names = [n for n in list(DRAWN) + list(SHAPES) if not a.only or n in a.only.split(";")]
    if a.render:
        for name in names:
            if name in DRAWN:
                render(name, a.shards)
        return
    finder = evaluate.finder_of(a.finder)
    sets = {name: places(name, finder, every) for name, every in (("closeups", a.every), ("california", 1))}
    for name in names:
        path, rendered = train(name, a.crops, a.rate, a.init, a.held)
        report(name, "%d crops; rendered: loss %.3f exact %.3f" % ((a.crops,) + rendered) if rendered else "%d crops" % a.crops)
        reader = evaluate.Reader(path)
        for of, rows in sets.items():
            found = {id(grey): corners for _, grey, corners in rows}
            line, _ = evaluate.measure(of, [(r, g) for r, g, _ in rows], reader, lambda grey, row: found[id(grey)])
            report(name, line)


if __name__ == "__main__":
    main()
