"""Rendered scenes with plates for the finder: backgrounds, vehicles, lettering that is no plate, light, lens.

    python3 scenes.py --shards 14 --seed 1            # 14 shards of 2,000 scenes under out/finder/
    python3 scenes.py --sheet /tmp/scenes.png         # a contact sheet to look at

A scene is a grey uint8 picture of HEIGHT x WIDTH with up to MAX_PLATES quads. All coordinates here are continuous: pixel i
covers [i, i+1), so scaling a picture scales its coordinates and nothing else. A quad is TL, TR, BR, BL of the plate's outer
edge as seen by its reader, float32 [4, 2] in pixels; it may lie a little outside the picture where the plate is cut.

Real pixels come from one source: the frames of ride `dayride_type1_001` of RobertLucian/license-plate-dataset (MIT), found
under $ALPRD_SHARED/data/dashcam, with every plate painted over. Without them the backgrounds are all procedural.
"""
import argparse
import csv
import glob
import math
import os
import random
import string
import sys

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import plates

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get("ALPRD_SHARED", os.path.join(HERE, "..", "..", "shared"))
OUT = os.path.join(HERE, "out", "finder")
# Plates in those frames that the set's labels leave out, found by an earlier finder and picked by eye.
UNLABELLED = os.path.join(HERE, "dashcam_unlabelled.csv")
# What that finder took for plates there and is none: crops are cut around these more often than chance would.
LOOKALIKES = os.path.join(HERE, "dashcam_lookalikes.csv")
WIDTH, HEIGHT = 352, 224
MAX_PLATES = 3
SHARD = 2000
PAD = 127  # grey of the letterbox border; zero after normalising
PLATE, IGNORE = 1, 2  # kinds: IGNORE marks plates cut off too far to ask for

rnd = random.Random()


def seed_all(seed):
    """Seeds this module, numpy and the plate renderer, which draw from three generators."""
    rnd.seed(seed)
    random.seed(seed + 1)
    np.random.seed(seed % 2**32)


def between(lo, hi):
    return rnd.uniform(lo, hi)


def log_between(lo, hi):
    return math.exp(rnd.uniform(math.log(lo), math.log(hi)))


def chance(p):
    return rnd.random() < p


# ---- lettering -------------------------------------------------------------------------------------------------------

FONT_DIRS = ("/usr/share/fonts",)
_fonts = {}


def font_files():
    """Scalable Latin faces installed here; symbol and mathematics faces are left out."""
    if "files" not in _fonts:
        found = []
        for base in FONT_DIRS:
            for ext in ("ttf", "otf"):
                found += glob.glob(os.path.join(base, "**", "*." + ext), recursive=True)
        no = ("symbol", "dingbat", "math", "emoji", "d050000", "standardsymbols", "icons", "outline")
        _fonts["files"] = sorted(f for f in found if not any(n in os.path.basename(f).lower() for n in no))
    return _fonts["files"]


def lettering(text, path=None, height=40):
    """Text as a coverage mask, float32 [h, w] in 0..1, cropped to its ink."""
    path = path or rnd.choice(font_files())
    font = _fonts.get((path, height))
    if font is None:
        font = _fonts[(path, height)] = ImageFont.truetype(path, height)
    box = font.getbbox(text)
    w, h = max(2, box[2] - box[0]), max(2, box[3] - box[1])
    image = Image.new("L", (w, h))
    ImageDraw.Draw(image).text((-box[0], -box[1]), text, fill=255, font=font)
    return np.asarray(image, np.float32) / 255


def pick(letters, n):
    return "".join(rnd.choice(letters) for _ in range(n))


BADGES = ("TOYOTA HONDA CIVIC ACCORD Corolla CAMRY F-150 XLT SILVERADO Silverado RAM 1500 JEEP Wrangler 4x4 AWD HYBRID Turbo V6 "
          "TDI GTI 320d 530i A4 A6 quattro Logan DACIA Sandero Duster RENAULT Clio Megane OPEL Astra Corsa VOLVO XC60 XC90 KIA "
          "Sorento HYUNDAI Tucson Elantra NISSAN Altima Rogue SUBARU Outback MAZDA CX-5 FORD Focus Fiesta Transit SPRINTER "
          "Golf Passat PEUGEOT 308 SKODA Octavia Fabia SUZUKI LEXUS RX350 TESLA DUAL MOTOR Limited SPORT LT LS EX SE ECO").split()
WORDS = ("Pizza Kebab Farmacia Bank Hotel Open Sale Taxi School Coffee Market Auto Service Parts Tires Rent Parking EXIT STOP Casa "
         "Non-Stop Diner Motel Fresh Best Prices Happy Kids Baby on Board Proud Parent Vote Peace Love Dog Lawn Care Plumbing "
         "Heating Electric Roofing Transport Logistics Express Delivery Police Ambulance Keep Distance Wide Turns").split()


def sentence():
    """Words as on signs, stickers and vans."""
    kind = rnd.random()
    if kind < .3:
        return rnd.choice(["(%s) %s-%s", "%s-%s-%s", "%s.%s.%s", "%s %s %s"]) % (pick(string.digits, 3), pick(string.digits, 3), pick(string.digits, 4))
    if kind < .4:
        return "www." + rnd.choice(WORDS).lower() + rnd.choice([".com", ".net", ".ro", ".org"])
    if kind < .5:
        return rnd.choice(["SPEED LIMIT", "ONE WAY", "NO PARKING", "24h", "-50%", "$%s.99" % pick(string.digits, 2), "A1", "DN 7"])
    words = " ".join(rnd.sample(WORDS, rnd.randint(1, 4)))
    return words.upper() if chance(.4) else words


def stamp():
    """A burnt-in recorder line."""
    date = "%04d%s%02d%s%02d" % (rnd.randint(2008, 2027), *(lambda s: (s, rnd.randint(1, 12), s))(rnd.choice("-/.")), rnd.randint(1, 28))
    time = "%02d:%02d:%02d" % (rnd.randint(0, 23), rnd.randint(0, 59), rnd.randint(0, 59))
    return rnd.choice(["%s %s" % (date, time), time, date, "CAM %d %s %s" % (rnd.randint(1, 16), date, time), "%s %d KM/H" % (time, rnd.randint(0, 130)),
                       "N:45.%s W:78.%s" % (pick(string.digits, 4), pick(string.digits, 4)), "Camera %02d" % rnd.randint(1, 12)])


# ---- plates ----------------------------------------------------------------------------------------------------------

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


def lay(canvas, mask, x, y, w, h, value):
    """Paints a coverage mask, scaled to w x h, at x, y of canvas (float32, in place)."""
    w, h = max(2, int(round(w))), max(2, int(round(h)))
    x, y = int(round(x)), int(round(y))
    m = cv2.resize(mask, (w, h), interpolation=cv2.INTER_AREA)
    x0, y0, x1, y1 = max(0, x), max(0, y), min(canvas.shape[1], x + w), min(canvas.shape[0], y + h)
    if x1 > x0 and y1 > y0:
        part = canvas[y0:y1, x0:x1]
        part += (value - part) * m[y0 - y:y1 - y, x0 - x:x1 - x]


def serial(groups):
    return " ".join("".join(rnd.choice(LETTERS if c == "A" else string.digits) for c in g) for g in groups)


def line(canvas, text, x0, x1, y0, y1, value, face):
    """One line of plate lettering, filling the height and, when it is too long, squeezed to the width."""
    mask = lettering(text, face, 64)
    h = y1 - y0
    w = min(mask.shape[1] * h / mask.shape[0] * between(.75, 1.1), x1 - x0)
    lay(canvas, mask, (x0 + x1 - w) / 2, y0, w, h, value)


EUROPEAN = [("A", "DD", "AAA"), ("AA", "DD", "AAA"), ("A", "DDD", "AAA"), ("AA", "AA", "DDDD"), ("AA", "DDD", "AA"), ("AADD", "AAA"), ("DDDD", "AAA"),
            ("AAA", "DDD"), ("A", "DDDDDD"), ("AA", "DDDDD")]
VIETNAMESE = [("DDA", "DDD.DD"), ("DDAD", "DDD.DD"), ("DDA", "DDDD"), ("DDAD", "DDDD")]


def foreign_plate():
    """A plate that is not American, as grey float32 [h, w] in 0..255, with its height over its width as made in metal."""
    dark = chance(.1)
    paper, ink = (between(20, 90), between(190, 250)) if dark else (between(170, 245), between(10, 80))
    faces = [f for f in font_files() if any(k in f.lower() for k in ("bold", "din", "series", "narrow", "heavy", "national"))] or font_files()
    face = rnd.choice(faces)
    kind = rnd.random()
    if kind < .6:  # one row, 520 x 110 mm and its Italian and Vietnamese neighbours
        w, h = rnd.choice([(520, 110), (520, 110), (520, 110), (440, 110), (360, 110), (470, 110), (520, 115)])
        canvas = np.full((100, int(100 * w / h)), paper, np.float32)
        W = canvas.shape[1]
        left = W * .03
        if chance(.7):
            band = W * between(.07, .11)
            canvas[:, :int(band)] = between(40, 110)
            if chance(.8):
                cv2.circle(canvas, (int(band / 2), 32), int(band * .28), 200, 2, cv2.LINE_AA)
                lay(canvas, lettering(rnd.choice(["RO", "D", "F", "I", "PL", "E", "NL", "H", "BG"]), face), band * .22, 64, band * .56, 20, 235)
            left = band + W * .02
            if chance(.15):
                canvas[:, -int(band):] = between(40, 110)
        inset = between(.10, .2) * 100
        line(canvas, serial(rnd.choice(EUROPEAN)) if chance(.85) else serial(("DDA", "DDDDD")), left, W * between(.9, .97), inset, 100 - inset, ink, face)
    else:
        w, h = rnd.choice([(330, 165), (280, 200), (190, 140), (340, 200), (240, 130), (165, 120)])
        canvas = np.full((140, int(140 * w / h)), paper, np.float32)
        W = canvas.shape[1]
        top, bottom = rnd.choice(VIETNAMESE) if chance(.6) else (rnd.choice(["DDAA", "A", "AA", "AADD"]), rnd.choice(["DDDD", "DDD", "AAA", "DDAAA"]))
        line(canvas, serial([top]), W * .12, W * .88, 12, 64, ink, face)
        line(canvas, serial([bottom]), W * .05, W * .95, 74, 130, ink, face)
    if chance(.6):
        cv2.rectangle(canvas, (2, 2), (canvas.shape[1] - 3, canvas.shape[0] - 3), float(ink), rnd.choice([1, 2, 3]), cv2.LINE_AA)
    return canvas, h / w


def american_plate():
    """A plate of plates.py as grey float32 [h, w] in 0..255, with its height over its width as made in metal."""
    picture = plates.render(rnd).image
    if picture.ndim == 3:
        picture = cv2.cvtColor(np.clip(picture, 0, 255).astype(np.uint8), cv2.COLOR_BGR2GRAY)
    return picture.astype(np.float32), picture.shape[0] / picture.shape[1]


class PlatePool:
    """Rendering a plate costs more than a scene, so each plate serves in several scenes before a new one takes its place."""

    def __init__(self, size=900, american=.66):
        self.size, self.american, self.plates = size, american, []

    def take(self):
        if len(self.plates) < self.size or chance(.06):
            fresh = american_plate() if chance(self.american) else foreign_plate()
            if len(self.plates) < self.size:
                self.plates.append(fresh)
            else:
                self.plates[rnd.randrange(self.size)] = fresh
        return rnd.choice(self.plates)


# ---- geometry --------------------------------------------------------------------------------------------------------

def pose_quad(width, aspect, yaw, pitch, roll, distance):
    """Quad, centred on zero, of a plate seen by a pinhole camera.

    width is the apparent width in pixels if it faced the camera, angles are radians, distance is in plate widths (small means
    strong perspective)."""
    w, h = .5, .5 * aspect
    p = np.array([[-w, -h, 0], [w, -h, 0], [w, h, 0], [-w, h, 0]])
    cy, sy, cp, sp, cr, sr = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch), math.cos(roll), math.sin(roll)
    turn = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]]) @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    p = p @ turn.T
    return (p[:, :2] * (distance / (distance + p[:, 2:])) * width).astype(np.float32)


def random_pose():
    """Yaw, pitch, roll in radians: mostly mild, at most 48 degrees of yaw and 35 of the others."""
    wide, limit = math.radians(48), math.radians(35)
    yaw = rnd.gauss(0, .28) if chance(.75) else between(-wide, wide)
    pitch = rnd.gauss(0, .15) if chance(.85) else between(-limit, limit)
    roll = rnd.gauss(0, .06) if chance(.85) else between(-limit, limit)
    return [max(-wide, min(wide, yaw)), max(-limit, min(limit, pitch)), max(-limit, min(limit, roll))]


def paste(canvas, image, quad, alpha=1.0):
    """Warps image (grey float32) onto quad of canvas in place, anti-aliased on both sides."""
    size = max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3]), 3), max(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1]), 3)
    w, h = min(image.shape[1], int(size[0] * 1.25) + 1), min(image.shape[0], int(size[1] * 1.25) + 1)
    small = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA)
    # A transparent rim lets the warp's own interpolation soften the plate's edge, which lies at -.5 in OpenCV's pixel-centre
    # coordinates.
    small = cv2.copyMakeBorder(small, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    mask = np.zeros_like(small)
    mask[1:-1, 1:-1] = alpha
    x0, y0 = np.maximum(np.floor(quad.min(0)).astype(int) - 2, 0)
    x1, y1 = np.minimum(np.ceil(quad.max(0)).astype(int) + 2, (canvas.shape[1], canvas.shape[0]))
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    source = np.array([[.5, .5], [w + .5, .5], [w + .5, h + .5], [.5, h + .5]], np.float32)
    m = cv2.getPerspectiveTransform(source, (quad - .5 - np.array([x0, y0])).astype(np.float32))
    warped = cv2.warpPerspective(small, m, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpPerspective(mask, m, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)
    part = canvas[y0:y1, x0:x1]
    part += (warped - part) * cover


def fill(canvas, points, value):
    """Anti-aliased polygon of continuous points [n, 2]."""
    cv2.fillPoly(canvas, [np.round((np.asarray(points) - .5) * 16).astype(np.int32)], float(value), cv2.LINE_8, 4)


def frame_of(quad, width_m, height_m):
    """Maps metres around the plate's centre (x right, y down) to pixels along the plate's own axes."""
    centre = quad.mean(0)
    ex = ((quad[1] - quad[0]) + (quad[2] - quad[3])) / 2 / width_m
    ey = ((quad[3] - quad[0]) + (quad[2] - quad[1])) / 2 / height_m
    return lambda pts: centre + np.asarray(pts, np.float32)[:, :1] * ex + np.asarray(pts, np.float32)[:, 1:] * ey


def box(x0, y0, x1, y1, taper=0.0):
    return [[x0 + taper, y0], [x1 - taper, y0], [x1, y1], [x0, y1]]


def rounded(x0, y0, x1, y1, r):
    """Rounded rectangle as a polygon."""
    out = []
    for cx, cy, a in ((x1 - r, y0 + r, -90), (x1 - r, y1 - r, 0), (x0 + r, y1 - r, 90), (x0 + r, y0 + r, 180)):
        out += [[cx + r * math.cos(math.radians(a + t)), cy + r * math.sin(math.radians(a + t))] for t in (0, 30, 60, 90)]
    return out


# ---- backgrounds -----------------------------------------------------------------------------------------------------

class Frames:
    """Dashcam frames with their plates painted over.

    Holds (grey picture, boxes, lookalikes): each box is x, y, w, h in pixels with the mean and spread of the grey that was
    under it, so that a rendered plate can be lit as the scene was; a lookalike is x, y, w, h."""

    RIDE = "dayride_type1_001"

    def __init__(self, root=SHARED):
        self.frames = []
        base = os.path.join(root, "data", "dashcam")
        table = os.path.join(base, "labels.csv")
        if not os.path.exists(table):
            print("scenes: no dashcam frames under %s: procedural backgrounds only" % root, file=sys.stderr)
            return
        boxes = {}
        for row in csv.DictReader(open(table)):
            if os.path.basename(row["path"]).startswith(self.RIDE):
                boxes.setdefault(row["path"], []).append([float(row[k]) for k in "xywh"])
        extra, alike = {}, {}
        for listed, found in ((UNLABELLED, extra), (LOOKALIKES, alike)):
            for row in csv.DictReader(open(listed)):
                found.setdefault(row["path"], []).append([float(row[k]) for k in "xywh"])
        for path, labelled in sorted(boxes.items()):
            grey = cv2.imread(os.path.join(base, path), cv2.IMREAD_GRAYSCALE)
            if grey is None:
                continue
            lit = []
            for x, y, w, h in labelled:
                under = grey[int(y + h * .2):int(y + h * .8) + 1, int(x + w * .15):int(x + w * .85) + 1].astype(np.float32)
                lit.append((x, y, w, h, float(under.mean()), float(under.std())))
            for x, y, w, h in labelled + extra.get(os.path.basename(path), []):
                self.paint_over(grey, x, y, w, h)
            self.frames.append((grey, lit, alike.get(os.path.basename(path), [])))

    @staticmethod
    def paint_over(grey, x, y, w, h):
        """Replaces a plate by what surrounds it, roughened like the rest of the picture, in place."""
        x0, y0, x1, y1 = int(x - w * .07), int(y - h * .15), int(x + w * 1.07) + 1, int(y + h * 1.15) + 1
        m = 8
        X0, Y0, X1, Y1 = max(0, x0 - m), max(0, y0 - m), min(grey.shape[1], x1 + m), min(grey.shape[0], y1 + m)
        part = grey[Y0:Y1, X0:X1]
        hole = np.zeros(part.shape, np.uint8)
        hole[max(0, y0 - Y0):y1 - Y0, max(0, x0 - X0):x1 - X0] = 255
        filled = cv2.GaussianBlur(cv2.inpaint(part, hole, 5, cv2.INPAINT_TELEA), (0, 0), 3).astype(np.float32)
        filled += cv2.GaussianBlur(np.random.standard_normal(part.shape).astype(np.float32), (0, 0), .8) * 5
        soft = cv2.GaussianBlur(hole, (0, 0), 1.5).astype(np.float32) / 255
        grey[Y0:Y1, X0:X1] = np.clip(part * (1 - soft) + filled * soft, 0, 255).astype(np.uint8)

    def crop(self, width, height):
        """A crop scaled to width x height: float32 picture, and the boxes that lie in it with their grey, in its coordinates."""
        grey, lit, alike = rnd.choice(self.frames)
        while True:
            scale = log_between(.45, 2.2)  # frame pixels per scene pixel
            cw, ch = width * scale, height * scale
            if cw <= grey.shape[1] and ch <= grey.shape[0]:
                break
        around = alike if alike and chance(.6) else lit if chance(.6) else []
        if around:
            x, y, w, h = rnd.choice(around)[:4]
            X, Y = x + w / 2 - cw * between(.15, .85), y + h / 2 - ch * between(.15, .85)
        else:
            X, Y = between(0, grey.shape[1] - cw), between(0, grey.shape[0] - ch)
        X, Y = int(max(0, min(grey.shape[1] - cw, X))), int(max(0, min(grey.shape[0] - ch, Y)))
        part = grey[Y:Y + int(ch), X:X + int(cw)]
        scene = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR).astype(np.float32)
        inside = [((x - X) / scale, (y - Y) / scale, w / scale, h / scale, mean, spread) for x, y, w, h, mean, spread in lit]
        inside = [b for b in inside if b[0] > 2 and b[1] > 2 and b[0] + b[2] < width - 2 and b[1] + b[3] < height - 2]
        if chance(.5):
            scene = np.ascontiguousarray(scene[:, ::-1])
            inside = [(width - x - w, y, w, h, mean, spread) for x, y, w, h, mean, spread in inside]
        return scene, inside, 1 / scale


def cloud(width, height, cells, amplitude):
    """Smooth noise over several octaves."""
    out = np.zeros((height, width), np.float32)
    for _ in range(rnd.randint(1, 4)):
        n = np.random.standard_normal((max(2, int(cells * height / width) + 1), int(cells) + 1)).astype(np.float32)
        out += cv2.resize(n, (width, height), interpolation=cv2.INTER_LINEAR) * amplitude
        cells, amplitude = min(cells * between(1.8, 3), width // 2), amplitude * between(.4, .8)
    return out


def procedural(width, height):
    """A street, a wall, a car park or plain clutter: float32 [height, width]."""
    horizon = int(height * between(.1, .6))
    scene = np.empty((height, width), np.float32)
    scene[:horizon] = between(60, 245)
    scene[horizon:] = between(40, 170)
    scene += cloud(width, height, rnd.randint(2, 5), between(4, 30))
    for _ in range(rnd.randint(0, 7)):  # buildings, walls, trees
        w, h = log_between(15, width * .7), log_between(12, height * .7)
        x, y = int(between(-w * .3, width)), int(horizon - h * between(.2, 1))
        x0, y0, x1, y1 = max(0, x), max(0, y), min(width, int(x + w)), min(height, int(y + h))
        if x1 - x0 < 3 or y1 - y0 < 3:
            continue
        if chance(.35):
            coarse = rnd.randint(1, 4)
            n = np.random.standard_normal(((y1 - y0) // coarse + 1, (x1 - x0) // coarse + 1)).astype(np.float32)
            scene[y0:y1, x0:x1] = between(30, 120) + cv2.resize(n, (x1 - x0, y1 - y0)) * between(8, 45)
        else:
            value = between(20, 235)
            scene[y0:y1, x0:x1] = value
            if chance(.7):
                pitch_x, pitch_y, pane = rnd.randint(5, 40), rnd.randint(5, 40), between(0, 255)
                for px in range(x0 + 2, x1, pitch_x):
                    for py in range(y0 + 2, y1, pitch_y):
                        cv2.rectangle(scene, (px, py), (min(x1, px + int(pitch_x * .6)), min(y1, py + int(pitch_y * .6))), pane, -1)
    for _ in range(rnd.randint(0, 6)):  # poles, kerbs, lane marks, wires
        a = (rnd.randint(-20, width + 20), rnd.randint(-20, height + 20))
        b = (a[0] + rnd.randint(-8, 8), rnd.randint(0, height)) if chance(.4) else (rnd.randint(-20, width + 20), rnd.randint(horizon, height + 20))
        cv2.line(scene, a, b, between(0, 255), rnd.randint(1, 5), cv2.LINE_AA)
    for _ in range(rnd.randint(0, 4)):
        clutter(scene)
    return scene


def clutter(scene):
    """One plain shape, row of stripes or patch of texture in place."""
    height, width = scene.shape
    value, x, y = between(0, 255), rnd.randint(0, width), rnd.randint(0, height)
    w, h = int(log_between(6, 160)), int(log_between(5, 110))
    kind = rnd.random()
    if kind < .3:
        cv2.rectangle(scene, (x - w // 2, y - h // 2), (x + w // 2, y + h // 2), value, rnd.choice([-1, -1, 1, 2, 4]))
    elif kind < .45:
        cv2.ellipse(scene, (x, y), (w // 2 + 1, h // 2 + 1), rnd.randint(0, 180), 0, 360, value, rnd.choice([-1, -1, 2]), cv2.LINE_AA)
    elif kind < .6:
        fill(scene, [[x + rnd.randint(-w, w), y + rnd.randint(-h, h)] for _ in range(rnd.randint(3, 6))], value)
    elif kind < .68:  # twigs
        tips = [(x, y)]
        for _ in range(rnd.randint(8, 40)):
            a = rnd.choice(tips[-12:])
            b = (int(a[0] + rnd.gauss(0, 14)), int(a[1] - abs(rnd.gauss(0, 14))))
            cv2.line(scene, a, b, value, rnd.choice([1, 1, 1, 2, 3]), cv2.LINE_AA)
            tips.append(b)
    elif kind < .87:
        pitch = rnd.randint(3, 13)
        thick = rnd.randint(1, max(1, pitch - 2))
        x0, y0 = max(0, x - w // 2), max(0, y - h // 2)
        if chance(.55):
            for q in range(x0, min(width, x0 + w), pitch):
                cv2.line(scene, (q, y0), (q, min(height, y0 + h)), value, thick)
        if chance(.6):
            for q in range(y0, min(height, y0 + h), pitch):
                cv2.line(scene, (x0, q), (min(width, x0 + w), q), value, thick)
    else:
        x0, y0, x1, y1 = max(0, x - w), max(0, y - h), min(width, x + w), min(height, y + h)
        if x1 - x0 > 4 and y1 - y0 > 4:
            n = np.random.standard_normal(((y1 - y0) // rnd.randint(1, 3) + 1, (x1 - x0) // rnd.randint(1, 3) + 1)).astype(np.float32)
            scene[y0:y1, x0:x1] += cv2.resize(n, (x1 - x0, y1 - y0)) * between(5, 45)


# ---- vehicles and what hangs on them ---------------------------------------------------------------------------------

def stencil(scene, mask, quad, value):
    """Paints a coverage mask [h, w] in one grey onto quad of scene, in place."""
    size = [int(np.linalg.norm(quad[1] - quad[0])) + 1, int(np.linalg.norm(quad[3] - quad[0])) + 1]
    x0, y0 = np.maximum(np.floor(quad.min(0)).astype(int) - 1, 0)
    x1, y1 = np.minimum(np.ceil(quad.max(0)).astype(int) + 2, (scene.shape[1], scene.shape[0]))
    if min(size) < 3 or x1 - x0 < 3 or y1 - y0 < 3:
        return
    w, h = min(mask.shape[1], size[0]), min(mask.shape[0], size[1])
    source = np.array([[-.5, -.5], [w - .5, -.5], [w - .5, h - .5], [-.5, h - .5]], np.float32)
    m = cv2.getPerspectiveTransform(source, (quad - .5 - np.array([x0, y0])).astype(np.float32))
    cover = cv2.warpPerspective(cv2.resize(mask, (w, h), interpolation=cv2.INTER_AREA), m, (int(x1 - x0), int(y1 - y0)))
    part = scene[y0:y1, x0:x1]
    part += (value - part) * cover


def letters_at(scene, text, place, x, y, h, value, stretch=1.0):
    """Lettering of height h metres centred at x, y metres of a vehicle, along its axes."""
    mask = lettering(text)
    w = h * mask.shape[1] / mask.shape[0] * stretch
    stencil(scene, mask, place(box(x - w / 2, y - h / 2, x + w / 2, y + h / 2)).astype(np.float32), value)


def recess(scene, place, plate_w, plate_h, paint):
    """What a plate sits in or on: a pressed recess, often much wider than the plate, a bracket, a chrome surround, lamps at
    its sides and above. These edges run along the plate's own and are what corners are most often taken from by mistake."""
    wide = chance(.45)
    ex, ey = plate_w / 2 + (between(.05, .3) if wide else between(.005, .06)), plate_h / 2 + between(.005, .1)
    dx, dy = between(-.01, .01), between(-.04, .03)
    tone = paint * between(.3, 1.1) if chance(.7) else between(5, 245)
    corner = between(.003, .05)
    taper = between(-.08, .08) if chance(.3) else 0
    if chance(.35):
        edge = between(.004, .025)
        fill(scene, place(rounded(dx - ex - edge, dy - ey - edge, dx + ex + edge, dy + ey + edge, corner)), between(60, 255))
    fill(scene, place(box(dx - ex, dy - ey, dx + ex, dy + ey, taper) if taper else rounded(dx - ex, dy - ey, dx + ex, dy + ey, corner)), tone)
    if chance(.4):  # the upper wall of the recess, in shadow
        fill(scene, place(box(dx - ex, dy - ey, dx + ex, dy - ey + between(.01, .06))), tone * between(.2, .8))
    if chance(.3):
        fill(scene, place(box(dx - ex, dy + ey - between(.01, .04), dx + ex, dy + ey)), tone * between(.7, 1.6))
    if chance(.35):  # a bracket within
        m, n = between(.003, .03), between(.003, .03)
        fill(scene, place(rounded(-plate_w / 2 - m, -plate_h / 2 - n, plate_w / 2 + m, plate_h / 2 + n, .004)), between(5, 240))
    if chance(.4):  # a handle or trim bar above
        x, y = ex * between(.4, 1.5), dy - ey - between(0, .05)
        fill(scene, place(box(-x, y - between(.01, .05), x, y)), between(30, 255))
    if wide and chance(.4):  # reversing lamps, bolts of a step bumper
        x, r = (ex + plate_w / 2) / 2, between(.01, (ex - plate_w / 2) / 2)
        light = between(20, 255)
        for side in (-1, 1):
            fill(scene, place(rounded(side * x - r, -r * between(.6, 2), side * x + r, r * between(.6, 2), r * .5)), light)


def vehicle(scene, place, plate_w, plate_h):
    """Draws a vehicle's rear or front around where its plate hangs; returns lamp centres in pixels.

    place maps metres around the plate's centre to pixels."""
    paint = between(8, 240)
    trim = between(5, 90) if chance(.6) else between(90, 230)
    half = between(.75, 1.05)
    top = -between(.25, .95)
    low = between(.12, .45)
    glass = -between(.2, .6)
    fill(scene, place(box(-half * .98, low, half * .98, low + .35)), between(5, 50))  # shadow and tyres
    fill(scene, place(rounded(-half, top, half, low, .1)), paint)
    if chance(.7):
        fill(scene, place(box(-half * .8, top + glass, half * .8, top + .04, taper=between(.05, .25))), paint * .9)
        fill(scene, place(box(-half * .72, top + glass + .06, half * .72, top - .02, taper=between(.05, .25))), between(5, 110))
    for _ in range(rnd.randint(1, 4)):  # bumper edges, seams, creases
        y = between(top, low)
        t = between(.005, .05)
        fill(scene, place(box(-half * between(.5, 1), y, half * between(.5, 1), y + t)), paint * between(.4, 1.5))
    if chance(.6):
        y = between(.0, low)
        fill(scene, place(box(-half, y, half, low)), trim)
    if chance(.6):  # reflections, curved sheet metal
        scene *= 1 + cloud(scene.shape[1], scene.shape[0], rnd.randint(2, 5), between(.02, .12))
    lamps = []
    lamp_w, lamp_h, lamp_y = between(.12, .45), between(.08, .4), between(top + .02, .0)
    tone = between(30, 255)
    for side in (-1, 1):
        a, b = sorted((side * half * .97, side * (half * .97 - lamp_w)))
        fill(scene, place(rounded(a, lamp_y, b, lamp_y + lamp_h, min(lamp_w, lamp_h) * .3)), tone)
        if chance(.6):
            fill(scene, place(rounded(a + .03, lamp_y + .03, b - .03, lamp_y + lamp_h * .5, .01)), min(255, tone * between(.4, 1.8)))
        lamps.append(place([[(a + b) / 2, lamp_y + lamp_h / 2]])[0])
    front = chance(.35)
    if front:
        gx, g0, g1 = between(.25, .65), between(top, -.2), between(-.18, .3)
        fill(scene, place(rounded(-gx, g0, gx, g1, .04)), between(5, 60))
        step, tone = between(.025, .07), between(30, 230)
        for k in range(int((g1 - g0) / step)):
            y = g0 + k * step
            if chance(.8):
                fill(scene, place(box(-gx, y, gx, y + step * .4)), tone)
        if chance(.5):
            for k in range(int(2 * gx / step / 1.5)):
                x = -gx + k * step * 1.5
                fill(scene, place(box(x, g0, x + step * .3, g1)), tone)
    if chance(.6):
        logo = place([[0, between(top + .05, -.12)]])[0] - .5
        r = abs(place([[between(.03, .07), 0]])[0] - place([[0, 0]])[0])[0] + 1
        cv2.ellipse(scene, (int(logo[0]), int(logo[1])), (int(r) + 1, int(r * .7) + 1), 0, 0, 360, between(90, 255), rnd.choice([-1, 1, 2]), cv2.LINE_AA)
    for _ in range(rnd.choice([0, 1, 1, 2, 3])):
        y = between(top, -.12) if chance(.85) else between(.12, .3)
        letters_at(scene, rnd.choice(BADGES), place, between(-.6, .6), y, between(.025, .07), paint + between(-120, 120), between(.9, 1.6))
    if chance(.15):
        letters_at(scene, sentence(), place, between(-.4, .4), between(top, -.15), between(.05, .16), paint + between(-140, 140))
    if chance(.8):
        recess(scene, place, plate_w, plate_h, paint)
    for _ in range(rnd.choice([0, 0, 1, 2])):  # reflectors, fog lamps, tow covers, exhausts: small pale or dark boxes in pairs
        x, y, w, h = between(.2, half * .9), between(-.05, low), between(.02, .09), between(.015, .05)
        tone = between(10, 255)
        for side in (-1, 1):
            fill(scene, place(rounded(side * x - w, y - h, side * x + w, y + h, min(w, h) * between(.1, .9))), tone)
            if chance(.4):
                fill(scene, place(box(side * x - w * .8, y - h * .3, side * x + w * .8, y + h * .1)), tone * between(.5, 1.5))
    return lamps


def holder(scene, place, plate_w, plate_h):
    """The plastic surround of a plate, outside its edge, often with a dealer's name on the lip."""
    rim = between(.003, .012)
    lip = between(.006, .028)
    tone = between(5, 70) if chance(.7) else between(120, 240)
    fill(scene, place(rounded(-plate_w / 2 - rim, -plate_h / 2 - rim, plate_w / 2 + rim, plate_h / 2 + lip, .004)), tone)
    if lip > .014 and chance(.7):
        letters_at(scene, rnd.choice([rnd.choice(WORDS) + " " + rnd.choice(WORDS), rnd.choice(BADGES), "www.dealer.com"]), place, 0, plate_h / 2 + lip / 2, lip * .6,
                   235 if tone < 100 else 20)


def occluder(scene, place, plate_w, plate_h):
    """A tow ball, a strap, a bull bar or a leaf in front of the plate."""
    kind = rnd.random()
    if kind < .4:
        p = place([[between(-.1, .1), plate_h * between(.35, .6)]])[0] - .5
        r = max(1, int(np.linalg.norm(place([[.025, 0]])[0] - place([[0, 0]])[0])))
        cv2.circle(scene, (int(p[0]), int(p[1])), r, between(10, 200), -1, cv2.LINE_AA)
    elif kind < .7:
        x = plate_w * between(-.6, .6)
        fill(scene, place([[x, -1], [x + .012, -1], [x + .03, 1], [x + .018, 1]]), between(10, 200))
    else:
        y = plate_h * rnd.choice([-.5, .5]) * between(.9, 1.1)
        fill(scene, place(box(-.6, y, .6, y + .015)), between(10, 220))


def board(scene):
    """A sign, sticker, shop front or painted text at a random place, turned and lit: never a plate."""
    height, width = scene.shape
    kind = rnd.random()
    bare = kind < .35
    if bare:
        image = lettering(sentence() if chance(.6) else rnd.choice(BADGES))
    else:
        strips = [lettering(sentence()) for _ in range(1 if kind < .6 else rnd.randint(2, 5))]
        w = max(s.shape[1] for s in strips) + rnd.randint(8, 60)
        h = sum(s.shape[0] + 8 for s in strips) + rnd.randint(6, 40)
        if chance(.15):  # a blank board, a reflector
            w, h, strips = rnd.randint(60, 300), rnd.randint(30, 120), []
        paper = between(0, 255)
        image = np.full((h, w), paper, np.float32)
        ink = (paper + between(90, 200)) if paper < 128 else paper - between(90, 200)
        y = rnd.randint(3, 8)
        for s in strips:
            scale = between(.6, 1)
            lay(image, s, (w - s.shape[1] * scale) / 2 if chance(.8) else 6, y, s.shape[1] * scale, s.shape[0] * scale, ink)
            y += s.shape[0] + 6
        if chance(.4):
            cv2.rectangle(image, (3, 3), (w - 4, h - 4), float(ink), rnd.randint(1, 4))
    tall = log_between(5, 40) * (1 if image.shape[0] < 90 else 2)
    wide = tall * image.shape[1] / image.shape[0]
    if wide > width * .95:
        tall, wide = tall * width * .95 / wide, width * .95
    quad = pose_quad(wide, tall / wide, *random_pose(), between(3, 9)) + np.array([between(0, width), between(0, height)], np.float32)
    if bare:
        stencil(scene, image, quad, between(0, 255))
    else:
        paste(scene, image * between(.5, 1.1), quad)


def burn_in(scene):
    """Recorder text over the finished picture, upright and sharp."""
    height, width = scene.shape
    mask = lettering(stamp(), height=24)
    h = log_between(6, 22)
    w = min(h * mask.shape[1] / mask.shape[0], width * .9)
    x = rnd.choice([between(0, 10), width - w - between(0, 10), between(0, max(1, width - w))])
    y = rnd.choice([between(0, 8), height - h - between(0, 8)])
    if chance(.3):
        cv2.rectangle(scene, (int(x) - 2, int(y) - 2), (int(x + w) + 2, int(y + h) + 2), rnd.choice([0., 40., 255.]), -1)
    if chance(.4):
        lay(scene, mask, x + 1, y + 1, w, h, 0)
    lay(scene, mask, x, y, w, h, rnd.choice([255., 255., 220., 0.]))


# ---- light and lens --------------------------------------------------------------------------------------------------

def glow(scene, centre, radius, strength):
    """Adds a lamp with its bloom in place."""
    height, width = scene.shape
    y, x = np.ogrid[:height, :width]
    d2 = (x - float(centre[0])) ** 2 + (y - float(centre[1])) ** 2
    scene += (strength * np.exp(-d2 / (2 * radius * radius))).astype(np.float32)
    if chance(.5):
        scene += (strength * .25 * np.exp(-d2 / (2 * (radius * 4) ** 2))).astype(np.float32)


def shade(scene):
    """A shadow's edge, or light falling off to one side, in place."""
    height, width = scene.shape
    angle = between(0, 2 * math.pi)
    y, x = np.mgrid[-1:1:complex(0, height), -1:1:complex(0, width)].astype(np.float32)
    z = x * math.cos(angle) + y * math.sin(angle)
    if chance(.4):
        edge = 1 / (1 + np.exp(-np.clip((z - between(-.7, .7)) * between(10, 120), -30, 30)))
        scene *= 1 - edge * between(.2, .65)
    else:
        scene *= 1 + z * between(.05, .45)


def lens(scene, soft=1.0):
    """Focus, motion, lost resolution, exposure, noise and compression: float32 in, uint8 out."""
    height, width = scene.shape
    kind = rnd.random()
    if kind < .4:
        scene = cv2.GaussianBlur(scene, (0, 0), between(.3, 1.1) * soft)
    elif kind < .47:
        scene = cv2.GaussianBlur(scene, (0, 0), between(1.1, 2.2) * soft)
    elif kind < .62:
        n = rnd.randint(3, 9)
        kernel = np.zeros((n, n), np.float32)
        kernel[n // 2] = 1
        angle = between(-25, 25) if chance(.7) else between(0, 180)
        kernel = cv2.warpAffine(kernel, cv2.getRotationMatrix2D((n / 2 - .5, n / 2 - .5), angle, 1), (n, n))
        scene = cv2.filter2D(scene, -1, kernel / max(kernel.sum(), 1e-3))
    if chance(.25):
        k = between(1.2, 2.6)
        scene = cv2.resize(cv2.resize(scene, (int(width / k), int(height / k)), interpolation=cv2.INTER_AREA), (width, height), interpolation=cv2.INTER_LINEAR)
    if chance(.15):  # over-sharpened, as cameras do
        scene = scene + (scene - cv2.GaussianBlur(scene, (0, 0), 1.2)) * between(.4, 1.6)
    if chance(.5):
        scene = scene * between(.5, 1.2) + between(-20, 40)
    if chance(.6):
        scene = scene + np.random.standard_normal(scene.shape).astype(np.float32) * between(0, 10)
    scene = np.clip(scene, 0, 255)
    if chance(.3):
        scene = 255 * (scene / 255) ** between(.5, 1.9)
    out = scene.astype(np.uint8)
    if chance(.65):
        out = cv2.imdecode(cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, rnd.randint(20, 92)])[1], cv2.IMREAD_GRAYSCALE)
    return out


# ---- a scene ---------------------------------------------------------------------------------------------------------

def visible_share(quad, width, height):
    """Share of the quad's bounding box inside the picture."""
    (x0, y0), (x1, y1) = quad.min(0), quad.max(0)
    inside = max(0, min(width, x1) - max(0, x0)) * max(0, min(height, y1) - max(0, y0))
    return inside / max(1e-6, (x1 - x0) * (y1 - y0))


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


# ---- command line ----------------------------------------------------------------------------------------------------

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
