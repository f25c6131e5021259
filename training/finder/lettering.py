"""Lettering in any face that is installed, as coverage masks."""
import glob
import os

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from finder.dice import rnd

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


def lay(canvas, mask, x, y, w, h, value):
    """Paints a coverage mask, scaled to w x h, at x, y of canvas (float32, in place)."""
    w, h = max(2, int(round(w))), max(2, int(round(h)))
    x, y = int(round(x)), int(round(y))
    m = cv2.resize(mask, (w, h), interpolation=cv2.INTER_AREA)
    x0, y0, x1, y1 = max(0, x), max(0, y), min(canvas.shape[1], x + w), min(canvas.shape[0], y + h)
    if x1 > x0 and y1 > y0:
        part = canvas[y0:y1, x0:x1]
        part += (value - part) * m[y0 - y:y1 - y, x0 - x:x1 - x]
