"""Measures a finder's ONNX file through OpenCV, as the program runs it.

    python3 -m finder.measure ../internal/ocr/weights/finder.onnx [--sheets /tmp]

Prints recall and extra detections on the dashcam rides that gave no background, plates found in `california`, whole plates
found in `closeups`, corner errors on fresh rendered scenes by plate width, and processor time. With --sheets it also writes contact
sheets there to look at (never inside the repository). Sets are sought under $ALPRD_SHARED/data; those missing are left out.
"""
import argparse
import csv
import os
import random
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np

from finder import backgrounds, dice, network, scenes

DATA = os.path.join(backgrounds.SHARED, "data")


class Net:
    """The finder as a reader calls it: picture in, plates in the picture's own pixels out."""

    def __init__(self, path):
        self.net = cv2.dnn.readNetFromONNX(path)
        self.elapsed, self.calls = 0.0, 0

    def maps(self, grey):
        """heat [h, w] and corners [8, h, w] of a grey picture whose sides are multiples of 32."""
        began = time.process_time()
        self.net.setInput(cv2.dnn.blobFromImage(grey, 1 / 64, mean=127.5))
        heat, corners = self.net.forward(["heat", "corners"])
        self.elapsed += time.process_time() - began
        self.calls += 1
        return heat[0, 0], corners[0]

    def find(self, grey, long_side, threshold=.3, margin=0):
        """(score, quad) list. The picture is scaled to long_side and centred in grey, at least margin pixels wide all
        around, that fills up to multiples of 32."""
        height, width = grey.shape
        scale = long_side / max(height, width)
        w, h = round(width * scale), round(height * scale)
        if scale != 1:
            grey = cv2.resize(grey, (w, h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        W, H = (-(-(side + 2 * margin) // 32) * 32 for side in (w, h))
        left, top = (W - w) // 2, (H - h) // 2
        grey = cv2.copyMakeBorder(grey, top, H - h - top, left, W - w - left, cv2.BORDER_CONSTANT, value=scenes.PAD)
        to_picture = np.array([width / w, height / h])
        return [(score, (quad - [left, top]) * to_picture) for score, quad in network.pick(*self.maps(grey), threshold)]


def labels(name):
    """Rows of a set's table as dictionaries with the picture's full path, or nothing where the set is missing."""
    table = os.path.join(DATA, name, "labels.csv")
    if not os.path.exists(table):
        print("%s: not here" % name)
        return []
    return [dict(r, file=os.path.join(DATA, name, r["path"])) for r in csv.DictReader(open(table))]


def rectangle(row):
    x, y, w, h = (float(row[k]) for k in "xywh")
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])


def draw(grey, found, boxes=(), width=480):
    """A cell of a contact sheet: labels white, quads green with a red dot at TL and their score."""
    cell = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    k = width / grey.shape[1]
    cell = cv2.resize(cell, (width, round(grey.shape[0] * k)), interpolation=cv2.INTER_AREA if k < 1 else cv2.INTER_LINEAR)
    for b in boxes:
        cv2.polylines(cell, [np.round(b * k).astype(np.int32)], True, (255, 255, 255), 1)
    for score, q in found:
        cv2.polylines(cell, [np.round(q * k * 16).astype(np.int32)], True, (0, 255, 0), 1, cv2.LINE_AA, 4)
        cv2.circle(cell, tuple(int(v) for v in q[0] * k), 2, (0, 0, 255), -1)
        cv2.putText(cell, "%.2f" % score, tuple(int(v) for v in q[3] * k + [0, 10]), 0, .35, (0, 255, 255), 1)
    return cell


def sheet(path, cells, columns):
    if not cells:
        return
    height = max(c.shape[0] for c in cells)
    cells = [cv2.copyMakeBorder(c, 0, height - c.shape[0], 0, 0, cv2.BORDER_CONSTANT) for c in cells]
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    cv2.imwrite(path, np.vstack([np.hstack(cells[i:i + columns]) for i in range(0, len(cells), columns)]))


def dashcam(net, sizes, thresholds, sheets):
    rows = [r for r in labels("dashcam") if backgrounds.Frames.RIDE not in r["path"]]
    pictures = {}
    for r in rows:
        pictures.setdefault(r["file"], []).append(r)
    for size in sizes if rows else ():
        net.elapsed = net.calls = 0
        kept = []
        for path, marked in pictures.items():
            grey = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
            kept.append((path, grey if sheets else None, [(rectangle(r), r["path"]) for r in marked], net.find(grey, size, min(thresholds))))
        for threshold in thresholds:
            hit = {}
            extra = 0
            for path, _, boxes, found in kept:
                found = [f for f in found if f[0] >= threshold]
                for box, name in boxes:
                    if np.ptp(box[:, 0]) >= 50:
                        ok = any(network.overlap(box, q)[0] >= .5 for _, q in found)
                        for key in ("all", "night" if "night" in name else "day"):
                            hit.setdefault(key, []).append(ok)
                extra += sum(all(network.overlap(b, q)[0] < .1 for b, _ in boxes) for _, q in found)
            print("dashcam, long side %4d, threshold %.2f: recall %.3f (%d boxes; day %.3f, night %.3f), %.2f extra a picture, %.1f ms" % (
                size, threshold, np.mean(hit["all"]), len(hit["all"]), np.mean(hit["day"]), np.mean(hit["night"]), extra / len(kept), net.elapsed / net.calls * 1e3))
        if sheets:
            cells = [draw(g, f, [b for b, _ in boxes], 640) for _, g, boxes, f in kept]
            random.Random(1).shuffle(cells)
            sheet(os.path.join(sheets, "dashcam%d.png" % size), cells[:24], 4)


def california(net, sizes, threshold, sheets):
    rows = labels("california")
    for size in sizes if rows else ():
        good = extra = 0
        missed = []
        for r in rows:
            grey = cv2.imread(r["file"], cv2.IMREAD_GRAYSCALE)
            found = net.find(grey, size, threshold)
            box = rectangle(r)
            inside = lambda q: np.prod(np.maximum(np.minimum(box.max(0), q.max(0)) - np.maximum(box.min(0), q.min(0)), 0)) / np.prod(np.ptp(box, axis=0))
            right = [inside(q) >= .8 and np.prod(np.ptp(q, axis=0)) <= 3.2 * np.prod(np.ptp(box, axis=0)) for _, q in found]
            good += any(right)
            extra += sum(inside(q) < .1 for _, q in found)
            if sheets and not any(right):
                missed.append(draw(grey, found, [box]))
        print("california, long side %d, threshold %.2f: %d of %d found, %.2f extra a picture" % (size, threshold, good, len(rows), extra / len(rows)))
        if sheets:
            sheet(os.path.join(sheets, "california%d.png" % size), missed[:24], 4)


def closeups(net, settings, threshold, sheets):
    """A whole plate: best quad spans 70 % of the width and holds the middle; pictures here are cropped to their plates."""
    rows = labels("closeups")
    for size, margin in settings if rows else ():
        good = found_any = several = 0
        cells = []
        for r in rows:
            grey = cv2.imread(r["file"], cv2.IMREAD_GRAYSCALE)
            found = net.find(grey, size, threshold, margin)
            height, width = grey.shape
            whole = bool(found) and np.ptp(found[0][1][:, 0]) > .7 * width and np.ptp(found[0][1][:, 1]) > .5 * min(height, width / 2) and abs(
                found[0][1].mean(0) - [width / 2, height / 2]).max() < .15 * width
            good += whole
            found_any += bool(found)
            several += len(found) > 1
            if sheets:
                cells.append((whole, draw(grey, found, width=240)))
        print("closeups, long side %d, margin %d: %.3f found, %.3f as whole plates (of %d), %.3f with more than one" % (
            size, margin, found_any / len(rows), good / len(rows), len(rows), several / len(rows)))
        if sheets:
            random.Random(2).shuffle(cells)
            sheet(os.path.join(sheets, "closeups%d-%d-bad.png" % (size, margin)), [c for ok, c in cells if not ok][:48], 8)
            sheet(os.path.join(sheets, "closeups%d-%d.png" % (size, margin)), [c for ok, c in cells if ok][:72], 8)


BANDS = ((18, 30), (30, 45), (45, 60), (60, 100), (100, 160), (160, 360))


def corner_errors(net, count, threshold, seed=9000):
    """Corner errors on rendered scenes the training never saw, in fractions of the plate's width and height."""
    dice.seed_all(seed)
    source = scenes.Scenes(pool=300)
    errors, wanted, extra = {}, {}, 0
    for _ in range(count):
        scene, quads, kinds = source.draw()
        found = network.pick(*net.maps(scene), threshold)
        for quad, kind in zip(quads, kinds):
            if kind != scenes.PLATE:
                continue
            across, down = np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[3] - quad[0])
            band = next((b for b in BANDS if b[0] <= across < b[1]), None)
            if band is None:
                continue
            wanted[band] = wanted.get(band, 0) + 1
            hit = [q for _, q in found if network.overlap(q, quad)[0] > .4]
            if hit:
                # Along the plate's own axes, since a rolled plate is rectified along them.
                ex, ey = (quad[1] - quad[0]) / across, (quad[3] - quad[0]) / down
                off = np.linalg.solve(np.stack([ex, ey], 1), (hit[0] - quad).T).T
                errors.setdefault(band, []).append(off / [across, down])
        extra += sum(all(network.overlap(q, t)[1] < .1 for t, k in zip(quads, kinds) if k) for _, q in found)
    print("rendered scenes: %d, %.3f extra a scene; corner error as a fraction of plate width and height:" % (count, extra / count))
    print("| plate width, px | plates | found | sd x | sd y | robust sd x | robust sd y | common shift sd x | y | outward bias x | y |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for band in BANDS:
        if band not in errors:
            continue
        e = np.stack(errors[band])
        robust = np.percentile(np.abs(e - np.median(e, 0)), 68.3, axis=(0, 1))
        common = e.mean(1).std(0)
        out_x = (e[:, [1, 2], 0].mean() - e[:, [0, 3], 0].mean()) / 2
        out_y = (e[:, [2, 3], 1].mean() - e[:, [0, 1], 1].mean()) / 2
        print("| %d–%d | %d | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f | %+.3f | %+.3f |" % (
            *band, wanted[band], len(e) / wanted[band], *e.std((0, 1)), *robust, *common, out_x, out_y))


def timing(net):
    for w, h in ((640, 384), (960, 544), (1280, 736), (320, 192), (256, 160)):
        picture = np.random.randint(0, 255, (h, w), np.uint8)
        times = []
        for _ in range(15):
            began = time.process_time()
            net.maps(picture)
            times.append(time.process_time() - began)
        print("%d x %d: %.1f ms" % (w, h, np.median(times) * 1e3))


def main():
    cv2.setNumThreads(1)
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("onnx")
    p.add_argument("--threshold", type=float, default=.4)
    p.add_argument("--sheets", help="folder for contact sheets")
    p.add_argument("--only", default="dashcam,california,closeups,scenes,time")
    p.add_argument("--scenes", type=int, default=1500)
    a = p.parse_args()
    net = Net(a.onnx)
    only = a.only.split(",")
    if "dashcam" in only:
        dashcam(net, (640, 800, 960, 1280), (.2, .3, .35, .4, .45, .5), a.sheets)
    if "california" in only:
        california(net, (480, 640), a.threshold, a.sheets)
    if "closeups" in only:
        closeups(net, ((160, 16), (192, 32), (224, 32), (320, 0)), a.threshold, a.sheets)
    if "scenes" in only:
        corner_errors(net, a.scenes, a.threshold)
    if "time" in only:
        timing(net)


if __name__ == "__main__":
    main()
