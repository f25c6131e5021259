"""Plates that are no state's standard: clubs' and veterans' with a picture, motorcycles', paper ones, and wholly invented ones."""
import cv2
import numpy as np

from drawing import emblems, fittings, grounds, registration, serials, strokefont
from drawing.canvas import HEIGHT, WIDTH, blend, colour, contrasting, fitted, mean, scaled, soft_noise
from drawing.layouts import Drawn, Legend, background, put_legend
from drawing.regions import NAMES

MOTTOES = (
    "Grand Canyon State|The Natural State|Constitution State|The First State|Aloha State|Famous Potatoes|Land of Lincoln|"
    "Sportsman's Paradise|Vacationland|Great Lakes Splendor|10,000 lakes|Garden State|Land of Enchantment|Empire State|"
    "Native America|Ocean State|Smiling Faces|Volunteer State|Green Mountain State|Evergreen State|Wild, Wonderful|"
    "America's Dairyland|The Silver State|Discover the Spirit|Life Elevated|Live Free or Die|Keystone State|In God We Trust|"
    "Heart of Dixie|FAYETTE|KNOX|HINDS|MARION|www.state.us|Sunshine State|Dealer|Permanent|Truck|Disabled Veteran|Firefighter|"
    "National Guard|Purple Heart|Wildlife|Support Education|Centennial 1912-2012|Go Cougars|Price of Honor|Conquer Cancer|William & Mary|"
    "Wildlife Conservationist|Clean Special Fuel|Protect the Reef|Respect Wildlife|Law Enforcement|Save Our Lights|Choose Life|Antique Auto|"
    "US Army Retired|Share the Road|Preserve the Trust|Invest in Youth Hockey|United We Stand|Historic Vehicle|Farm Vehicle").split("|")
KINDS = ("MOTORCYCLE|MC|M/C|CYCLE|Motorcycle|MOTOR CYCLE").split("|")


def side_picture(rng, image, x, width, row, club=None):
    """The picture of a specialty plate beside the registration."""
    height = int(row.height * rng.uniform(.6, 1.5))
    if rng.random() < .3:  # photograph-like: a dappled oval or panel
        w, h = int(width * rng.uniform(.5, 1)), int(height * rng.uniform(.6, 1))
        shape = np.zeros((h, w), np.uint8)
        cv2.ellipse(shape, (w // 2, h // 2), (w // 2, h // 2), 0, 0, 360, 255, -1) if rng.random() < .6 else shape.fill(255)
        shape = (shape * np.clip(.6 + .35 * soft_noise(rng, rng.randint(4, 16), rng.randint(3, 12), h, w), 0, 1)).astype(np.uint8)
        blend(image, shape, int(x + rng.uniform(0, max(1, width - w))), int(row.top + (row.height - h) / 2), colour(rng, 0, 160))
    y = int(row.top + row.height / 2 - height / 2)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        emblem = emblems.symbol(rng)
        h = max(6, int(height * rng.uniform(.5, 1)))
        w = max(6, int(min(width, h * emblem.shape[1] / emblem.shape[0]) * rng.uniform(.8, 1)))
        blend(image, scaled(emblem, w, h), int(x + rng.uniform(0, max(1, width - w))), y + rng.randint(0, max(1, height - h)),
              colour(rng, 0, 60) if rng.random() < .35 else colour(rng, 0, 240), rng.uniform(.7, 1))
    if club and rng.random() < .5:
        mask = fitted(strokefont.legend(club, rng), rng.randint(6, 11), width)
        blend(image, mask, int(x + (width - mask.shape[1]) / 2), y + rng.randint(0, max(1, height - 8)), colour(rng, 0, 140))


def club(rng, layout, cover):
    """A specialty plate of a layout's state: its name as on the standard plate or in another face, a picture beside the serial."""
    chance = rng.random()
    image = background(rng, layout) if chance < .3 else grounds.invented(rng) if chance < .75 else grounds.painted(rng, (("plain", "eff0ee"),))
    name = layout.name
    if name and (chance >= .3 or rng.random() < .3):
        band = image[:int(HEIGHT * .2)] if name.y < .5 else image[int(HEIGHT * .8):]
        ink = contrasting(rng, mean(band))
        text = NAMES[layout.region]
        text = text.upper() if rng.random() < .55 else text
        name = Legend(text, name.y if rng.random() < .8 else rng.choice([.1, .9]), rng.uniform(.1, .18), rng.uniform(.4, .7), face=rng.choice((name.face, name.face, None)),
                      ink="%02x%02x%02x" % tuple(int(v) for v in ink[::-1]), arch=.5 if rng.random() < .06 else 0.)
    box = put_legend(rng, image, name) if name else None
    if rng.random() < .85:
        motto_line(rng, image, .92 if not name or name.y < .5 else .1)
    height = HEIGHT * rng.uniform(.40, .52)
    row = registration.Row(rng.uniform(4, 10), WIDTH - rng.uniform(4, 10), HEIGHT * rng.uniform(.48, .54) - height / 2, height)
    text = serials.random_text(rng, serials.SPECIALTY)
    prefix, middle, suffix = serials.split(text)
    if rng.random() < .82 and len(middle) < 8:
        width = row.height * rng.uniform(.55, 1.25)
        overlap = rng.uniform(-3, .08 * row.height)  # art that touches the first character
        if rng.random() < .85:
            side_picture(rng, image, row.left, width, row)
            row = row._replace(left=row.left + width - overlap)
        else:
            side_picture(rng, image, row.right - width, width, row)
            row = row._replace(right=row.right - width + overlap)
    letters = strokefont.lettering(rng, style=layout.die if rng.random() < .6 else None)
    written = registration.write(rng, image, row, middle, prefix, suffix, None, registration.KINDS, letters)
    fittings.stickers(rng, image, layout.stickers == "tl tr", cover)
    return Drawn(image, prefix, "".join(c for c in middle if c.isalnum()), suffix, written, layout.region, box)


def motto_line(rng, image, y):
    band = image[:int(HEIGHT * .2)] if y < .5 else image[int(HEIGHT * .8):]
    motto = rng.choice(MOTTOES)
    motto = motto.upper() if rng.random() < .4 else motto
    ink = contrasting(rng, mean(band))
    put_legend(rng, image, Legend(motto, y, rng.uniform(.06, .14), rng.uniform(.35, .75), face=None, ink="%02x%02x%02x" % tuple(int(v) for v in ink[::-1])))


def motorcycle(rng, layout, cover):
    """A small plate, 7 by 4 inches or squarer, so that all stands wider in the picture: few characters, name and kind in larger letters."""
    image = background(rng, layout) if rng.random() < .6 else grounds.painted(rng, (("plain", "eff0ee"),))
    name = layout.name and layout.name._replace(height=min(.2, layout.name.height * 1.15), width=min(.8, layout.name.width * 1.15))
    box = put_legend(rng, image, name) if name else None
    other = .1 if name and name.y > .5 else .9
    if rng.random() < .7:
        put_legend(rng, image, Legend(rng.choice(KINDS), other, .11, .5, face=rng.choice(["block", "condensed", "die"]), ink=layout.ink))
    height = HEIGHT * rng.uniform(.36, .5)
    row = registration.Row(rng.uniform(8, 20), WIDTH - rng.uniform(8, 20), HEIGHT * rng.uniform(.46, .53) - height / 2, height)
    formats = {"DDDDD": 3, "ADDDD": 2, "DDDDA": 2, "AADDD": 2, "DDAAA": 1, "DDDDDD": 2, "DDADDD": .7, "AADDDD": 2, "DDDDAA": 1, "AADD": .6, "{mc}DDDD": 1.5, "{mc}ADDDD": 1, "DDADD": .6,
               "{A}DDDDD": 1, "DDDDD{A}": .6, "AAADD": 1, "word": .6, "AADDA": 1}
    prefix, middle, suffix = serials.split(serials.random_text(rng, formats))
    letters = strokefont.lettering(rng, style=layout.die if rng.random() < .7 else None)
    background_ink = contrasting(rng, mean(image[int(row.top):int(row.top + height)])) if rng.random() < .3 else None
    written = registration.write(rng, image, row, middle, prefix, suffix, background_ink, registration.KINDS, letters)
    if rng.random() < .8:
        fittings.sticker_at(rng, image, rng.choice(("tl", "tr", "bl", "br")), cover)
    return Drawn(image, prefix, "".join(c for c in middle if c.isalnum()), suffix, written, layout.region, box)


def paper(rng, region, cover):
    """A temporary paper plate: printed, black on white, dates and small print; North Carolina's 30-day marker among them."""
    v = rng.uniform(215, 255)
    image = np.full((HEIGHT, WIDTH, 3), v, np.uint8)
    image[..., 0] = v * rng.uniform(.9, 1)
    edge = rng.choice(("202020", "b02a34", "24408a", "2a6a3c", None))
    if edge:
        grounds.border(rng, image, edge, rng.choice([1, 2, 5]))
    name = NAMES[region]
    name = name.upper() if rng.random() < .75 else name
    box = put_legend(rng, image, Legend(name, .11, rng.uniform(.1, .15), .62, x=rng.choice([.5, .5, .35]), face=rng.choice(["block", "condensed", "serif"]), ink=edge or "202020"))
    title = "30-DAY TEMPORARY MARKER" if region == "NC" and rng.random() < .7 else rng.choice(("TEMPORARY", "TEMP TAG", "TEMPORARY REGISTRATION", "TEMPORARY PERMIT", "BUYER TAG", "DEALER TAG", "EXPIRES"))
    put_legend(rng, image, Legend(title, .235, .08, .55, face="block", ink="202020"))
    month, day, year = rng.randint(1, 12), rng.randint(1, 28), rng.randint(9, 31)
    date = rng.choice(("%02d/%02d/%02d", "%02d-%02d-20%02d", "EXPIRES %02d/%02d/20%02d", "EXP %d/%d/%d")) % (month, day, year)
    put_legend(rng, image, Legend(date, .81, rng.uniform(.07, .12), .6, x=rng.uniform(.4, .6), face="block", ink="202020"))
    for y in (.9, .96):
        put_legend(rng, image, Legend(rng.choice(("VIN 1XXBC2DE3FG400000", "2011 TOYT 4D BLK", "DEALER 00000  CITY MOTORS", "YEAR 2014  MAKE FORD", "ISSUED 01/01/2020")), y, .045, .7,
                                      x=rng.uniform(.4, .6), face="light", ink="303030"))
    if rng.random() < .5:  # bar code
        x, y = rng.choice([10, WIDTH - 60]), rng.choice([6, HEIGHT - 22])
        for dx in range(0, 48, 2):
            if rng.random() < .6:
                cv2.line(image, (x + dx, y), (x + dx, y + 14), (40, 40, 40), 1)
    height = HEIGHT * rng.uniform(.3, .44)
    row = registration.Row(rng.uniform(6, 24), WIDTH - rng.uniform(6, 24), HEIGHT * rng.uniform(.5, .54) - height / 2, height)
    formats = {"DDDDDDDD": 4} if region == "NC" else {"ADDDDDD": 2, "DDDDDDD": 2, "DDADDDD": 2, "DDDDADD": 2, "AADDDDD": 2, "DDDDDA": 1, "ADDDDDDD": 1.5, "AAADDDD": 1, "DDAAADD": .5, "DDDDDD": 1}
    text = serials.random_text(rng, formats)
    letters = strokefont.lettering(rng, stroke_share=.15)
    written = registration.write(rng, image, row, text, ink=np.full(3, rng.uniform(10, 50)), letters=letters)
    if rng.random() < .25:  # a plastic cover's folds
        for _ in range(rng.randint(1, 4)):
            cv2.line(image, (rng.randint(0, WIDTH), 0), (rng.randint(0, WIDTH), HEIGHT), (250, 250, 250), rng.choice([1, 2]), cv2.LINE_AA)
    return Drawn(image, "", text, "", written, region, box)


def invented(rng, cover):
    """No state's layout, though it bears a state's name: background, legends, art and serial all by chance."""
    image = grounds.invented(rng)
    region, box = None, None
    name_above = rng.random() < .82
    if rng.random() < .9:
        region = rng.choice(tuple(NAMES))
        name = NAMES[region].upper() if rng.random() < .6 else NAMES[region]
        y = rng.uniform(.08, .16) if name_above else rng.uniform(.84, .92)
        band = image[:int(HEIGHT * .2)] if name_above else image[int(HEIGHT * .8):]
        ink = contrasting(rng, mean(band))
        box = put_legend(rng, image, Legend(name, y, rng.uniform(.11, .22), rng.uniform(.4, .85), rng.choice([.5, .5, .5, .35, .65]), None,
                                            "%02x%02x%02x" % tuple(int(v) for v in ink[::-1])))
    if rng.random() < .88:
        motto_line(rng, image, .92 if name_above else .1)
    text = serials.random_text(rng)
    count = sum(c.isalnum() for c in text)
    height = HEIGHT * rng.uniform(.36, .54)
    row = registration.Row(rng.uniform(3, 12), WIDTH - rng.uniform(3, 12), HEIGHT * rng.uniform(.46, .56) - height / 2, height)
    prefix = suffix = ""
    if count <= 6 and rng.random() < .24:
        if rng.random() < .55:
            prefix = registration.stack_chars(rng)
        else:
            suffix = registration.stack_chars(rng)
    if count <= 6 and rng.random() < .24:
        width = row.height * rng.uniform(.5, 1.3)
        if rng.random() < .8:
            side_picture(rng, image, row.left, width, row)
            row = row._replace(left=row.left + width + rng.uniform(-4, 4))
        else:
            side_picture(rng, image, row.right - width, width, row)
            row = row._replace(right=row.right - width - rng.uniform(-4, 4))
    if rng.random() < .05:  # art behind the characters
        side_picture(rng, image, rng.uniform(60, 150), 60, row)
    written = registration.write(rng, image, row, text, prefix, suffix, kinds=registration.KINDS)
    fittings.stickers(rng, image, False, cover)
    return Drawn(image, prefix, "".join(c for c in text if c.isalnum()), suffix, written, region, box)
