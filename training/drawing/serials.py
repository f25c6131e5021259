"""Texts of registrations: formats of serials, words, repeats.

A format is a string: A letter, D digit, small letters and digits stand for themselves; blank, "-", "." (dot), "_" (wide gap),
"#" (sticker) and "*" (emblem) separate groups; "{AA}" at either end is a stack of small characters.
"""
import string

from drawing.dies import CHARACTERS, DIGITS, LETTERS

# Formats over all states, and how common they are.
PATTERNS = {
    "AAA DDDD": 9, "AAA-DDDD": 6, "AAA DDD": 9, "DDD AAA": 9, "DAAADDD": 13, "AAADDDD": 3, "AAA DDA": 1.5, "AAD DDA": 1.5,
    "AAD DDDA": 1, "DAA DDD": 2, "AA DDDDD": 3, "AADDDDD": 1.5, "DDDDDAA": 1.5, "DDDDAA": 2, "DDDD AA": 3, "AA DDDD": 4,
    "AA-DDDD": 2, "AA-DDD": 3, "DD ADDD": .7, "A DDDDDD": 2, "ADDDDDD": 2, "ADD DDDD": 2, "DDD DDDD": 2, "AAADDAD": .7,
    "DA ADDDD": 1, "DA AADDD": 1, "DA DDDDD": 1, "DAA ADD": 1, "ADDDDD": 1.5, "DDDDDD": 3, "DDD DDD": 3, "DDDDDDD": 2,
    "DDDDD": 4, "DDDD": 4, "DDD": 1, "DD": .3, "D": .3, "AADDD": 2, "DDDDA": 1.5, "DDDDDA": 1.5, "DDAADD": .7, "DDADAD": .4,
    "D-ADDDD": 1, "DD-DDDA": .7, "D-DDDDDA": .7, "DDDAAD": .7, "AADDAD": .5, "DD AADD": 1.2, "DDD-AAA": 2, "AAA-DDD": 2,
    "DDDADDD": 1, "DADDDDA": 1, "DDDDAAD": .5, "AADAAAA": .6, "AADADA": .5, "DDDDADD": 1, "DDADDDD": .7, "word": 13, "syllables": 6,
    "any": 7,
}
SPECIALTY = {"DDDDD": 5, "DDDD": 4, "AADDDD": 2, "AA DDD": 2, "DDDDAA": 2, "{AA}DDDD": 5, "{AA}DDDDD": 2, "DDDD{AA}": 5, "DDDDD{AA}": 1, "ADDDD": 2,
             "AADDD": 2, "DDDDA": 1.5, "{AAA}DDDD": 1, "DDDD{AAA}": .7, "AAADD": 1, "DAADD": 1, "{A}DDDDD": .8, "DDDDD{A}": .5, "AAAA": .5, "DDD": .5,
             "word": 4}
# Letters that serials use; I, O and Q are rare there since they look like digits.
SERIAL_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ" * 6 + "OQQI" * 2
WORDS = (
    "GO BIG MY LUV LOVE DOG CAT FLY RUN SKI SURF GOLF BOAT FISH HUNT JEEP TRUCK MOM DAD NANA PAPA BABE KING QUEEN BOSS CHEF DOC "
    "LAW COP ARMY NAVY USA ROCK JAZZ BLUES MUSIC HAPPY LUCKY CRAZY WILD FREE FAST SLOW RED BLUE GREEN PINK BLACK WHITE GOLD STAR "
    "SUN MOON SKY SEA LAKE RIVER BEACH HILL FOX WOLF BEAR EAGLE HAWK TIGER LION PANDA KIDS TOY HOT COOL ICE FIRE ZOOM VROOM GEEK "
    "NERD CODE HACK DATA SOFT WARE BOOK READ TEACH COACH NURSE VET PILOT CAPT MAJ SGT GR8 L8R 4U 2U B4 ME YOU US WE I IM ITS THE "
    "OF IN ON TO BE AND NO YES XOXO COUNTRY CITY TOWN HOME QUILT QUICK IRIS INDIGO OLIVE OTTER OPAL UNIQUE").split()


def choose(rng, formats):
    """One key of a {format: weight} table."""
    return rng.choices(list(formats), list(formats.values()))[0]


def split(text):
    """A filled format as (prefix, middle, suffix); the middle keeps its separators."""
    prefix = suffix = ""
    if text.startswith("{"):
        prefix, text = text[1:].split("}", 1)
    if text.endswith("}"):
        text, suffix = text[:-1].split("{", 1)
    return prefix, text, suffix


def random_text(rng, formats=None):
    """A registration's characters with separators, for example "ABC-1234" or "{AB}1234"."""
    pattern = choose(rng, formats or PATTERNS)
    if pattern == "word":
        text = rng.choice(WORDS) + rng.choice(["", "", " "]) + rng.choice(WORDS + [""] * 30)
        return (text + rng.choice(["", "", "", str(rng.randint(1, 99))]))[:rng.choice([7, 7, 7, 8])].strip()
    if pattern == "syllables":
        consonants, vowels = "BCDFGHJKLMNPRSTVWZ" * 2 + "QXY", "AAEEIOOUY"
        text = "".join(rng.choice(consonants) + rng.choice(vowels) + (rng.choice(consonants) if rng.random() < .4 else "")
                       for _ in range(4))
        return text[rng.randint(0, 1):][:rng.randint(4, 8)]
    if pattern == "any":
        return "".join(rng.choice(CHARACTERS) for _ in range(rng.randint(2, 8)))
    return serial(rng, pattern)


def serial(rng, pattern):
    """A format filled at random, with more repeats than chance gives."""
    return with_repeats(rng, fill(rng, pattern), pattern)


def fill(rng, pattern):
    """A format with its letters and digits drawn."""
    letters = LETTERS if rng.random() < .2 else SERIAL_LETTERS
    return "".join(rng.choice(letters) if c == "A" else rng.choice(DIGITS) if c == "D" else c.upper() for c in pattern)


def with_repeats(rng, text, pattern):
    """Doubles some characters: runs such as 8000 are what a column reader merges, so they are drawn more often than by chance."""
    for _ in range(rng.choice([0, 0, 1, 3])):
        if len(text) > 1:
            i = rng.randrange(len(text) - 1)
            if pattern[i] == pattern[i + 1] and pattern[i] in "AD":
                text = text[:i + 1] + text[i] + text[i + 2:]
    return text


def fits(text, formats):
    """Whether a filled text could come from one of the formats (words, syllables and "any" aside)."""
    def same(pattern):
        if len(pattern) != len(text):
            return False
        return all(c in string.ascii_uppercase if p == "A" else c in DIGITS if p == "D" else c == p.upper() for p, c in zip(pattern, text))
    return any(same(p) for p in formats if p not in ("word", "syllables", "any"))
