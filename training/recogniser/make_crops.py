"""Renders training crops for the recogniser into shards, until stopped or until enough are there.

    python3 -m recogniser.make_crops OUT --seed 1 --shards 50 [--scenes DASHCAM]

Writes OUT/x-SEED-NNN.npy, uint8 [n, 64, 160], and OUT/y-SEED-NNN.npy, uint8 [n, 12], class numbers (recogniser.CLASSES) padded
with 255. Shards that exist are skipped, so an interrupted run goes on where it stopped; the same seed makes the same shards.
Without the dashcam set the crops that hold no plate are drawn only; without ffmpeg none has been through H.264. Both are said.
"""
import argparse
import csv
import os
import random
import time

import cv2
import numpy as np

from camera import degrade, video
from drawing import canvas, plates, strokefont

SHARD = 6000
LOOKS = 5  # pictures made of one rendered plate
VIDEO = .15  # share of pictures that go through H.264
LABEL = 12
EMPTY = 255
UNLABELLED = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "finder/dashcam_unlabelled.csv")

BADGES = ("TOYOTA|HONDA|FORD|CAMRY|ACCORD|CIVIC|F-150|CHEVROLET|SILVERADO|NISSAN|ALTIMA|HYBRID|TDI|AWD|4x4|V6|TURBO|SE|LX|XLE|SPORT|"
          "Explorer|Tahoe|JEEP|Wrangler|SUBARU|Outback|KIA|HYUNDAI|Sonata|BMW|325i|Lexus|RX 350|RAM 1500|HEMI|DODGE|GMC|YUKON|MAZDA|CX-5|"
          "VOLVO|AUDI|Quattro|TESLA|MODEL 3|Dual Motor|Limited|Premium|EcoBoost|FLEX FUEL").split("|")
BUMPER = ("MY CHILD IS AN HONOR STUDENT|COEXIST|STUDENT DRIVER|PLEASE BE PATIENT|BABY ON BOARD|I BRAKE FOR DOGS|SALT LIFE|OBX|"
          "VOTE|HOW AM I DRIVING? 800-555-0142|CALL 919-555-0117|www.plumbing.example|ROOFING AND SIDING|KEEP BACK 200 FEET|"
          "THIS VEHICLE MAKES WIDE TURNS|US DOT 1234567|CLEAN AIR VEHICLE|NO STEP|STOP|YIELD|EXIT 23|SPEED LIMIT 45").split("|")


def label(plate):
    """Class numbers of a plate's text: 0–35 large, 36–71 small, 73 what its own frame or sticker hides."""
    hidden = getattr(plate, "hidden", ())
    return [degrade.UNREADABLE if i in hidden else strokefont.CHARACTERS.index(char) + (36 if i in plate.small else 0)
            for i, char in enumerate(plate.text[:LABEL])]


def boxes_of(table):
    """Rows of a path,x,y,w,h table as {file name: [[x, y, w, h]]}."""
    boxes = {}
    with open(table) as f:
        for r in csv.DictReader(f):
            boxes.setdefault(os.path.basename(r["path"]), []).append([float(r[k] or 0) for k in "xywh"])
    return boxes


def backdrops(folder):
    """Grey frames of the one ride that may give backgrounds, with the boxes of all their plates, those the set's own labels
    leave out included; [] without the data."""
    if not folder:
        return []
    labelled, unlabelled, out = boxes_of(os.path.join(folder, "labels.csv")), boxes_of(UNLABELLED), []
    for name, boxes in sorted(labelled.items()):
        if "dayride_type1_001" in name:
            image = cv2.imread(os.path.join(folder, "images", name), cv2.IMREAD_GRAYSCALE)
            if image is not None:
                out.append((image, boxes + unlabelled.get(name, [])))
    return out


def background_patch(rng, frames):
    """A piece of a street scene away from its plates."""
    for _ in range(8):
        image, boxes = rng.choice(frames)
        width = rng.randint(50, 300)
        height = int(width * rng.uniform(.3, .7))
        x, y = rng.randint(0, image.shape[1] - width - 1), rng.randint(0, max(0, image.shape[0] - height - 1))
        if all(x > bx + bw + 6 or bx > x + width + 6 or y > by + bh + 6 or by > y + height + 6 for bx, by, bw, bh in boxes):
            return image[y:y + height, x:x + width]
    return None


def bodywork(rng, height, width):
    """A plain surface with a gradient and a few edges."""
    image = degrade.surroundings(rng, height, width)
    return image + degrade.ramp(rng, height, width) * rng.uniform(0, 40)


def write(rng, image, text, height, x, y):
    mask = canvas.fitted(strokefont.legend(text, rng), height, image.shape[1] * .96)
    x, y = max(0, min(x, image.shape[1] - mask.shape[1])), max(0, min(y, image.shape[0] - mask.shape[0]))
    place = image[y:y + mask.shape[0], x:x + mask.shape[1]]
    ink = place.mean() + rng.choice([-1, 1]) * rng.uniform(50, 150)
    place += (np.clip(ink, 0, 255) - place) * mask[:place.shape[0], :place.shape[1]].astype(np.float32) / 255


def no_plate(rng, frames):
    """A crop that holds no registration: badge, bumper text, burnt-in time, scenery."""
    if frames and rng.random() < .45:
        patch = background_patch(rng, frames)
        if patch is not None:
            return degrade.spoil(rng, patch)
    width = int(rng.uniform(60, 260))
    height = width // 2
    image, kind = bodywork(rng, height, width), rng.random()
    if kind < .35:
        for i in range(rng.randint(1, 2)):
            write(rng, image, rng.choice(BADGES), int(height * rng.uniform(.15, .4)), rng.randint(0, width // 2), int(height * rng.uniform(.05, .7)))
    elif kind < .65:
        if rng.random() < .5:
            cv2.rectangle(image, (int(width * .03), int(height * .1)), (int(width * .97), int(height * .9)), rng.uniform(0, 255), -1)
        lines = rng.randint(2, 4)
        for i in range(lines):
            write(rng, image, rng.choice(BUMPER), int(height * .7 / lines), int(width * rng.uniform(.02, .2)), int(height * (.12 + .78 * i / lines)))
    elif kind < .85:
        stamp = "%04d-%02d-%02d %02d:%02d:%02d" % (rng.randint(2008, 2030), rng.randint(1, 12), rng.randint(1, 28), rng.randint(0, 23),
                                                  rng.randint(0, 59), rng.randint(0, 59))
        stamp = rng.choice([stamp, stamp[:10], stamp[11:], "CAM %d  %s" % (rng.randint(1, 9), stamp), stamp.replace("-", "/")])
        write(rng, image, stamp, int(height * rng.uniform(.12, .3)), rng.randint(0, width // 4), int(height * rng.uniform(.1, .7)))
    else:  # grille
        step = rng.randint(3, 12)
        for v in range(0, height if rng.random() < .5 else width, step):
            if rng.random() < .5:
                image[v:v + step // 2] += rng.uniform(20, 90)
            else:
                image[:, v:v + step // 2] += rng.uniform(20, 90)
    return degrade.spoil(rng, np.clip(image, 0, 255))


def shard(rng, frames, count=SHARD):
    x = np.zeros((count, degrade.CROP_HEIGHT, degrade.CROP_WIDTH), np.uint8)
    y = np.full((count, LABEL), EMPTY, np.uint8)
    order = list(range(count))
    rng.shuffle(order)
    waiting = []  # shots that go through the video encoder, together

    def keep(made):
        if made is not None and order:
            at = order.pop()
            x[at], classes = made
            y[at, :len(classes)] = classes

    while len(order) > len(waiting):
        if rng.random() < .17:  # no_plate counts 1, a plate LOOKS: about 4 % of all crops
            keep((no_plate(rng, frames), []))
            continue
        plate = plates.render(rng)
        classes = label(plate)
        for look in range(LOOKS):
            if look % 3 == 0:
                grey = degrade.grey_look(rng, plate.image, plate.span)
            if grey is None:
                continue
            film = rng.random() < VIDEO
            shot = degrade.photograph(rng, plate, grey, classes, clean_bits=film)
            if shot is None:
                continue
            if rng.random() < .03 and shot.width > 55:
                shot = shot._replace(picture=video.comb(rng, shot.picture))
            if film:
                waiting.append(shot)
            else:
                keep(degrade.rectify(rng, shot))
    for shot, shown in zip(waiting, video.through(rng, [s.picture for s in waiting])):
        keep(degrade.rectify(rng, shot, shown))
    while order:  # what could not be used is replaced by the crops before
        at = order.pop()
        other = rng.randrange(count)
        x[at], y[at] = x[other], y[other]
    return x, y


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shards", type=int, default=60)
    parser.add_argument("--scenes", default=os.path.join(os.environ.get("ALPRD_SHARED", "../shared"), "data/dashcam"),
                        help="folder of the dashcam set, for pieces of street without a plate; '' for none")
    a = parser.parse_args()
    cv2.setNumThreads(1)
    os.makedirs(a.out, exist_ok=True)
    frames = backdrops(a.scenes if a.scenes and os.path.isdir(a.scenes) else "")
    if not frames:
        print("no dashcam set at %r: crops without a plate are drawn, none is cut from a street" % a.scenes, flush=True)
    if not video.encoder():
        print("no ffmpeg: no crop has been through H.264", flush=True)
    for k in range(a.shards):
        name = "%d-%03d.npy" % (a.seed, k)
        if os.path.exists(os.path.join(a.out, "x-" + name)):
            continue
        started = time.time()
        x, y = shard(random.Random(a.seed * 100003 + k), frames)
        np.save(os.path.join(a.out, "y-" + name), y)
        np.save(os.path.join(a.out, "part-" + name), x)
        os.replace(os.path.join(a.out, "part-" + name), os.path.join(a.out, "x-" + name))
        print("shard %s: %.0f crops/s" % (name, len(x) / (time.time() - started)), flush=True)


if __name__ == "__main__":
    main()
