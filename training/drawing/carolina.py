"""North Carolina, complete: First in Flight, First in Freedom, In God We Trust; trucks, trailers, motorcycles, dealers; specialty plates with
a picture on the left and small stacked letters at the end. These come first: a quarter of all plates drawn.
"""
import cv2

from drawing import fittings, grounds, registration, serials, specialty, strokefont
from drawing.canvas import HEIGHT, WIDTH, colour, fitted, blend, rgb
from drawing.layouts import Drawn, Layout, Legend, background, put_legend

BLUE, RED = "22409a", "b0242e"
DUNES = (("fade", (0, "f4f6f8"), (.4, "f2f5f7"), (.8, "cfe0ee"), (1, "9cc0de")), ("grass", "8fb4d4", 60, .3), ("clouds", "cfe2f0", .25))
FREEDOM = (("fade", (0, "f4f4f2"), (.6, "f2f0ea"), (1, "dcd8cc")), ("clouds", "e0d8c8", .4))
TRUST = (("fade", (0, "f4f5f7"), (.5, "eef0f4"), (1, "d8dfe8")), ("clouds", "ccd4e0", .4))
PLAIN = (("plain", "f0f2f2"),)


def flyer(rng, image):
    """The Wright brothers' machine, pale blue, behind the motto: two wings and struts."""
    x, y, v = rng.randint(70, 190), rng.randint(18, 40), rng.uniform(150, 215)
    ink = (min(255, v + 30), v, v - 20)
    for dy in (0, 9):
        cv2.line(image, (x - 34, y + dy), (x + 34, y + dy - 4), ink, 2, cv2.LINE_AA)
    for dx in (-22, 0, 22):
        cv2.line(image, (x + dx, y - 2), (x + dx, y + 8), ink, 1, cv2.LINE_AA)
    cv2.line(image, (x + 34, y + 3), (x + 52, y), ink, 2, cv2.LINE_AA)


def issue(motto, ground, ink, serials_, weight, legends=(), motto_face="serif", motto_ink=RED, name_ink=RED):
    return Layout("NC", ground, serials_, ink, Legend("NORTH CAROLINA", .9, .125, .68, face="serif", ink=name_ink),
                  (Legend(motto, .12, .15, .58, face=motto_face, ink=motto_ink),) + legends, (.04, .96, .26, .77), "carolina",
                  stickers="tl tr", weight=weight)


CARS = {"AAA-DDDD": 9, "AAA DDDD": 1}
LAYOUTS = [
    issue("First in Flight", DUNES, BLUE, CARS, 5, motto_face="script"),
    issue("First in Flight", DUNES, BLUE, CARS, 3, motto_face="serif", name_ink=RED),
    issue("First in Flight", DUNES, RED, CARS, 1.2, motto_ink=BLUE, name_ink=BLUE),
    issue("First in Freedom", FREEDOM, BLUE, CARS, 2, motto_face="serif", motto_ink=BLUE, name_ink=BLUE),
    issue("First in Freedom", FREEDOM, RED, CARS, .8),
    issue("In God We Trust", TRUST, BLUE, CARS, 2, motto_face="serif", motto_ink=RED, name_ink=BLUE),
    issue("In God We Trust", TRUST, RED, CARS, .7, name_ink=BLUE),
    # trucks, trailers, farm, commercial, dealers, government: plain sheet, kind at the top
    issue(("WEIGHTED", "COMMERCIAL", "TRUCK", "FARMER"), PLAIN, BLUE, {"AA-DDDD": 4, "AADDDD": 1, "AA DDDD": 1, "AAA-DDDD": 1}, .9, motto_face="block", motto_ink=BLUE, name_ink=BLUE),
    issue(("TRAILER", "PERMANENT TRAILER", "MULTI-YEAR"), PLAIN, BLUE, {"AA-DDDDD": 4, "AADDDDD": 1, "AA DDDDD": 1, "AC-DDDDD": .5}, .8, motto_face="block", motto_ink=BLUE, name_ink=BLUE),
    issue(("DEALER", "IND DEALER", "TRANSPORTER"), PLAIN, RED, {"DDDDD-D": 1, "ADDDDD": 1, "DDDDDD": 1}, .3, motto_face="block"),
    issue(("PERMANENT", "STATE GOVERNMENT", "CITY"), (("plain", "e8d88a"),), "202020", {"DDDDD-A": 1, "DDDDDA": 1, "DDDDDD": 1}, .3, motto_face="block", motto_ink="202020", name_ink="202020"),
]

CLUBS = ["Friends of the Smokies", "Wildlife", "UNC", "NCSU", "ECU", "App State", "Firefighter", "Veteran", "I Care", "Parkway",
         "Coastal Land Trust", "Horse Council", "Ducks Unlimited", "Cancer Research", "Lighthouse", "First in Flight", "SHARE THE JOURNEY", "KEEP POUNDING",
         "Native Brook Trout", "STATE PARKS", "In God We Trust"]
WORDS = ["ANTIQUE AUTO", "COAST GUARD RESERVE", "NAVAL RESERVE", "FIRE FIGHTER", "IRAQ VETERAN", "AIR MEDAL", "NATIONAL GUARD RETIRED",
         "DISTINGUISHED SERVICE CROSS", "US AIR FORCE", "GOLD STAR", "SILVER STAR", "GUARDIAN OF THE ATLANTIC", "ARMY RESERVE", "PEARL HARBOR SURVIVOR"]
SPECIAL_SERIALS = {"DDDD{AA}": 16, "DDDDD{A}": 1, "DDDD{A}": 2, "ADDDD": 3, "DDDDA": 4, "{AA}DDDD": 4, "{AA}DDD": 1, "DDDDD": 1, "AADDD": 1, "AAAA": .6, "{A}DDDD": 1.5,
                   "{AAA}DDDD": .4, "DDD{AA}": 1.5, "ADDDD{AA}": 1, "AADD{AA}": .6, "AAAA{AA}": 1, "DDDD{AAA}": .4}


def special(rng, cover):
    """Specialty plates as the state's samples show them: picture or words on the left, mostly four digits, two stacked letters
    after them (sometimes before); plates in full colour often give the registration a white panel."""
    full_colour = rng.random() < .4
    base = LAYOUTS[0]
    image = grounds.invented(rng) if full_colour else background(rng, base)
    if not full_colour and rng.random() < .7:
        flyer(rng, image)
    club = rng.choice(CLUBS)
    height = HEIGHT * rng.uniform(.42, .54)
    top = HEIGHT * rng.uniform(.48, .54) - height / 2
    picture = WIDTH * rng.uniform(.16, .34)
    left = 4 + picture + rng.uniform(-4, 7)
    if rng.random() < .08:  # no picture
        left = rng.uniform(5, 12)
    row = registration.Row(left, WIDTH - rng.uniform(4, 10), top, height)
    if full_colour and rng.random() < .5:
        paper = rng.uniform(200, 255)
        cv2.rectangle(image, (int(left - 3), int(top - 5)), (WIDTH - 4, int(top + height + 5)), (paper, paper, paper), -1)
    ink = rgb(BLUE if rng.random() < .75 else RED) + colour(rng, -15, 20)
    motto, below = Legend("First in Flight", .11, .14, .55, face=rng.choice(["script", "serif"]), ink=RED), base.name
    if full_colour:
        tone = rng.choice(("f4f4f4", "202020", BLUE, RED, "20502c"))
        motto, below = motto._replace(text=club, ink=tone, face=None), below._replace(ink=tone, face=rng.choice(["serif", "block", "wide", "script"]))
    put_legend(rng, image, motto)
    box = put_legend(rng, image, below)
    if left > 20:
        specialty.side_picture(rng, image, 4, picture, row, club)
        if rng.random() < .3:
            words(rng, image, picture, row)
    text = serials.random_text(rng, SPECIAL_SERIALS)
    prefix, middle, suffix = serials.split(text)
    letters = strokefont.lettering(rng, style="carolina" if rng.random() < .7 else None)
    written = registration.write(rng, image, row, middle, prefix, suffix, None if full_colour else ink, registration.KINDS, letters)
    fittings.stickers(rng, image, True, cover)
    return Drawn(image, prefix, middle, suffix, written, "NC", box)


def words(rng, image, width, row):
    """Small words beside the registration, in two or three lines: ANTIQUE AUTO, COAST GUARD RESERVE."""
    lines = rng.choice(WORDS).split()
    y, height = row.top + row.height * rng.uniform(.1, .5), rng.randint(7, 12)
    for line in lines:
        mask = fitted(strokefont.legend(line, rng), height, width)
        blend(image, mask, int(4 + (width - mask.shape[1]) / 2), int(y), colour(rng, 0, 130))
        y += height + 2
