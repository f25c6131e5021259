"""Plates of Nebraska to Oregon, by state name (North Carolina's stand in drawing/carolina.py): standard issues since about 1985."""
from drawing.canvas import rgb
from drawing.layouts import Emblem, Layout, Legend

LAYOUTS = [
    # Nebraska
    Layout("NE", (("fade", (0, "f2f4f4"), (.7, "e8eef2"), (1, "a8c4e0")), ("emblem", "ne", .5, .5, .7, "dfe6ee")), {"AAA DDD": 5, "D-ADDDD": 2, "DD-ADDD": 2, "DD-DDDA": .5}, "27407e",
           Legend("Nebraska", .13, .18, .4, face="brush", ink="c0303a"), (), (.05, .95, .3, .82), "round", stickers="tr"),
    Layout("NE", (("fade", "f0d890", "f4efe0", "c8dcc8"), ("emblem", "seal", .5, .5, .8, "e4dcc0", .7)), {"AAA DDD": 5, "DD-ADDD": 2, "D-ADDDD": 1, "DD-DAD": .4}, "1f2a50",
           Legend(("NEBRASKA", "Nebraska"), .12, .15, .48, face=None, ink="1f3a6a"), (Legend((" ", "nebraska.gov", "1867 - 2017"), .92, .08, .35, face="block", ink="1f3a6a"),), (.05, .95, .27, .8), "round",
           stickers="tr", weight=.7),
    # Nevada: mountains above, serial with a dot
    Layout("NV", (("fade", (0, "e8902a"), (.2, "f4d060")), ("snow", .17, .12, "e6ecf2"), ("lower", .26, "4f7fc0", "c8d8ea", "5f90cc")),
           {"DDD.AAA": 7, "AAA.DDD": 1, "DDDAAA": 1, "DDDADD": .5}, "24306c", Legend("NEVADA", .12, .16, .45, face="serif", ink="24305c"),
           (Legend("THE SILVER STATE", .92, .07, .35, face="serif", ink="eef2f6"),), (.04, .96, .3, .8), "square", stickers="tr"),
    Layout("NV", (("fade", (0, "f0b060"), (.3, "f4e4c8"), (.6, "dfe4ea"), (1, "b8a088")), ("peaks", .5, .3, "c8b8a8"), ("peaks", .8, .14, "a08068")), {"DDADDD": 2, "DDDADD": 3, "DDDA DD": .6},
           "20306a", Legend("NEVADA", .11, .14, .5, face="serif", ink="20306a"), (Legend(("HOME MEANS NEVADA", "THE SILVER STATE"), .92, .08, .5, face="serif", ink="20306a"),), (.05, .95, .27, .79), "square",
           stickers="tr"),
    # New Hampshire: Old Man of the Mountain
    Layout("NH", (("fade", (0, "dfeae4"), (.5, "d2e2e2"), (1, "bcd6d2")), ("emblem", "profile", .82, .5, .7, "a8c0bc", .7), ("peaks", .72, .2, "c0d8d4", .6)),
           {"DDD_DDDD": 6, "DDD_DDD": 3, "DDDDDD": 1, "{ch}DADDD": .6, "{ch}DDDDA": .6}, "24694e", Legend(("HAMPSHIRE", "HAMPSHIRE", "New Hampshire", "NEW HAMPSHIRE"), .89, .14, .46, face="serif", ink="24694e"),
           (Legend("New", .77, .09, .2, .48, "script", "24694e"), Legend("LIVE FREE OR DIE", .11, .1, .5, face="block", ink="24694e"),), (.04, .96, .22, .76), "square", stickers="bl br"),
    # New Jersey: outline between groups
    Layout("NJ", (("fade", (0, "eac94a"), (.5, "f2e8b8"), (1, "f4f2e8")),), {"AAA*DDA": 7, "ADD*AAA": 2.5, "AA*DDDA": 1.5, "AAADDA": .6}, "1b1b1e", Legend("New Jersey", .12, .15, .5, face="serif", ink="1b1b1e"),
           (Legend("Garden State", .9, .13, .45, face="block", ink="1b1b1e"),), (.05, .95, .27, .78), "jersey", Emblem("nj", .36, .3), "tl tr", 1.4),
    # New Mexico: yellow and red, turquoise centennial
    Layout("NM", (("plain", "159a9a"),), {"AAA*DDD": 8, "DDD*AAA": 1, "AAAADD": .5}, "f2d238", Legend("NEW MEXICO", .8, .1, .5, face="wide", ink="f4f4ee"),
           (Legend("CENTENNIAL 1912-2012", .1, .08, .6, face="block", ink="f2e8b0"), Legend("LAND OF ENCHANTMENT", .92, .07, .5, face="block", ink="f2d238")), (.03, .97, .2, .7), "round",
           Emblem("sun", .95, 1.), "br"),
    Layout("NM", (("plain", "e8b82a"),), {"AAA*DDD": 4, "DDD*AAA": 5}, "c02a30", Legend("New Mexico USA", .86, .14, .55, face="serif", ink="c02a30"), (Legend("Land of Enchantment", .94, .06, .4, face="script", ink="c02a30"),),
           (.03, .97, .2, .74), "round", Emblem("sun", .75, .8), "tl tr", .8),
    Layout("NM", (("plain", "1c1c20"),), {"AAA*DDD": 4, "DDDAAA": 1}, "e8c040", Legend("NEW MEXICO", .86, .12, .5, face="wide", ink="e85040"), (Legend("CHILE CAPITAL OF THE WORLD", .1, .08, .6, face="block", ink="e8c040"),),
           (.04, .96, .22, .74), "round", Emblem("heart", .6, .6), "br", .4),
    # New York
    Layout("NY", (("plain", "eff1f3"), ("band", 0, .24, "22376e"), ("skyline", .24, .12, "4a66a4"), ("band", .84, 1, "22376e")), {"AAA*DDDD": 8, "AAA DDDD": 1, "DDDDDAA": .5}, "20305c",
           Legend("NEW YORK", .12, .15, .55, face="serif", ink="f4f4f6"), (Legend("THE EMPIRE STATE", .92, .09, .5, face="block", ink="f2f2f4"),), (.03, .97, .28, .8), "round", Emblem("ny", .2, .36),
           "tr", 1.1),
    Layout("NY", (("plain", "e8a02a"), ("band", 0, .18, "1f2c58")), {"AAA*DDDD": 8, "AAA DDDD": .7, "DDDDDAA": .5}, "1f2c58", Legend("NEW YORK", .1, .12, .5, face="wide", ink="e8a02a"),
           (Legend("EMPIRE STATE", .91, .1, .5, face="block", ink="1f2c58"),), (.03, .97, .24, .78), "round", Emblem("ny", .2, .36), "tl", 1.2),
    Layout("NY", (("fade", "f4f5f6", "e8edf0"), ("hills", .85, .12, "b8c8d8", .6), ("skyline", .95, .14, "8fa4bc")), {"AAA DDDD": 6, "AAADDDD": 1}, "22346a", Legend("NEW YORK", .11, .14, .5, face="block", ink="22346a"),
           (Legend("EXCELSIOR", .92, .09, .35, face="serif", ink="22346a"),), (.04, .96, .25, .8), "round", stickers="tr", weight=.7),
    Layout("NY", (("plain", "f0f1f2"), ("emblem", "saguaro", .5, .5, .6, "c06060", .5)), {"AAA DDD": 3, "ADA DDA": 1, "DAA DDD": 2}, "20305c", Legend("NEW YORK", .12, .15, .5, face="block", ink="b02a34"), (),
           (.04, .96, .28, .82), "round", weight=.4),
    # North Dakota: bison, prairie
    Layout("ND", (("fade", (0, "4f90d4"), (.35, "c8dcec"), (.6, "f4ecc8"), (.8, "e8b850"), (1, "d89830")), ("emblem", "bison", .12, .82, .22, "6a3020"), ("grass", "c89030", 20, .2)),
           {"AAA DDD": 8, "DDD AAA": 2, "DDDAAA": 1}, "1c1c22", Legend("NORTH DAKOTA", .86, .1, .5, face="block", ink="1c1c22"), (Legend("Discover the Spirit", .11, .13, .55, face="script", ink="f2f2f4"),),
           (.04, .96, .25, .77), "round", stickers="tr"),
    Layout("ND", (("fade", (0, "5f8fc4"), (.3, "f0d8a8"), (.6, "e89050"), (1, "703820")), ("hills", .8, .1, "4a2a20"), ("emblem", "bison", .88, .78, .26, "2a1810")), {"DDDAAA": 3, "DDD AAA": 3}, "17171c",
           Legend("NORTH DAKOTA", .11, .13, .58, face="serif", ink="1c1c22"), (Legend(("LEGENDARY", "PEACE GARDEN STATE"), .93, .08, .4, face="block", ink="f2e8d8"),), (.04, .96, .25, .77), "round", weight=.7),
    # Ohio
    Layout("OH", (("fade", (0, "c83038"), (.2, "f0d8d8"), (.3, "f2f3f4"), (1, "f0f2f4")), ("slashes", "d8e0ea")), {"AAA DDDD": 8, "AA DDAA": .7, "DDDDDDD": .3}, "1f2f66", Legend("Ohio", .12, .18, .3, face="script", ink="1f3f8a"),
           (Legend(("BIRTHPLACE OF AVIATION", "The Heart of it all!", "Beautiful Ohio"), .93, .08, .5, face=None, ink="a02a34"),), (.04, .96, .27, .8), "round", stickers="bl br", weight=1.2),
    Layout("OH", (("fade", (0, "5fa0dc"), (.4, "e8f0f6"), (.7, "f2f2ea"), (1, "7aa868")), ("hills", .84, .1, "6a9a58"), ("disc", .8, .2, .12, "f4d870")), {"AAA DDDD": 6, "AAADDDD": 2}, "1c2448",
           Legend("OHIO", .12, .15, .3, face="serif", ink="1f3a7a"), (Legend("BIRTHPLACE OF AVIATION", .93, .08, .55, face="serif", ink="1f3a7a"),), (.04, .96, .26, .79), "round", stickers="bl br"),
    # Oklahoma
    Layout("OK", (("fade", "cfdcea", (.4, "f2f0ea"), "f0e8d8"), ("emblem", "rider", .12, .5, .8, "2a4a80")), {"DDDAAA": 8, "AAADDD": 2}, "b02a38", Legend("OKLAHOMA", .12, .15, .52, face="serif", ink="22407a"),
           (Legend("NATIVE AMERICA", .92, .1, .5, face="serif", ink="22407a"),), (.22, .97, .27, .78), "round", stickers="tl tr"),
    Layout("OK", (("fade", "eef2f0", "e4ecec"),), {"AAA*DDD": 6, "DDD*AAA": 2}, "1f7a5a", Legend("OKLAHOMA", .12, .14, .52, face="serif", ink="202428"), (Legend("NATIVE AMERICA", .92, .1, .5, face="block", ink="b03038"),),
           (.05, .95, .26, .78), "round", Emblem("seal", .65, .65, ink=rgb("a07038")), "tl tr", .7),
    Layout("OK", (("fade", "a8d0ea", "e8f2f6", "8fc0e0"), ("emblem", "bird", .2, .45, .6, "f4f6f8")), {"AAADDD": 6, "AAA DDD": 2}, "1f2f5c", Legend("OKLAHOMA", .11, .13, .5, face="block", ink="1f2f5c"),
           (Legend(("Explore Oklahoma", "TravelOK.com", "IMAGINE THAT"), .92, .1, .5, face=None, ink="1f2f5c"),), (.06, .95, .26, .78), "round", stickers="tl tr", weight=.8),
    # Oregon: the fir between the groups
    Layout("OR", (("fade", "b8c8e0", (.5, "dfe4ee"), "d8d8e6"), ("peaks", .55, .4, "ccccdc"), ("trees", .88, .1, "4a4a80")), {"DDD*AAA": 7, "AAA*DDD": 4, "{ng}DD DDD": .3}, "24305e",
           Legend("Oregon", .11, .15, .32, face="serif", ink="24305e"), (), (.03, .97, .25, .78), "round", Emblem("fir", 1.35, .62, .02, rgb("1f7a58"), True), "bl br", 1.2),
    Layout("OR", (("fade", (0, "2a4a80"), (.5, "4a74a8"), (1, "24406c")), ("peaks", .4, .3, "6a88b0")), {"{cl}DDDDD": 4, "{cu}DDDDD": 2, "{sa}DDDDD": 2}, "f0f2f4", Legend("Oregon", .11, .14, .3, face="serif", ink="f2f2f4"),
           (Legend(("CRATER LAKE", "Cultural Trust", "SALMON"), .9, .11, .45, face=None, ink="f2f2f4"),), (.06, .95, .27, .78), "round", stickers="bl br", weight=.6),
]
