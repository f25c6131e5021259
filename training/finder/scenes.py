"""Rendered scenes with plates for the finder: backgrounds, vehicles, lettering that is no plate, light, lens.

    python3 -m finder.scenes --shards 14 --seed 1            # 14 shards of 2,000 scenes under out/finder/
    python3 -m finder.scenes --sheet /tmp/scenes.png         # a contact sheet to look at

A scene is a grey uint8 picture of HEIGHT x WIDTH with up to MAX_PLATES quads. All coordinates here are continuous: pixel i
covers [i, i+1), so scaling a picture scales its coordinates and nothing else. A quad is TL, TR, BR, BL of the plate's outer
edge as seen by its reader, float32 [4, 2] in pixels; it may lie a little outside the picture where the plate is cut.

Real pixels come from one source: the frames of ride `dayride_type1_001` of RobertLucian/license-plate-dataset (MIT), found
under $ALPRD_SHARED/data/dashcam, with every plate painted over. Without them the backgrounds are all procedural.
"""
import argparse
import os

import cv2
import numpy as np

from finder.backgrounds import Frames, HERE, SHARED, cloud, clutter, procedural
from finder.boards import board, burn_in
from finder.dice import between, chance, log_between, rnd, seed_all
from finder.geometry import frame_of, paste, pose_quad, random_pose, visible_share
from finder.light import glow, lens, shade
from finder.pool import PlatePool
from finder.vehicles import holder, occluder, vehicle

OUT = os.path.join(HERE, "out", "finder")
WIDTH, HEIGHT = 352, 224
MAX_PLATES = 3
SHARD = 2000
PAD = 127  # grey of the letterbox border; zero after normalising
PLATE, IGNORE = 1, 2  # kinds: IGNORE marks plates cut off too far to ask for


class Scenes:
    """Draws scenes; one per process."""

    def __init__(self, root=SHARED, pool=900):
        self.frames = Frames(root)
        self.pool = PlatePool(pool)

    def hang(self, scene, quad, plate, aspect, light, surround, sharp_scale=None, tone=None):
        """Draws a plate with what surrounds it. surround: draw a vehicle and a holder; tone: (mean, spread) to match."""
        american = .4 < aspect < .59
        plate_w = .305 if american else (.52 if aspect < .3 else .28)
        plate_h = plate_w * aspect
        place = frame_of(quad, plate_w, plate_h)
        lamps = vehicle(scene, place, plate_w, plate_h) if surround and chance(.85) else []
        if chance(.2 if american else .5):
            holder(scene, place, plate_w, plate_h)
        if light in ("night", "ir") and surround:
            scene *= between(.08, .5)
        image = plate
        if tone:
            mean, spread = plate.mean(), max(10, plate.std())
            image = (plate - mean) * max(.2, min(1.2, tone[1] * between(.8, 1.5) / spread)) + tone[0] * between(.85, 1.15)
        elif light == "ir":
            image = np.minimum(255, 255 * (plate / 255) ** between(.3, .8)) * between(.7, 1.3)
        elif light == "night":  # from unlit to washed out by headlamps
            image = plate * between(.25, 1.1) + between(0, 25) if chance(.7) else np.minimum(255, plate * between(.8, 1.6) + between(0, 60))
        elif light == "dusk":
            image = plate * between(.3, .75) + between(0, 50)
        else:
            image = plate * between(.45, 1.1)
        if chance(.15):  # lit from one side by its lamp
            ramp = np.linspace(between(.5, 1), between(.8, 1.4), image.shape[1], dtype=np.float32)
            image = image * ramp if chance(.5) else image * np.linspace(between(.8, 1.5), between(.5, 1), image.shape[0], dtype=np.float32)[:, None]
        if sharp_scale:  # as soft as the frame it is put in
            sigma = .55 * between(.6, 1.8) * sharp_scale * image.shape[1] / max(8., float(np.linalg.norm(quad[1] - quad[0])))
            if sigma > .4:
                image = cv2.GaussianBlur(image, (0, 0), min(sigma, 14))
        paste(scene, image, quad)
        if chance(.08):
            occluder(scene, place, plate_w, plate_h)
        if light in ("night", "dusk") and surround:
            size = np.linalg.norm(quad[1] - quad[0])
            for lamp in lamps:
                if chance(.75):
                    glow(scene, lamp, size * between(.08, .5), between(60, 400))

    def close_up(self):
        """A picture the plate nearly fills, set in the grey border a reader pads with."""
        plate, aspect = self.pool.take()
        w = int(between(120, WIDTH))
        h = int(w * (between(.44, .75) if aspect > .3 else between(.22, .6)))
        if h > HEIGHT:
            w, h = int(w * HEIGHT / h), HEIGHT
        share = between(.55, 1.0) if chance(.65) else between(.94, 1.05)
        yaw, pitch, roll = [a * .45 for a in random_pose()]
        quad = pose_quad(w * share, aspect if chance(.75) else aspect * between(.9, 1.12), yaw, pitch, roll, between(1.8, 8))
        tall = np.ptp(quad[:, 1])
        if tall > h * 1.03:
            h = int(min(HEIGHT, tall * between(.98, 1.15)))
        slack_x, slack_y = abs(w - np.ptp(quad[:, 0])) / 2, abs(h - tall) / 2
        quad += np.array([w / 2 + between(-1, 1) * slack_x, h / 2 + between(-1, 1) * slack_y], np.float32) - (quad.max(0) + quad.min(0)) / 2
        picture = np.full((h, w), between(5, 235), np.float32) + cloud(w, h, 3, between(2, 40))
        for _ in range(rnd.randint(0, 5)):
            clutter(picture)
        self.hang(picture, quad, plate, aspect, rnd.choice(["day"] * 6 + ["dusk", "ir"]), chance(.35))
        if chance(.3):
            shade(picture)
        picture = lens(picture, .9)
        canvas = np.full((HEIGHT, WIDTH), PAD if chance(.85) else rnd.randint(0, 255), np.uint8)
        x, y = rnd.randint(0, WIDTH - w), rnd.randint(0, HEIGHT - h)
        if chance(.4):
            x = y = 0
        canvas[y:y + h, x:x + w] = picture
        return canvas, [(quad + np.array([x, y], np.float32), PLATE)]

    def street(self):
        """Vehicles in a place, none to three plates."""
        real = bool(self.frames.frames) and chance(.6)
        scale, boxes = None, []
        if real:
            scene, boxes, scale = self.frames.crop(WIDTH, HEIGHT)
            # The ride is by day: at night the same street is dark but for lamps and what headlamps throw back.
            light = "night" if chance(.25) else "day"
            if light == "night":
                scene *= between(.1, .6)
        else:
            scene = procedural(WIDTH, HEIGHT)
            light = rnd.choices(["day", "dusk", "night", "ir"], [.55, .15, .2, .1])[0]
            if light in ("night", "ir"):
                scene *= between(.05, .6)
            elif light == "dusk":
                scene = scene * between(.25, .7) + between(0, 40)
        for _ in range(rnd.choice([0, 0, 1, 2, 4]) if not real else rnd.choice([0, 0, 0, 1, 2])):
            board(scene)
        found = []
        for x, y, w, h, mean, spread in boxes[:MAX_PLATES]:
            if chance(.85):
                plate, aspect = self.pool.take()
                yaw, pitch, roll = [a * .5 for a in random_pose()]
                quad = pose_quad(w * between(.88, 1.12) * (1 if aspect < .3 else between(.55, .9)), aspect, yaw, pitch, roll, between(3, 9))
                quad += np.array([x + w / 2 + w * between(-.06, .06), y + h / 2 + h * between(-.1, .1)], np.float32)
                dark = light == "night"
                if dark and chance(.3):
                    scene *= cloud(WIDTH, HEIGHT, 2, .15) + 1
                self.hang(scene, quad, plate, aspect, light, False, scale, (mean, spread) if chance(.7) and not dark else None)
                found.append((quad, PLATE))
                if dark and chance(.7):  # a pair of rear lamps
                    off = np.array([w * between(.7, 1.6), -h * between(-.3, 2.5)])
                    size, strength = w * between(.04, .4), between(80, 500)
                    for side in (-1, 1):
                        glow(scene, quad.mean(0) + off * [side, 1], size, strength)
        more = rnd.choices([0, 1, 2], [.5, .45, .05])[0] if found else rnd.choices([0, 1, 2, 3], [.2, .6, .15, .05])[0]
        for _ in range(more):
            if len(found) == MAX_PLATES:
                break
            plate, aspect = self.pool.take()
            width = log_between(18, 300) if chance(.75) else log_between(18, 70)
            quad = pose_quad(width, aspect, *random_pose(), between(2.5, 9))
            reach = np.ptp(quad, axis=0) / 2
            edge = -.4 if chance(.04) else 1.0
            low, high = reach * edge, np.array([WIDTH, HEIGHT]) - reach * edge
            centre = np.where(high > low, np.array([between(0, 1), between(0, 1)]) * (high - low) + low, np.array([WIDTH, HEIGHT]) / 2)
            quad = quad - (quad.max(0) + quad.min(0)) / 2 + centre.astype(np.float32)
            near = lambda other: np.all(abs(other.mean(0) - centre) < (np.ptp(other, axis=0) / 2 + reach) * 1.15)
            if any(near(q) for q, _ in found):
                continue
            car = chance(.3 if real else .9)
            # A vehicle drawn over an earlier plate would leave its label without a plate.
            if car and found:
                span = np.array([width * 3.5, width * 3.0])
                if any(np.all(abs(q.mean(0) - centre) < span + np.ptp(q, axis=0) / 2) for q, _ in found):
                    car = False
            self.hang(scene, quad, plate, aspect, light if not real or light == "night" else rnd.choice(["day", "dusk"]), car, scale if real else None)
            share = visible_share(quad, WIDTH, HEIGHT)
            if share > .08:
                found.append((quad, PLATE if share > .9 else IGNORE))
        if not found and chance(.7):  # a vehicle without a plate: the place alone must not be enough
            quad = pose_quad(log_between(25, 150), .5 if chance(.5) else .21, *random_pose(), 6) + np.array([between(40, WIDTH - 40), between(40, HEIGHT - 40)], np.float32)
            if not real or chance(.3):
                vehicle(scene, frame_of(quad, .305, .152), .305, .152)
        if chance(.2):
            shade(scene)
        if light in ("night", "dusk"):
            for _ in range(rnd.choice([0, 0, 1, 2, 4])):
                glow(scene, (between(0, WIDTH), between(0, HEIGHT)), log_between(2, 40), between(60, 400))
        if chance(.15):
            scene = scene * between(.4, .9) + between(20, 110)  # haze, a dirty windscreen
        if chance(.15):
            burn_in(scene)
        return lens(scene, .7 if real else 1), found

    def draw(self):
        """Scene uint8 [HEIGHT, WIDTH], quads float32 [MAX_PLATES, 4, 2] (NaN where unused), kinds uint8 [MAX_PLATES] (0 unused)."""
        scene, found = self.close_up() if chance(.17) else self.street()
        quads, kinds = np.full((MAX_PLATES, 4, 2), np.nan, np.float32), np.zeros(MAX_PLATES, np.uint8)
        for k, (quad, kind) in enumerate(found[:MAX_PLATES]):
            quads[k], kinds[k] = quad, kind
        return scene, quads, kinds


def write_shards(out, shards, seed):
    """Writes out/scenes-SEED-NNN.npz, skipping those that exist; each shard has its own seed and its own plates, so any can be
    made alone."""
    os.makedirs(out, exist_ok=True)
    seed_all(seed)
    source = Scenes()
    for s in range(shards):
        path = os.path.join(out, "scenes-%03d-%03d.npz" % (seed, s))
        if os.path.exists(path):
            continue
        seed_all(seed * 100003 + s)
        source.pool.plates.clear()
        pictures = np.empty((SHARD, HEIGHT, WIDTH), np.uint8)
        quads = np.empty((SHARD, MAX_PLATES, 4, 2), np.float32)
        kinds = np.empty((SHARD, MAX_PLATES), np.uint8)
        for i in range(SHARD):
            pictures[i], quads[i], kinds[i] = source.draw()
        np.savez(path + ".part.npz", pictures=pictures, quads=quads, kinds=kinds)
        os.rename(path + ".part.npz", path)
        print("%s written" % path, flush=True)


def sheet(path, seed, columns=5, rows=7):
    """Writes a PNG of scenes with their quads drawn."""
    seed_all(seed)
    source = Scenes(pool=60)
    cells = []
    for _ in range(columns * rows):
        scene, quads, kinds = source.draw()
        cell = cv2.cvtColor(scene, cv2.COLOR_GRAY2BGR)
        for quad, kind in zip(quads, kinds):
            if kind:
                cv2.polylines(cell, [np.round((quad - .5) * 16).astype(np.int32)], True, (0, 255, 0) if kind == PLATE else (0, 160, 255), 1, cv2.LINE_AA, 4)
                cv2.circle(cell, tuple(int(v) for v in quad[0]), 2, (0, 0, 255), -1)
        cells.append(cell)
    cv2.imwrite(path, np.vstack([np.hstack(cells[r * columns:(r + 1) * columns]) for r in range(rows)]))


def main():
    cv2.setNumThreads(1)
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--shards", type=int, default=14)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--out", default=OUT)
    p.add_argument("--sheet", help="write a contact sheet here instead")
    a = p.parse_args()
    if a.sheet:
        sheet(a.sheet, a.seed)
    else:
        write_shards(a.out, a.shards, a.seed)


if __name__ == "__main__":
    main()
