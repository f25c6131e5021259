"""Plates of Pennsylvania to Wyoming, by state name: standard issues since about 1985."""
from drawing.canvas import rgb
from drawing.layouts import Emblem, Layout, Legend

LAYOUTS = [
    # Pennsylvania: blue, white, yellow; keystone
    Layout("PA", (("plain", "eff1f2"), ("band", 0, .2, "24468e"), ("band", .82, 1, "f0c42a")), {"AAA*DDDD": 9, "AAA-DDDD": 1, "AAA DDDD": 1, "AAADDA": .4}, "22386e", Legend("PENNSYLVANIA", .1, .11, .48, face="block", ink="f2f4f6"),
           (Legend(("visitPA.com", "WWW.STATE.PA.US", "TRAILER", "TRUCK", "LET FREEDOM RING"), .91, .1, .4, face="slanted", ink="24468e"),), (.04, .96, .27, .78), "square", Emblem("keystone", .2, .3), "tl br", 1.6),
    Layout("PA", (("fade", (0, "3f7fd0"), (.3, "a8c8ea"), (.55, "f2f4f4"), (.8, "f4e4a0"), (1, "f0c83a")),), {"AAA*DDDD": 6, "AADDDDD": .4}, "22386e", Legend("PENNSYLVANIA", .1, .11, .48, face="block", ink="f2f4f6"),
           (Legend("WWW.STATE.PA.US", .92, .08, .45, face="serif", ink="24468e"),), (.04, .96, .26, .78), "square", Emblem("keystone", .2, .3), "tl bl", .8),
    # Rhode Island: wave and anchor
    Layout("RI", (("plain", "e9ecf0"), ("slashes", "c8d2de"), ("disc", .5, .6, .2, "f2f3f5")), {"AA-DDD": 7, "DDD-DDD": 6, "DDDDDD": 1, "DDDDD": .7}, "26407c", Legend("Rhode Island", .12, .15, .45, face="serif", ink="26407c"),
           (Legend("Ocean State", .9, .13, .42, face="serif", ink="26407c"),), (.06, .94, .27, .77), "round", stickers="br"),
    Layout("RI", (("fade", "eef4f6", "cfe6f0"), ("waves", .78, "6fb0d0", 4)), {"DAADDD": 1, "DAA DDD": 1, "AA-DDD": 2, "DDDDDD": 1}, "1f3a70", Legend("Rhode Island", .12, .15, .5, face="serif", ink="1f4a80"),
           (Legend("Ocean State", .9, .12, .4, face="script", ink="1f4a80"),), (.06, .94, .26, .76), "round", stickers="br", weight=.6),
    # South Carolina: palmetto and moon
    Layout("SC", (("fade", (0, "3f6a98"), (.25, "a8c0cc"), (.6, "f0d8b8"), (.85, "e08048"), (1, "8a3a28")),), {"AAA*DDD": 7, "DDD*AAA": 2}, "141418", Legend("South Carolina", .1, .12, .5, face="serif", ink="1c2c50"),
           (Legend("TRAVEL2SC.COM", .92, .08, .4, face="serif", ink="f2f2f0"),), (.04, .96, .24, .77), "round", Emblem("palmetto", .95, .62, -.03, rgb("24344c"), True), "bl br"),
    Layout("SC", (("fade", (0, "f4f4f2"), (.7, "e8ecf4"), (.85, "a8b8e0"), (1, "2a4a9a")), ("hills", .1, .06, "dfe4ee")), {"AAA DDD": 6, "AAA*DDD": 2, "DDDDAA": .6}, "22366e", Legend("South Carolina", .12, .16, .55, face="serif", ink="22366e"),
           (Legend("While I Breathe, I Hope", .93, .08, .5, face="script", ink="f2f4f8"),), (.04, .96, .26, .8), "round", Emblem("palmetto", .9, .6, 0, rgb("8a96b8"), True), "bl br"),
    # South Dakota: the four heads
    Layout("SD", (("fade", (0, "4f96dc"), (.4, "b8d4ec"), (.8, "e4e4dc"), (1, "2f5fae")), ("clouds", "e8e4d8", .6), ("hills", .6, .3, "dcd8c8", .8)), {"DAA DDD": 6, "DDA ADD": 3, "DAADDD": 1, "DDADDD": 1}, "22407e",
           Legend("South Dakota", .12, .18, .5, face="brush", ink="c0303a"), (Legend("GREAT FACES. GREAT PLACES.", .91, .09, .6, face="slanted", ink="c03a40"),), (.04, .96, .27, .78), "round", stickers="br"),
    # Tennessee: green hills, the outline as a long dash
    Layout("TN", (("fade", (0, "f2f3ee"), (.4, "eef2ea"), (1, "a8ccaa")), ("hills", .62, .14, "c4dcc4"), ("hills", .78, .1, "8fbc94")), {"DDD*AAA": 6, "AAA*DDD": 3, "ADD*DDA": 2, "DDDDAAA": .3}, "1c1c1f",
           Legend("Tennessee", .13, .17, .46, face="brush", ink="1c1c1f"), (Legend("The Volunteer State", .05, .05, .25, .62, "light", "303030"), Legend(("KNOX", "SHELBY"), .91, .11, .42, face="block", ink="1c1c1f"),),
           (.04, .96, .27, .78), "round", Emblem("tn", .14, .66), "tl tr", 1.2, county=.9),
    Layout("TN", (("plain", "24427e"),), {"AAA DDDD": 4, "DDD AAAD": 1, "AADDDDD": .4}, "f2f3f5", Legend("TENNESSEE", .12, .14, .5, face="block", ink="f2f3f5"), (Legend(("THE VOLUNTEER STATE", "IN GOD WE TRUST", "tnvacation.com"), .92, .08, .5, face="block", ink="f2f3f5"),),
           (.04, .96, .27, .78), "round", Emblem("star", .3, .3), "bl br", .6),
    # Texas
    Layout("TX", (("plain", "f2f3f4"),), {"AAA*DDDD": 8, "AAA*DDD": 1, "AADD*DDD": .3}, "1a1a1d", Legend("TEXAS", .13, .17, .36, face="wide", ink="1a1a1d"), (Legend("The Lone Star State", .91, .09, .45, face="script", ink="1a1a1d"),),
           (.04, .96, .28, .8), "round", Emblem("tx", .26, .32), "bl", 1.6),
    Layout("TX", (("fade", (0, "3f7fc8"), (.3, "dfe8f0"), (.7, "f2f2f0"), (1, "a8b8d0")), ("skyline", .95, .2, "3a5a90")), {"AAD*ADDD": 4, "DDD*AAA": 4, "ADD*AAA": 2}, "22366c", Legend("TEXAS", .11, .15, .34, face="wide", ink="b02a38"),
           (Legend(("The Lone Star State", "TRUCK"), .93, .08, .42, face="script", ink="22366c"),), (.04, .96, .27, .77), "round", Emblem("texas", .34, .42), "tl", 1.),
    Layout("TX", (("fade", (0, "27509c"), (.25, "9ab8dc"), (.5, "f0f2f4"), (1, "b04048")), ("clouds", "f2f4f6", .6), ("emblem", "star", .1, .2, .3, "f2f4f6")), {"AAD*ADDD": 5}, "17171c", Legend("TEXAS", .11, .17, .4, face="wide", ink="b02a38", edge="f2f4f6"),
           (Legend("The Lone Star State", .92, .1, .5, face="script", ink="22366c"),), (.05, .96, .27, .78), "round", Emblem("texas", .34, .4), "", .8),
    # Utah: arch, skier, or plain
    Layout("UT", (("fade", (0, "8fb8dc"), (.5, "e8d8c0"), (.52, "e8b878"), (1, "c87038")), ("emblem", "arch", .66, .55, .95, "d8622a")), {"ADD_DAA": 6, "DDD_AAA": 4, "ADDDAA": 1}, "22306c", Legend("UTAH", .12, .16, .3, face="serif", ink="1c2040"),
           (Legend(("LIFE ELEVATED", "CENTENNIAL", "1896 CENTENNIAL 1996"), .92, .08, .5, face="block", ink="1c2040"),), (.05, .95, .27, .77), "round", stickers="tl tr"),
    Layout("UT", (("fade", (0, "3f7fcc"), (.4, "a8cdf0"), (1, "f4f6f8")), ("peaks", .5, .4, "e8f0f6", .8)), {"ADD_DAA": 3, "DDD_AAA": 2, "DADDA": .5}, "1c2448", Legend("UTAH", .12, .15, .3, face="wide", ink="1c3a7a"),
           (Legend(("GREATEST SNOW ON EARTH", "LIFE ELEVATED"), .92, .08, .6, face="block", ink="1c3a7a"),), (.05, .95, .27, .78), "round", stickers="tl tr", weight=.6),
    Layout("UT", (("plain", "1a1a1d"),), {"ADDDAA": 2, "DADDA": 2, "DAADD": 1}, "f0f0ee", Legend("UTAH", .13, .15, .3, face="die", ink="f0f0ee"), (), (.06, .94, .28, .84), "round", weight=.3),
    # Vermont: white on green
    Layout("VT", (("plain", "1f7a4c"), ("outline", .03, .22, .97, .8, "eef2ee"), ("outline", .034, .225, .966, .795, "eef2ee")), {"AAA DDD": 7, "DDDDD": 1, "DDDADDD": .5, "{trk}DDDDD": .5, "{trk}AAA DDD": .5, "DDDD": .5}, "eef2ee",
           Legend("Vermont", .11, .13, .4, face="serif", ink="eef2ee"), (Legend("Green Mountain State", .91, .08, .58, face="slanted", ink="eef2ee"),), (.06, .94, .28, .75), "vermont", stickers="br"),
    # Virginia: blue on white, dies with serifs before about 2010, round ones since
    Layout("VA", (("fade", "f2f3f4", "e8ecf0"),), {"AAA-DDDD": 9, "AAA DDDD": .5, "DDD-AAA": .5, "DDDDDDA": .2}, "24407e", Legend("VIRGINIA", .12, .14, .45, face="serif", ink="2a50a0"), (Legend((" ", " ", "400th Anniversary", "Virginia is for Lovers", "1607 - 2007"), .92, .09, .5, face=None, ink="b03038"),),
           (.04, .96, .27, .78), "virginia", stickers="tl tr", weight=1.3),
    Layout("VA", (("fade", "f2f3f4", "e8ecf0"),), {"AAA-DDDD": 9, "AADDDD": .5}, "24407e", Legend("VIRGINIA", .12, .14, .45, face="serif", ink="2a50a0"), (Legend((" ", "VIRGINIA IS FOR LOVERS"), .92, .09, .5, face="serif", ink="b03038"),), (.04, .96, .27, .78), "round", stickers="tl tr"),
    Layout("VA", (("fade", (0, "7fb8e0"), (.5, "e8f0f2"), (.75, "a8d0b0"), (1, "f0e8c8")), ("hills", .62, .1, "8fb4d8")), {"AAA-DDDD": 4, "DDDDAA": 3, "AADDDD": 1}, "22306c", Legend("VIRGINIA", .12, .14, .45, face="serif", ink="2a50a0"), (),
           (.04, .96, .28, .78), "virginia", stickers="tl tr", weight=.5),
    # Washington: Mount Rainier
    Layout("WA", (("fade", "f0f2f4", (.5, "e4ebf2"), "b8d0e8"), ("peaks", .72, .3, "b8d0ea"), ("emblem", "diamond", .5, .42, .4, "dfe8f2", .8)), {"DDD-AAA": 6, "AAADDDD": 4, "ADDDDDA": 1, "DDDDD-A": .3, "{sn}DDDDD": .3}, "22346c",
           Legend("WASHINGTON", .13, .13, .48, .38, face="block", ink="b83040"), (Legend("EVERGREEN STATE", .91, .1, .5, face="block", ink="b83040"),), (.04, .96, .27, .79), "round", stickers="tr", weight=1.2),
    # West Virginia
    Layout("WV", (("plain", "eff1f2"), ("band", 0, .2, "22448a"), ("band", .83, .85, "e8b830"), ("band", .97, 1, "22448a")), {"DA DDDD": 4, "DAA DDD": 5, "DA*DDDD": 1, "AAA DDD": .8, "AADDD": .5}, "22387a",
           Legend("West Virginia", .11, .14, .5, face="serif", ink="f0c43a"), (Legend("Wild, Wonderful", .91, .1, .5, face="serif", ink="22448a"),), (.05, .95, .27, .8), "round", Emblem("wv", .3, .4), "br"),
    # Wisconsin
    Layout("WI", (("plain", "eff1f0"), ("band", .0, .05, "c83a38")), {"DDD-AAA": 8, "AAA-DDD": 2, "AAA-DDDD": 4, "AA-DDDD": .3, "AADDDD": .4}, "1a1a1d", Legend("WISCONSIN", .13, .14, .45, .36, face="block", ink="b8262e"),
           (Legend("America's Dairyland", .91, .1, .5, face="slanted", ink="b8262e"),), (.04, .96, .27, .78), "round", stickers="bl br", weight=1.2),
    Layout("WI", (("plain", "eff1f0"), ("skyline", .2, .1, "e09040"), ("band", .2, .225, "5aa060")), {"AAA-DDD": 5}, "b02630", Legend("WISCONSIN", .12, .14, .45, .36, face="block", ink="b8262e"),
           (Legend("America's Dairyland", .91, .1, .5, face="slanted", ink="b8262e"),), (.04, .96, .28, .78), "round", stickers="bl br", weight=.4),
    # Wyoming: the bucking horse after the county's number
    Layout("WY", (("fade", (0, "3f90dc"), (.5, "cfe0ee"), (.85, "d8d0b8"), (1, "6a9a50")), ("emblem", "arch", .7, .5, .8, "c8b890", .8)), {"D*DDDA": 3, "DD*DDDA": 3, "{DD}*DDDA": 2, "D*DDAA": 1, "{DD}*DDAA": 1, "D*DDDDD": 2, "DD*DDDDD": 1},
           "141418", Legend("WYOMING", .87, .13, .45, .68, face="serif", ink="17171c", edge="e8ece8"), (), (.04, .96, .26, .77), "round", Emblem("rider", 1.58, 1., -.09, stiff=True), "tl", .9),
    Layout("WY", (("fade", (0, "f2f3f4"), (.7, "e4ecf2"), (1, "a8c4cc")),), {"D*DDD{AA}": 4, "{DD}*DDD{AA}": 2, "D*DDDDA": 1, "D*DDDD": 1}, "26305c", Legend("Wyoming", .13, .18, .5, .68, face="serif", ink="26407c"),
           (Legend((" ", "TRUCK", "1890 Centennial 1990"), .9, .1, .4, face="block", ink="26305c"),), (.04, .96, .28, .78), "round", Emblem("rider", 1.5, .95, -.09, stiff=True), "tl", .6),
    Layout("WY", (("fade", (0, "2a5a9a"), (.5, "a8c0d8"), (1, "c8a878")), ("peaks", .6, .4, "8a9ab0"), ("hills", .85, .1, "8a6a48")), {"D*DDDDD": 3, "DD*DDDDD": 3, "{DD}*DDDDD": .7}, "141418", Legend("WYOMING", .11, .14, .5, face="serif", ink="f2f2f0", edge="202428"), (),
           (.04, .96, .25, .8), "round", Emblem("rider", 1.4, .9, -.03, stiff=True), "tl", .7),
    Layout("WY", (("fade", (0, "dfe6ee"), (1, "ced8dc")),), {"D*DDD{AA}": 4, "D*DDDDA": 1, "D*DDDD": 2}, "b83246", Legend("Wyoming", .17, .2, .5, .68, face="serif", ink="3a4c90"),
           (Legend("1890   Centennial   1990", .88, .09, .75, face="serif", ink="3a4c90"),), (.04, .96, .28, .77), "round", Emblem("rider", 1.5, .95, -.05, stiff=True), "tl", .4),
    Layout("WY", (("plain", "e2a020"),), {"DD*DDDD": 3, "D*DDDD": 2, "D*DDDDD": 1}, "17171c", Legend("WYOMING", .87, .15, .42, .7, face="die", ink="17171c"), (Legend(("1939", " "), .87, .14, .2, .13, face="die", ink="17171c"),),
           (.04, .96, .1, .72), "round", Emblem("rider", 1.35, .85, .05, stiff=True), "tr", .25),
]
