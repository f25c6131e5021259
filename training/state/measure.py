"""Measures the state reader on real pictures, at the places that `alprd read --json` found.

    python3 -m state.measure --shrink /tmp/small READS.jsonl            closeups as a camera on a pole sees them: plates 48–240 pixels wide
    alprd read --json /tmp/small > SMALL.jsonl
    python3 -m state.measure MODEL READS.jsonl [--small /tmp/small SMALL.jsonl] [--sheet FILE.png]

MODEL is a checkpoint or an ONNX file. Prints by the plate's width how many states are named rightly and wrongly at the floor, the expected
calibration error, and which constants of state/words.py fit best on each half of the pictures. Pictures are only measured, never
trained on.
"""
import argparse
import csv
import json
import math
import os
import random

import cv2
import numpy as np

from state import words as state_words
from state.network import BAND_HEIGHT, BANDS, BLANK, SIDE, SIGNS, WIDTH

WIDTHS = (40, 60, 75, 90, 110, 145, 180, 240, 5000)  # edges of the bands of plate widths, pixels
SMALL = ((48, 58), (58, 70), (70, 85), (85, 100), (100, 120), (120, 145), (145, 180), (180, 240))


def rectified(grey, corners):
    """The two bands of the plate between the corners (tl, tr, br, bl), as state_bands.bands gives them."""
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    out = np.empty((2 * BAND_HEIGHT, WIDTH), np.uint8)
    across = max(np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[3]))
    down = max(np.linalg.norm(corners[3] - corners[0]), np.linalg.norm(corners[2] - corners[1]))
    for i, (v0, v1) in enumerate(BANDS):
        k = max(1, int(np.ceil(across * (1 + 2 * SIDE) / WIDTH)))
        l = max(1, int(np.ceil(down * (v1 - v0) / BAND_HEIGHT)))
        w, h = WIDTH * k, BAND_HEIGHT * l
        target = np.array([[(u + SIDE) / (1 + 2 * SIDE) * w, (v - v0) / (v1 - v0) * h] for u, v in unit], np.float32)
        m = cv2.getPerspectiveTransform(np.asarray(corners, np.float32) - .5, target - .5)
        band = cv2.warpPerspective(grey, m, (w, h), borderMode=cv2.BORDER_REPLICATE)
        out[i * BAND_HEIGHT:(i + 1) * BAND_HEIGHT] = cv2.resize(band, (WIDTH, BAND_HEIGHT), interpolation=cv2.INTER_AREA) if k * l > 1 else band
    return out


def wide(corners):
    return (np.linalg.norm(corners[1] - corners[0]) + np.linalg.norm(corners[2] - corners[3])) / 2


def labels(folder):
    with open(os.path.join(folder, "labels.csv")) as f:
        return {os.path.basename(row["path"]): row for row in csv.DictReader(f)}


def reads_of(path):
    """The plates of each picture's file, by the file's name."""
    with open(path) as f:
        return {os.path.basename(j["file"]): (j["file"], [np.array(p["corners"], np.float32) for p in j["plates"]]) for j in map(json.loads, f) if j.get("plates")}


def shrink(folder, shared, reads):
    """Writes each close-up as large as cameras see plates, once for every band of SMALL, before a street: prefiltered, blurred a little, lit,
    with a sensor's noise, compressed."""
    rng = random.Random(7)
    root, street = os.path.join(shared, "data", "closeups"), os.path.join(shared, "data", "dashcam", "images")
    streets = sorted(f for f in os.listdir(street) if "dayride_type1_001" in f)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "labels.csv"), "w") as f:
        out = csv.writer(f)
        out.writerow(["path", "x", "y", "w", "h", "plate", "region"])
        for name, row in labels(root).items():
            if name not in reads:
                continue
            picture, corners = cv2.imread(os.path.join(root, row["path"])), reads[name][1][0]
            for band, (low, high) in enumerate(SMALL):
                k = math.exp(rng.uniform(math.log(low), math.log(high))) / wide(corners)
                if k > .9:
                    continue
                image = cv2.GaussianBlur(picture, (0, 0), .42 / k) if k < .8 else picture
                scene = cv2.resize(cv2.imread(os.path.join(street, rng.choice(streets))), (640, 360))
                shift = np.array([rng.uniform(220, 420), rng.uniform(130, 230)]) - k * corners.mean(0)
                cv2.warpAffine(image, np.array([[k, 0, shift[0]], [0, k, shift[1]]]), (640, 360), dst=scene, borderMode=cv2.BORDER_TRANSPARENT)
                scene = scene.astype(np.float32)
                blur = rng.choice([0, 0, .4, .6, .8]) * (.7 + .3 * k * wide(corners) / 100)
                if blur:
                    scene = cv2.GaussianBlur(scene, (0, 0), blur)
                scene = scene * rng.choice([1, 1, 1, .75, .5]) + rng.choice([0, 0, 15])
                scene += np.random.RandomState(rng.randrange(1 << 30)).randn(360, 640, 1) * rng.choice([0, 1.5, 3, 5])
                small = "%s-%d.jpg" % (os.path.splitext(name)[0], band)
                cv2.imwrite(os.path.join(folder, small), np.clip(scene, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, rng.choice([45, 60, 75, 85, 92])])
                low, high = (corners * k + shift).min(0), (corners * k + shift).max(0)
                out.writerow([small, *low, *(high - low), row["plate"], row["region"]])


def places(folder, reads):
    """(picture, region, width, bands) of every labelled picture whose plate was found; pictures shrunk from one bear its name."""
    for name, row in labels(folder).items():
        if name not in reads:
            continue
        path, found = reads[name]
        if row["w"]:
            x, y, w, h = (float(row[k]) for k in "xywh")
            found = [c for c in found if x < c[:, 0].mean() < x + w and y < c[:, 1].mean() < y + h]
        if found:
            yield name.split("-")[0].split(".")[0], row["region"], wide(found[0]), rectified(cv2.imread(path, cv2.IMREAD_GRAYSCALE), found[0])


def network(path):
    """Function from bands [n, 96, 320] uint8 to log probabilities [n, 2, 80, classes]."""
    if path.endswith(".onnx"):
        net = cv2.dnn.readNetFromONNX(path)

        def run(x):
            out = []
            for one in x:
                net.setInput((one.astype(np.float32)[None, None] - 127.5) / 64, "input")
                out.append(net.forward("logits")[0].copy())
            return np.array(out)
    else:
        import torch
        from state.network import StateReader
        net = StateReader()
        net.load_state_dict(torch.load(path, map_location="cpu")["average"])
        net.eval()

        def run(x):
            with torch.no_grad():
                return np.concatenate([net(torch.from_numpy(x[i:i + 32]).float().sub(127.5).div(64).unsqueeze(1)).numpy() for i in range(0, len(x), 32)])

    def logs(x):
        z = run(x).astype(np.float64)
        z -= z.max(-1, keepdims=True)
        return z - np.log(np.exp(z).sum(-1, keepdims=True))
    return logs


def greedy(logp):
    best, out, last = logp.argmax(1), "", BLANK
    for c in best:
        if c != last and c != BLANK:
            out += SIGNS[c]
        last = c
    return " ".join(out.split())


def told(said):
    """(state's number, confidence) of each plate."""
    beliefs = state_words.believe(said)
    at = beliefs[:, :-1].argmax(1)
    return at, beliefs[np.arange(len(at)), at]


def loss(sure, right):
    sure = np.clip(sure, 1e-4, .998)
    return -np.where(right, np.log(sure), np.log(1 - sure))


def table(widths, sure, right, floor):
    for low, high in zip(WIDTHS, WIDTHS[1:]):
        k = (widths >= low) & (widths < high)
        if k.any():
            named = k & (sure >= floor)
            print("  %4d–%-4d %4d plates: right %.1f %%, wrong %.1f %%; of those named %.1f %% right, said %.1f %%" % (
                low, high, k.sum(), 100 * (named & right).sum() / k.sum(), 100 * (named & ~right).sum() / k.sum(),
                100 * right[named].mean() if named.any() else 0, 100 * sure[named].mean() if named.any() else 0))
    bins = np.minimum((sure * 10).astype(int), 9)
    print("  expected calibration error %.1f %%" % (100 * sum(abs(sure[bins == b].sum() - right[bins == b].sum()) for b in range(10)) / len(sure)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?")
    parser.add_argument("reads", help="of closeups")
    parser.add_argument("--shared", default=os.environ.get("ALPRD_SHARED", "../shared"))
    parser.add_argument("--shrink", help="only write the shrunk pictures to this folder")
    parser.add_argument("--small", nargs=2, metavar=("FOLDER", "READS"), help="shrunk pictures and what was read there")
    parser.add_argument("--floor", type=float, default=.8)
    parser.add_argument("--fit", action="store_true", help="try other constants, on halves of the pictures")
    parser.add_argument("--sheet")
    a = parser.parse_args()
    cv2.setNumThreads(1)
    closeups = os.path.join(a.shared, "data", "closeups")
    if a.shrink:
        return shrink(a.shrink, a.shared, reads_of(a.reads))
    all_places = list(places(closeups, reads_of(a.reads)))
    if a.small:
        all_places += places(a.small[0], reads_of(a.small[1]))
    pictures, regions, widths, x = (np.array(column) for column in zip(*all_places))
    logp = network(a.model)(x)
    said = state_words.heard(logp)
    at, sure = told(said)
    names = np.array(state_words.STATES)
    right = names[at] == regions
    table(widths, sure, right, a.floor)
    large = widths > 140
    print("  " + " ".join("%s %d/%d%s" % (s, (k & named & right).sum(), k.sum(), "-%d" % (k & named & ~right).sum() if (k & named & ~right).any() else "")
                          for named in [sure >= a.floor] for s in names for k in [large & (regions == s)] if k.any()))
    if a.fit:
        half = np.array([sum(map(ord, p)) % 2 for p in pictures])
        tried = []
        for chance in (.08, .11, .15, .2):
            for unknown in (.5, 1, 2.5, 7, 20):
                state_words.CHANCE, state_words.UNKNOWN = chance, unknown
                at, sure = told(said)
                lost = loss(sure, names[at] == regions)
                tried.append((lost[half == 0].mean(), lost[half == 1].mean(), chance, unknown))
        for k in (0, 1):
            best = min(tried, key=lambda t: t[k])
            print("  best on half %d: CHANCE %g, UNKNOWN %g; its loss on the other %.4f, the best there %.4f" % (k, best[2], best[3], best[1 - k], min(t[1 - k] for t in tried)))
        print("  best on both: CHANCE %g, UNKNOWN %g" % min(tried, key=lambda t: t[0] + t[1])[2:])
    if a.sheet:
        order = [i for i in np.lexsort((-sure, right)) if not right[i] or sure[i] < a.floor][:120]
        drawn = []
        for i in order:
            caption = np.zeros((40, WIDTH), np.uint8)
            cv2.putText(caption, "%s -> %s %.2f" % (regions[i], names[at[i]], sure[i]), (2, 11), cv2.FONT_HERSHEY_SIMPLEX, .38, 255, 1)
            for b in (0, 1):
                cv2.putText(caption, greedy(logp[i, b]), (2, 23 + 12 * b), cv2.FONT_HERSHEY_SIMPLEX, .36, 200, 1)
            drawn.append(np.vstack([x[i], caption]))
        while len(drawn) % 6 or not drawn:
            drawn.append(np.zeros((2 * BAND_HEIGHT + 40, WIDTH), np.uint8))
        cv2.imwrite(a.sheet, np.vstack([np.hstack(drawn[i:i + 6]) for i in range(0, len(drawn), 6)]))


if __name__ == "__main__":
    main()
