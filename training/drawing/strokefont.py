"""Lettering for rendered plates: which one a plate gets, the outline fonts among them, and lines of legend.

No free font is a US plate die, so most plates are lettered by `dies.Die`; the rest take Debian faces. Both share one small
interface:

    width(char)                      natural width over height
    draw(mask, char, x, y, w, h)     paints the character into the box, 255 on a uint8 mask (pixels, y down)
"""
import os

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from drawing.dies import CHARACTERS, DIGITS, LETTERS, STYLES, Die, put  # noqa: F401 (the alphabet, for whoever letters or labels)

FONT_ROOT = "/usr/share/fonts"

# Debian faces that resemble plate lettering, and how often each is drawn.
PLATE_FACES = {
    "truetype/roadgeek/RG2014B.ttf": 3, "truetype/roadgeek/RG2014C.ttf": 5, "truetype/roadgeek/RG2014D.ttf": 4,
    "truetype/roadgeek/RG2014EM.ttf": 1, "truetype/opendin/OSP-DIN.ttf": 5,
    "opentype/national-park/NationalPark-Heavy.otf": 2, "opentype/national-park/NationalPark-Regular.otf": 1,
    "truetype/liberation/LiberationSansNarrow-Bold.ttf": 3, "opentype/urw-base35/NimbusSansNarrow-Bold.otf": 2,
    "truetype/roboto/unhinted/RobotoCondensed-Bold.ttf": 2,
    "truetype/roboto/unhinted/RobotoCondensed-Regular.ttf": 2,
    "truetype/dejavu/DejaVuSansCondensed-Bold.ttf": 1,
    # Virginia's older dies have serifs and strokes of two weights.
    "truetype/dejavu/DejaVuSerifCondensed-Bold.ttf": 1, "truetype/liberation/LiberationSerif-Bold.ttf": 2,
    "opentype/urw-base35/C059-Bold.otf": 2, "opentype/urw-base35/NimbusRoman-Bold.otf": 1,
    "truetype/routed-gothic/routed-gothic.ttf": 2, "truetype/routed-gothic/routed-gothic-narrow.ttf": 3,
}

# Faces for state names, slogans, stickers and frames.
LEGEND_FACES = [
    "truetype/dejavu/DejaVuSans-Bold.ttf", "truetype/dejavu/DejaVuSerif-Bold.ttf",
    "truetype/dejavu/DejaVuSerif-BoldItalic.ttf", "truetype/dejavu/DejaVuSerifCondensed-Bold.ttf",
    "truetype/liberation/LiberationSansNarrow-Bold.ttf", "truetype/liberation/LiberationSerif-Bold.ttf",
    "truetype/liberation/LiberationSerif-BoldItalic.ttf", "truetype/roboto/unhinted/RobotoCondensed-Bold.ttf",
    "opentype/urw-base35/Z003-MediumItalic.otf", "opentype/urw-base35/URWBookman-Demi.otf",
    "opentype/urw-base35/URWBookman-DemiItalic.otf", "opentype/urw-base35/C059-BdIta.otf",
    "opentype/urw-base35/P052-Bold.otf", "opentype/urw-base35/URWGothic-Demi.otf",
    "opentype/urw-base35/NimbusSans-Bold.otf", "truetype/roadgeek/RG2014EM.ttf", "truetype/roadgeek/RG2014D.ttf",
    "opentype/national-park/NationalPark-Heavy.otf", "truetype/lato/Lato-Bold.ttf", "truetype/lato/Lato-BlackItalic.ttf",
]


def installed(names):
    """The faces that this machine has, as full paths. A missing package narrows variety, it is no error."""
    found = [os.path.join(FONT_ROOT, n) for n in names if os.path.exists(os.path.join(FONT_ROOT, n))]
    if not found:
        raise SystemExit("no plate fonts found under %s: see training/README.md for the Debian packages" % FONT_ROOT)
    return found


class Face:
    """Plate lettering taken from an outline font; same interface as Die."""

    def __init__(self, path):
        font = ImageFont.truetype(path, 110)
        glyphs = {}
        for char in CHARACTERS:
            left, _, right, _ = font.getbbox(char)
            image = Image.new("L", (right - left + 4, 160), 0)
            ImageDraw.Draw(image).text((2 - left, 0), char, font=font, fill=255)
            glyphs[char] = np.array(image)
        rows = np.where(glyphs["H"].max(1) > 40)[0]
        top, bottom = max(0, rows[0] - 2), rows[-1] + 3
        self.glyphs = {char: glyph[top:bottom] for char, glyph in glyphs.items()}

    def width(self, char):
        h, w = self.glyphs[char].shape
        return w / h

    def draw(self, mask, char, x, y, w, h):
        x, y, w, h = int(round(x)), int(round(y)), max(2, int(round(w))), max(2, int(round(h)))
        glyph = cv2.resize(self.glyphs[char], (w, h), interpolation=cv2.INTER_AREA)
        put(mask, glyph, x, y)


_faces, _fonts = {}, {}


def lettering(rng, stroke_share=.68, style=None):
    """A random lettering for one plate: a fresh Die, of the style given (a key of dies.STYLES) if any, or one of the plate faces."""
    if style or rng.random() < stroke_share:
        return Die(rng, STYLES.get(style) or (STYLES[rng.choice(tuple(STYLES))] if rng.random() < .25 else None))
    if not _faces:
        _faces["paths"] = installed(PLATE_FACES)
        _faces["weights"] = [PLATE_FACES[os.path.relpath(p, FONT_ROOT)] for p in _faces["paths"]]
    path = rng.choices(_faces["paths"], _faces["weights"])[0]
    if path not in _faces:
        _faces[path] = Face(path)
    return _faces[path]


# Faces by manner, for what a layout asks for; Debian has no plate's own script, so each manner has several of its kind.
MANNERS = {
    "block": ["truetype/dejavu/DejaVuSans-Bold.ttf", "opentype/urw-base35/NimbusSans-Bold.otf", "truetype/roboto/unhinted/RobotoTTF/Roboto-Bold.ttf",
              "truetype/liberation/LiberationSans-Bold.ttf", "truetype/roadgeek/RG2014EM.ttf", "opentype/cabin/Cabin-Bold.otf"],
    "wide": ["truetype/dejavu/DejaVuSans-Bold.ttf", "opentype/urw-base35/URWGothic-Demi.otf", "opentype/league-spartan/LeagueSpartan-Bold.otf",
             "truetype/roadgeek/RG2014EM.ttf"],
    "condensed": ["truetype/liberation/LiberationSansNarrow-Bold.ttf", "truetype/roboto/unhinted/RobotoCondensed-Bold.ttf", "truetype/opendin/OSP-DIN.ttf",
                  "opentype/bebas-neue/BebasNeue-Bold.otf", "opentype/yanone-kaffeesatz/YanoneKaffeesatz-Bold.otf", "truetype/roadgeek/RG2014C.ttf"],
    "die": ["truetype/roadgeek/RG2014D.ttf", "truetype/roadgeek/RG2014EM.ttf", "opentype/national-park/NationalPark-Heavy.otf",
            "truetype/routed-gothic/routed-gothic-wide.ttf", "truetype/roadgeek/RG2014C.ttf"],
    "light": ["truetype/liberation/LiberationSans-Regular.ttf", "truetype/lato/Lato-Regular.ttf", "truetype/dejavu/DejaVuSans.ttf",
              "opentype/urw-base35/URWGothic-Book.otf"],
    "serif": ["truetype/dejavu/DejaVuSerif-Bold.ttf", "truetype/liberation/LiberationSerif-Bold.ttf", "opentype/urw-base35/P052-Bold.otf",
              "opentype/urw-base35/C059-Bold.otf", "opentype/urw-base35/URWBookman-Demi.otf", "truetype/vollkorn/Vollkorn-Bold.ttf",
              "truetype/fonts-oldstandard/OldStandard-Bold.ttf", "opentype/linux-libertine/LinLibertine_RB.otf"],
    "italic": ["truetype/dejavu/DejaVuSerif-BoldItalic.ttf", "truetype/liberation/LiberationSerif-BoldItalic.ttf", "opentype/urw-base35/C059-BdIta.otf",
               "opentype/urw-base35/URWBookman-DemiItalic.otf", "opentype/urw-base35/P052-BoldItalic.otf", "truetype/vollkorn/Vollkorn-BoldItalic.ttf"],
    "slanted": ["truetype/lato/Lato-BlackItalic.ttf", "truetype/dejavu/DejaVuSans-BoldOblique.ttf", "opentype/urw-base35/NimbusSans-BoldItalic.otf",
                "opentype/cabin/Cabin-BoldItalic.otf"],
    "script": ["opentype/urw-base35/Z003-MediumItalic.otf", "opentype/dancingscript/DancingScript-Bold.otf", "opentype/lobster/lobster.otf",
               "opentype/lobstertwo/LobsterTwo-BoldItalic.otf", "opentype/lobstertwo/LobsterTwo-Italic.otf", "truetype/leckerli-one/LeckerliOne-Regular.ttf"],
    "brush": ["opentype/kaushanscript/KaushanScript-Regular.otf", "truetype/leckerli-one/LeckerliOne-Regular.ttf", "truetype/rufscript/Rufscript010.ttf",
              "opentype/dancingscript/DancingScript-Bold.otf", "opentype/kaushanscript/KaushanScript-Regular.otf", "opentype/lobster/lobster.otf"],
}
ANY_LEGEND = ("script", "brush", "italic", "serif", "condensed", "block", "wide", "die", "light", "slanted")

_legends = {}


def legend(text, rng, manner=None):
    """A line of text in a random face, of the manner given (a key of MANNERS) if any, as a uint8 mask about 40 pixels high; cached."""
    if manner is None and rng.random() < .4:
        manner = rng.choice(ANY_LEGEND)
    if manner not in _legends:
        _legends[manner] = installed(MANNERS[manner] if manner else LEGEND_FACES)
    path = rng.choice(_legends[manner])
    key = text, path
    if key not in _legends:
        if path not in _fonts:
            _fonts[path] = ImageFont.truetype(path, 36)
        font = _fonts[path]
        left, top, right, bottom = font.getbbox(text)
        image = Image.new("L", (max(1, right - left) + 4, max(1, bottom - top) + 4), 0)
        ImageDraw.Draw(image).text((2 - left, 2 - top), text, font=font, fill=255)
        _legends[key] = np.array(image)
    return _legends[key]
