"""Plates of Alabama to Hawaii, by state name: standard issues since about 1985."""
from drawing.canvas import rgb
from drawing.layouts import Emblem, Layout, Legend

DOT_COM = ("MYFLORIDA.COM", "MYFLORIDA.COM", "MYFLORIDA.COM", "FLORIDA")

COUNTIES = ("COBB", "FULTON", "IN GOD WE TRUST")

LAYOUTS = [
    # Alabama: county number, letters, digits; "Stars Fell On" (2002), "Sweet Home" (2009), "Heart of Dixie" (since 2014)
    Layout("AL", (("fade", (0, "2f4fa8"), (.22, "8fb0e0"), (.3, "f5f3ee"), (1, "f5f3ee")), ("stars", .0, .2, "ffffff")),
           {"DADDDDA": 3, "DDADDDA": 5, "DDAADDA": 1, "DDADDDAA": .5}, "a8282c", Legend("Alabama", .87, .2, .5, face="brush", ink="c02030"),
           (Legend("Stars Fell On", .1, .14, .5, face="serif", ink="f0f0ff"),), (.03, .97, .24, .76), "round", stickers="bl br"),
    Layout("AL", (("fade", (0, "3f76c8"), (.3, "9fc8ea"), (.55, "f4e9cf"), (.8, "e8b96a"), (1, "8a6a40")), ("hills", .82, .1, "4f7a4a")),
           {"DAADDDD": 1, "DDAADDD": 2, "DDADDDA": 2, "DDDDADD": 1}, "181830", Legend("Alabama", .13, .22, .55, face="script", ink="c03030", edge="ffffff"),
           (Legend(("Sweet Home", "SWEET HOME", "Heart of Dixie"), .9, .1, .4, face="script", ink="203060"),), (.03, .97, .27, .77), "round",
           stickers="tl tr"),
    Layout("AL", (("fade", (0, "5fa8dc"), (.35, "e9f2f8"), (.7, "f5edd8"), (1, "6fae74")), ("waves", .8, "3c7fb0")),
           {"DAADDDD": 2, "DDAADDD": 3, "DDDDADD": 1}, "151515", Legend("ALABAMA", .11, .15, .5, face="serif", ink="203a7a"),
           (Legend("www.alabama.travel", .93, .08, .4, face="light", ink="203a7a"),), (.03, .97, .25, .76), "round"),
    # Alaska
    Layout("AK", (("plain", "eab52f"), ("texture", 2)), {"AAA DDD": 5, "AAADDD": 3, "DDDD AA": 1}, "1c3170",
           Legend("ALASKA", .12, .16, .45, face="block", ink="1c3170"), (Legend("THE LAST FRONTIER", .92, .08, .5, face="block", ink="1c3170"),),
           (.04, .96, .26, .78), "round", Emblem("star", .5, .6), "tl tr"),
    Layout("AK", (("fade", "f0b324", "f3c64a"), ("panel", .02, .2, .17, .85, "24306a"), ("peaks", .9, .2, "e8a05a")), {"AAA DDD": 3, "AAADDD": 3}, "24306a",
           Legend("ALASKA", .1, .16, .5, face="block", ink="24306a"),
           (Legend("50", .68, .3, .14, .095, "serif", "f2c84a"), Legend("ALASKA", .45, .07, .13, .095, "block", "f2f2f0"),
            Legend("CELEBRATING STATEHOOD 1959 - 2009", .92, .07, .65, face="block", ink="b03030")), (.17, .97, .24, .78), "round", stickers="tl tr"),
    # Arizona: desert at dusk; "AAA1234" with narrow dies
    Layout("AZ", (("fade", (0, "58b7b8"), (.4, "d8d2d2"), (.72, "f3e2b0"), (.85, "f3c35a"), (1, "d98a4a")), ("peaks", .9, .16, "6c2a78"),
                  ("disc", .52, .84, .07, "fff6d8"), ("emblem", "saguaro", .07, .68, .5, "6c2a78")),
           {"AAADDDD": 4, "DDD.AAA": 5, "AAA.DDD": 2, "AADDDD": 1, "A AADDDD": .3, "DDDDAA": .3}, "1d4a4c",
           Legend("ARIZONA", .12, .14, .52, face="wide", ink="1d7a80"), (Legend("GRAND CANYON STATE", .83, .08, .42, .7, "light", "2a5a50"),),
           (.09, .95, .24, .76), "arizona", stickers="tr"),
    Layout("AZ", (("fade", (0, "58b7b8"), (.4, "e0dcd8"), (.75, "f5e5b8"), (1, "c9854a")), ("peaks", .92, .2, "5f2a80")),
           {"AAADDDD": 3, "AADDDDA": 1.5, "DDDDDA": .5}, "19464a", Legend("ARIZONA", .12, .15, .55, face="wide", ink="15696f"),
           (Legend("GRAND CANYON STATE", .9, .08, .45, .66, "light", "f3efe0"),), (.05, .96, .25, .77), "arizona", stickers="tr"),
    Layout("AZ", (("plain", "7a2430"),), {"AAA DDD": 3, "AAA-DDD": 2}, "f2efe8", Legend("ARIZONA", .12, .14, .5, face="wide", ink="f2efe8"),
           (Legend("GRAND CANYON STATE", .91, .09, .6, face="block", ink="f2efe8"),), (.05, .95, .25, .78), "arizona", stickers="bl br", weight=.4),
    # Arkansas
    Layout("AR", (("fade", "f4f4f4", "e9edf2"),), {"DDD AAA": 5, "AAA DDD": 2, "AAADDA": .6}, "b02436",
           Legend("Arkansas", .14, .2, .56, face="serif", ink="1f3c84"), (Legend("The Natural State", .92, .1, .45, face="serif", ink="b02436"),),
           (.04, .96, .27, .8), "round", weight=.7),
    Layout("AR", (("fade", "9ab4d0", (.4, "f2f2f2"), "f4f4f4"), ("emblem", "diamond", .5, .5, .45, "aab6c8", .6)),
           {"DDD_AAA": 5, "AAA_DDA": 2, "AAA_DDD": 2}, "151518", Legend("Arkansas", .13, .2, .58, face="serif", ink="b02436", edge="ffffff"),
           (Legend("The Natural State", .91, .1, .45, face="serif", ink="b02436"),), (.04, .96, .27, .8), "round"),
    # California: script since 1993, block and sun before, black and blue older
    Layout("CA", (("fade", "f3f3f1", "e6e8ea"),), {"DAAADDD": 9, "DADDDDD": 2, "DDDDDAD": 2, "DADDDDA": .6}, "26356e",
           Legend("California", .13, .2, .56, face="brush", ink="c8303a"), ((Legend(("dmv.ca.gov", "dmv.ca.gov", "SESQUICENTENNIAL - 150 YEARS", " "), .93, .08,
                                                                                 .45, face="condensed", ink="c8303a")),),
           (.06, .94, .27, .76), "california", stickers="tl tr", weight=2.6),
    Layout("CA", (("fade", "f3f3f1", "e6e8ea"),), {"DAAADDD": 5, "AAADDD": 1}, "283a78", Legend("CALIFORNIA", .12, .15, .5, face="block", ink="c03038"), (),
           (.06, .94, .27, .8), "california", stickers="tl tr", weight=.5),
    Layout("CA", (("plain", "1c2c66"),), {"DAAADDD": 3, "DDDAAA": 1, "AAA DDD": 2}, "e8b63a",
           Legend("CALIFORNIA", .13, .15, .48, face="die", ink="e8b63a"), (), (.06, .94, .28, .82), "california", stickers="tl tr", weight=.5),
    Layout("CA", (("plain", "17171a"),), {"AAA DDD": 3, "DDDAAA": 1, "DADDDDD": 1}, "e6b23a", Legend("CALIFORNIA", .13, .14, .48, face="die", ink="e6b23a"),
           (), (.06, .94, .28, .82), "california", weight=.5),
    # Colorado: white mountains, dark serial on them
    Layout("CO", (("plain", "2a5a40"), ("snow", .22, .2, "f2f4f2"), ("band", .83, 1, "2a5a40")), {"DDD.AAA": 5, "AAA.DDD": 3, "AAA-ADD": 1.5, "AAADDDD": .5},
           "1d4030", Legend("COLORADO", .9, .12, .5, face="wide", ink="f4f6f2"), (), (.04, .96, .25, .76), "round", stickers="bl br"),
    Layout("CO", (("plain", "f0f2f0"), ("band", 0, .2, "2a5a40"), ("peaks", .8, .1, "2a5a40")), {"AAADDDD": 3, "AAADDD": 2}, "1f4a34",
           Legend("COLORADO", .12, .12, .5, face="wide", ink="f4f6f2"), (), (.04, .96, .27, .78), "round", stickers="bl br", weight=.4),
    Layout("CO", (("fade", "25406e", "6a84b0"), ("snow", .27, .2), ("band", .85, 1, "25406e")), {"DDD_AAA": 2, "AAA_DDD": 3}, "141418",
           Legend("COLORADO", .11, .12, .5, face="wide", ink="ffffff"), (Legend(("U.S. ARMY", "RESPECT WILDLIFE", "BRONZE STAR", "PIONEER"), .91, .09, .5, ink="ffffff"),),
           (.04, .96, .26, .77), "round", Emblem("seal", .7, .7), "bl br", weight=.4),
    # Connecticut
    Layout("CT", (("fade", "3f86d0", (.5, "bcd6ee"), "f2f5f8"), ("emblem", "ct", .11, .12, .12, "24468a")), {"DDD.AAA": 6, "AAA.DDD": 1, "AA.DDDDD": 2, "AADDDDD": 1},
           "1b2c56", Legend("Connecticut", .12, .15, .48, face="serif", ink="1d3a80"), (Legend("Constitution State", .9, .13, .55, face="serif", ink="1d3a80"),),
           (.05, .95, .27, .78), "round", stickers="tr"),
    # Delaware: gold on blue, digits only
    Layout("DE", (("plain", "22407f"), ("border", "d8a84a", 1)), {"DDDDDD": 7, "DDDDD": 2, "cDDDDD": 1.5, "pcDDDDD": .7, "{pc}DDDDDD": 1.5, "{t}DDDDD": .5},
           "ddb056", Legend("DELAWARE", .9, .12, .5, face="wide", ink="ddb056"), (Legend("THE FIRST STATE", .11, .1, .6, face="block", ink="ddb056"),),
           (.05, .95, .22, .78), "round", stickers="br"),
    # Washington, D.C.
    Layout("DC", (("plain", "eef0f2"), ("band", .2, .225, "b83040"), ("band", .795, .82, "b83040")), {"AA*DDDD": 8, "DDD*DDD": 1}, "2a3f92",
           Legend(("WASHINGTON, DC", "Washington, D.C."), .11, .11, .52, face="block", ink="2a3f92"),
           (Legend(("TAXATION WITHOUT REPRESENTATION", "End Taxation Without Representation", "www.washingtondc.gov", "Celebrate & Discover"), .91, .1, .9,
                   face="block", ink="2a3f92"),), (.04, .96, .26, .76), "round", Emblem("banner", .36, .4, ink=rgb("b83040")), "tl tr"),
    # Florida: two oranges in the middle
    Layout("FL", (("plain", "f1f2ee"),), {"ADD*DAA": 2, "DDD*DAA": 2, "DDD*AAA": 3, "AAA*DDD": 1, "AAA*ADD": 2, "ADD*AAA": 1, "AADD*AA": .5, "DDAA*AA": .8}, "215a48",
           Legend(DOT_COM, .12, .18, .52, face="serif", ink="1f6a50", arch=.7),
           (Legend(("SUNSHINE STATE", "SUNSHINE STATE", "IN GOD WE TRUST"), .91, .1, .55, face="block", ink="215a48"),), (.04, .96, .26, .76), "square",
           Emblem("oranges", .95, .75, under=True), "tr", 1.8, county=.3),
    # Georgia
    Layout("GA", (("fade", "e6eee6", "f6f6f2"),), {"AAA*DDDD": 8, "AAA*DDD": 1}, "1a1a1c", Legend(("GEORGIA", "www.GEORGIA.gov", "GEORGIA.gov"), .12, .17, .7, face="serif", ink="28282c"),
           (Legend(COUNTIES, .9, .11, .5, face="block", ink="1a1a1c"),), (.03, .97, .26, .76), "california",
           Emblem("peach", .8, .5, under=True), "br", county=.8),
    Layout("GA", (("fade", (0, "f7e8d0"), (.4, "f6f4ec"), (1, "dfe8cf")), ("disc", .9, .3, .1, "f0a050"), ("grass", "7aa060", 20, .2)), {"AAADDDD": 5, "AAA DDDD": 3},
           "1a1a1c", Legend("GEORGIA", .12, .16, .5, face="block", ink="202024"), (Legend(COUNTIES, .91, .1, .5, face="condensed", ink="1a1a1c"),),
           (.04, .96, .26, .78), "round", stickers="br", county=.8),
    # Hawaii: the rainbow
    Layout("HI", (("plain", "f1f2f0"), ("rainbow", .86, .46)), {"AAA DDD": 8, "AAADDD": 1, "DDDAAA": 1}, "1a1a1c", Legend("HAWAII", .11, .12, .32, face="wide", ink="202024"),
           (Legend("ALOHA STATE", .9, .1, .45, face="block", ink="1a1a1c"),), (.04, .96, .23, .8), "round", stickers="tr"),
]
