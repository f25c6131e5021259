"""Measures the state reader on real pictures, at the places that `alprd read --json` found.

    state_measure.py MODEL READS.jsonl --shared ../shared [--sheet FILE.png]

MODEL is a checkpoint or an ONNX file. Prints for `closeups` how often the state is named rightly and wrongly at the best floor whose
wrong names stay within MOST_WRONG, on all pictures, and chosen on one half and counted on the other. Pictures are only measured, never
trained on.
"""
import argparse
import csv
import json
import os

import cv2
import numpy as np

import state_words
from state_bands import text_of
from state_reader import BAND_HEIGHT, BANDS, BLANK, SIDE, SIGNS, WIDTH

MOST_WRONG = .034  # the bar is .04; what is chosen on one half of the pictures and counted on the other differs by half a point


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


def places(shared, name, reads):
    """(region, plate text read, bands) of every labelled picture whose plate was found."""
    root = os.path.join(shared, "data", name)
    found = {}
    for line in open(reads):
        j = json.loads(line)
        if j.get("plates"):
            found[os.path.basename(j["file"])] = j["plates"][0]
    with open(os.path.join(root, "labels.csv")) as f:
        for row in csv.DictReader(f):
            p = found.get(os.path.basename(row["path"]))
            if p is None:
                yield row["region"], "", None
                continue
            grey = cv2.imread(os.path.join(root, row["path"]), cv2.IMREAD_GRAYSCALE)
            yield row["region"], p["text"], rectified(grey, np.array(p["corners"], np.float32))


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
        from state_reader import StateReader
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


def tradeoff(rows, most=MOST_WRONG):
    """The floor that names most while wrong names stay within `most` of all: (floor, right, wrong). rows: (p, correct)."""
    n, best, right, wrong = len(rows), (1.01, 0, 0), 0, 0
    for p, correct in sorted(rows, reverse=True):
        right, wrong = right + correct, wrong + (not correct)
        if wrong <= most * n and right > best[1]:
            best = (p, right, wrong)
    return best[0], best[1] / n, best[2] / n


def honest(rows, rounds=50):
    """Slope and offset of 1 / (1 + exp(-(slope · log odds + offset))) that fit how often a state was rightly named; rows: (p, correct)."""
    p = np.clip([r[0] for r in rows], 1e-7, 1 - 1e-7)
    x, y = np.stack([np.log(p / (1 - p)), np.ones(len(p))], 1), np.array([r[1] for r in rows], float)
    w = np.array([1., 0.])
    for _ in range(rounds):  # Newton, held a little towards (1, 0)
        q = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        step = np.linalg.solve((x * (q * (1 - q))[:, None]).T @ x + np.eye(2), x.T @ (q - y) + (w - [1, 0]))
        w = w - step * min(1, .3 / np.abs(step).max())
    return w


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("reads")
    parser.add_argument("--shared", default=os.environ.get("ALPRD_SHARED", "../shared"))
    parser.add_argument("--sheet")
    parser.add_argument("--save", help="keep the bands here, to measure again faster")
    a = parser.parse_args()
    cv2.setNumThreads(1)
    if a.save and os.path.exists(a.save):
        kept = np.load(a.save, allow_pickle=True)
        regions, texts, x, have = kept["regions"], kept["texts"], kept["x"], kept["have"]
    else:
        all_places = list(places(a.shared, "closeups", a.reads))
        regions, texts = np.array([r for r, _, _ in all_places]), np.array([t for _, t, _ in all_places])
        have = np.array([b is not None for _, _, b in all_places])
        x = np.array([b if b is not None else np.zeros((2 * BAND_HEIGHT, WIDTH), np.uint8) for _, _, b in all_places])
        if a.save:
            np.savez(a.save, regions=regions, texts=texts, x=x, have=have)
    logp = network(a.model)(x)
    rows, tiles, by_state = [], [], {}
    beliefs = state_words.posterior(logp) * have[:, None]
    for i, region in enumerate(regions):
        at = beliefs[i, :-1].argmax()
        name, conf = state_words.STATES[at], beliefs[i, at]
        rows.append((conf, name == region))
        said = [greedy(logp[i, 0]), greedy(logp[i, 1])]
        tiles.append((name == region, conf, region, name, said, x[i]))
    floor, right, wrong = tradeoff(rows)
    print("top 1 %.3f; at floor %.3f right %.3f wrong %.3f" % (np.mean([c for _, c in rows]), floor, right, wrong))
    slope, offset = honest(rows)
    edge = min(max(floor, 1e-7), 1 - 1e-7)
    print("  --slope %.3f --offset %.3f --floor %.4f" % (slope, offset, 1 / (1 + np.exp(-(slope * np.log(edge / (1 - edge)) + offset))) - 1e-4))
    odd, even = rows[1::2], rows[::2]
    for name, choose, check in (("odd→even", odd, even), ("even→odd", even, odd)):
        f = tradeoff(choose)[0]
        print("  %s: floor %.3f right %.3f wrong %.3f" % (name, f, np.mean([c and p >= f for p, c in check]), np.mean([not c and p >= f for p, c in check])))
    for (p, c), region in zip(rows, regions):
        s = by_state.setdefault(region, [0, 0, 0])
        s[0] += 1
        s[1] += c and p >= floor
        s[2] += (not c) and p >= floor
    print("  " + " ".join("%s %d/%d%s" % (s, v[1], v[0], "-%d" % v[2] if v[2] else "") for s, v in sorted(by_state.items())))
    if a.sheet:
        tiles = [t for t in tiles if not t[0] or t[1] < floor]
        tiles.sort(key=lambda t: (t[0], -t[1]))
        drawn = []
        for ok, conf, region, name, said, bands in tiles[:120]:
            caption = np.zeros((40, WIDTH), np.uint8)
            cv2.putText(caption, "%s -> %s %.2f" % (region, name, conf), (2, 11), cv2.FONT_HERSHEY_SIMPLEX, .38, 255, 1)
            for b in (0, 1):
                cv2.putText(caption, said[b], (2, 23 + 12 * b), cv2.FONT_HERSHEY_SIMPLEX, .36, 200, 1)
            drawn.append(np.vstack([bands, caption]))
        while len(drawn) % 6 or not drawn:
            drawn.append(np.zeros((2 * BAND_HEIGHT + 40, WIDTH), np.uint8))
        cv2.imwrite(a.sheet, np.vstack([np.hstack(drawn[i:i + 6]) for i in range(0, len(drawn), 6)]))


if __name__ == "__main__":
    main()
