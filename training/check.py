"""Self-check of the plate renderer, without torch, in seconds: check.py [PLATES]

Every state renders in every family; texts, small characters and boxes agree; serials fit their state's formats; names lie within the
plate; the same seed draws the same plate. Exits with 1 and the reason when something is wrong.
"""
import random
import sys

import numpy as np

from drawing import dies, fittings, layouts, plates, regions, serials
from drawing.canvas import HEIGHT, WIDTH


def inside(box):
    left, top, right, bottom = box
    return 0 <= left < right <= WIDTH and 0 <= top < bottom <= HEIGHT


def check_plate(plate, what):
    assert plate.image.shape == (HEIGHT, WIDTH, 3) and plate.image.dtype == np.uint8, what
    assert 1 <= len(plate.text) <= 12 and all(c in dies.CHARACTERS for c in plate.text), (what, plate.text)
    assert len(plate.boxes) == len(plate.text), (what, plate.text, len(plate.boxes))
    assert all(0 <= i < len(plate.text) for i in plate.small + plate.hidden), (what, plate.small, plate.hidden)
    assert all(right > left and bottom > top for left, top, right, bottom in plate.boxes), (what, plate.boxes)
    large = [b for i, b in enumerate(plate.boxes) if i not in plate.small]
    assert all(a[0] < b[0] for a, b in zip(large, large[1:])), (what, "characters out of order", plate.text)
    assert large and large[0][0] > -8 and large[-1][2] < WIDTH + 8, (what, "characters off the plate", plate.text, large)
    assert plate.region is None or plate.region in regions.NAMES, (what, plate.region)
    assert plate.name is None or inside(plate.name), (what, "name off the plate", plate.name)
    assert plate.name or not plate.name_readable, (what, "readable name without a place")


def check_regions():
    assert len(regions.NAMES) == 51
    missing = set(regions.NAMES) - set(plates.BY_REGION)
    assert not missing, "no layout for %s" % sorted(missing)
    rng = random.Random(1)
    for region in sorted(regions.NAMES):
        for kind in ("state", "club", "motorcycle", "paper"):
            plate = plates.render(rng, kind, region)
            check_plate(plate, (region, kind))
            assert plate.region == region, (region, kind, plate.region)


def check_layouts():
    """Each layout's own serials can be read back from what was drawn, and stand where its row says."""
    rng = random.Random(2)
    for layout in plates.LAYOUTS + plates.carolina.LAYOUTS + plates.layouts_neighbours.LAYOUTS:
        what = layout.region, layout.serials
        assert max(sum(c.isalnum() for c in f) for f in layout.serials) <= 10, (what, "too long")
        drawn = layouts.draw(rng, layout, fittings.Cover(), "standard")
        formats = {"".join(c for c in f if c.isalnum()): w for f, w in layout.serials.items()}
        assert serials.fits(drawn.prefix + drawn.large + drawn.suffix, formats), (what, drawn.prefix, drawn.large, drawn.suffix)
        assert drawn.name is None or inside(drawn.name), what
        left, right, top, bottom = layout.row
        assert drawn.written.span[1] > (top - .08) * HEIGHT and drawn.written.span[3] < (bottom + .08) * HEIGHT, (what, drawn.written.span)


def check_labels():
    """What lies under an opaque thing is hidden, what lies open is not; shares stay about as documented."""
    cover = fittings.Cover()
    assert cover.share((10, 10, 20, 20)) == 0
    cover.fresh()[:, 15:] = 255
    assert cover.share((0, 0, 10, 10)) == 0 and abs(cover.share((10, 10, 20, 20)) - .5) < .01 and cover.share((30, 0, 40, 9)) == 1
    rng = random.Random(3)
    drawn = [plates.render(rng) for _ in range(400)]
    for plate in drawn:
        check_plate(plate, plate.kind)
    hidden = sum(bool(p.hidden) for p in drawn) / len(drawn)
    assert .003 < hidden < .09, "hidden characters on %.3f of plates" % hidden
    assert sum(p.name_readable for p in drawn) > .6 * len(drawn)
    again = random.Random(4), random.Random(4)
    a, b = (plates.render(r) for r in again)
    assert a.text == b.text and np.array_equal(a.image, b.image), "the same seed drew two plates"


def main():
    for check in (check_regions, check_layouts, check_labels):
        check()
        print("%s: good" % check.__name__)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as wrong:
        sys.exit("check.py: %s" % (wrong,))
