"""Plates of Idaho to Montana, by state name: standard issues since about 1985."""
from drawing.canvas import rgb
from drawing.layouts import Emblem, Layout, Legend

COUNTIES = ("POLK", "LINN", "SCOTT", "JOHNSON", "STORY", "IN GOD WE TRUST")
SOUTHERN_COUNTIES = ("HINDS", "RANKIN", "MADISON", "HANCOCK")

LAYOUTS = [
    # Idaho: red above, mountains and firs below; county codes lead
    Layout("ID", (("fade", (0, "a8202a"), (.18, "c04048"), (.45, "eceae8"), (.7, "d4dcec"), (1, "8aa0cc")), ("peaks", .72, .12, "8fa4d2"), ("trees", .8, .12, "27356f")),
           {"DA DDDDD": 1, "DA ADDDD": 2.5, "DA AADDD": 1.5, "DA DDDDA": 1, "DA DDDA": 1, "DA DDD": .7, "A DDDDD": 1.5, "A ADDDD": .5, "DAADDDD": .8,
            "{DA}DDD DDD": 1, "{DA}DD DDD": 1.5, "{DA}DDDD": 1, "{DA}DDDDA": .6, "{A}DD DDD": .6, "{dlr}DDDD-DD": .4},
           "1d2144", Legend("IDAHO", .12, .15, .34, .57, "serif", "f4f2f0"),
           (Legend("Scenic", .15, .15, .22, .26, "script", "f4f2f0"), Legend("FAMOUS POTATOES", .93, .09, .52, face="serif", ink="f4f2f0"),), (.03, .97, .27, .78), "idaho", stickers="br", weight=1.5),
    Layout("ID", (("fade", (0, "a02028"), (.3, "c86068"), (.5, "f0eeea"), (1, "e4e8f0")), ("peaks", .78, .12, "a8b8dc")),
           {"DDDAAA": 2, "DDD AAA": 2, "DA*DDDDD": 1}, "1d2144", Legend("IDAHO", .12, .14, .4, face="serif", ink="f4f2f0"),
           (Legend(("CENTENNIAL", "Famous Potatoes"), .92, .1, .45, face="serif", ink="1d2144"),), (.05, .95, .28, .78), "idaho", Emblem("star", .3, .3), "br", .5),
    # Illinois: Lincoln behind red or blue digits
    Layout("IL", (("fade", (0, "f1f2f4"), (.55, "eef0f4"), (.75, "8fb0e4"), (1, "2f66b8")), ("emblem", "profile", .5, .52, .62, "9ab2dc", .7)),
           {"DDD_DDDD": 4, "ADD_DDDD": 5, "AD_DDDD": 1, "AA_DDDDD": 1, "DD DDDA": 1}, "98242c",
           Legend("Illinois", .13, .2, .5, face="script", ink="27509c"), (Legend("Land of Lincoln", .91, .1, .35, face="serif", ink="f2f4f8"),),
           (.03, .97, .27, .78), "illinois", stickers="tr", weight=1.4),
    Layout("IL", (("fade", (0, "8fc0e6"), (.4, "e8f0f6"), (1, "f2f2f2")), ("skyline", .9, .5, "c4d4e4"), ("emblem", "profile", .2, .5, .7, "b06058", .35)),
           {"AADDDDD": 3, "AA DDDDD": 2, "DDDDDDD": 1, "ADDDDDD": 1.5, "DDDDDDA": 1}, "a02630", Legend("ILLINOIS", .11, .13, .5, face="serif", ink="27406c"),
           (Legend("LAND OF LINCOLN", .92, .08, .45, face="serif", ink="27406c"),), (.04, .96, .25, .78), "illinois", stickers="tr"),
    # Indiana: torch and stars; later bridge, countryside
    Layout("IN", (("plain", "23418e"), ("emblem", "star", .14, .38, .1, "f0f0f0"), ("emblem", "zia", .14, .4, .42, "d8dce8")),
           {"DDDAAA": 5, "DDDDAAA": 1, "AAADDD": 1}, "f2f3f6", Legend("INDIANA", .84, .13, .38, face="serif", ink="f2f3f6"),
           (Legend(("49 - Marion", "29 - Hamilton", "20 - Elkhart", "02 - Allen", "45 - Lake"), .1, .09, .36, face="block", ink="f2f3f6"),), (.25, .96, .24, .74), "round",
           stickers="tl tr"),
    Layout("IN", (("fade", (0, "6aa8e0"), (.4, "e6f0f6"), (.7, "eef0e0"), (1, "6fa06a")), ("hills", .85, .08, "5a9058")), {"DDDAAA": 3, "DDDDA": 1, "AAADDD": 2, "DDDA": .7},
           "26407e", Legend("INDIANA", .12, .15, .45, face="serif", ink="26407e"), (Legend(("IN GOD WE TRUST", "BICENTENNIAL 1816-2016", "Restore Old Glory"), .92, .08, .5, face="serif", ink="26407e"),),
           (.06, .95, .26, .78), "round", stickers="tl br", county=.2),
    Layout("IN", (("fade", (0, "2f4f9c"), (.3, "7898d0"), (1, "e8eaf0")), ("emblem", "star", .5, .5, .6, "ffffff", .4)), {"DDDA": 1, "DDA DDDD": 2, "DDADDDD": 2, "AAA DDD": 1},
           "1f2f66", Legend("INDIANA", .12, .14, .42, face="serif", ink="f4f4f8"), (Legend("IN GOD WE TRUST", .92, .1, .6, face="serif", ink="a03038"),), (.05, .96, .27, .78),
           "round", stickers="tl br", weight=.6),
    # Iowa: skyline of farm and city
    Layout("IA", (("fade", (0, "4f86cc"), (.35, "c8dcf0"), (.8, "eef2f4"), (1, "bcc8d4")), ("skyline", .74, .3, "ccd6de")), {"DDD AAA": 7, "AAA DDD": 3, "DDDD AA": 1, "DDDDD AA": .3},
           "26408e", Legend("Iowa", .13, .18, .3, face="serif", ink="24489a"), (Legend(COUNTIES, .9, .1, .36, face="block", ink="2a6ab0"),),
           (.06, .94, .26, .76), "round", stickers="bl", county=.5),
    Layout("IA", (("fade", (0, "7aa8dc"), (.5, "f0f2f4"), (1, "f2f2ee")), ("hills", .86, .1, "3c7a4c"), ("hills", .92, .06, "2a4a80")), {"AAA DDD": 4, "AAADDD": 2}, "151518",
           Legend("IOWA", .12, .15, .3, face="serif", ink="1f3a80"), (Legend(COUNTIES, .91, .1, .4, face="block", ink="f2f4f6"),), (.06, .94, .27, .77), "round", stickers="bl", county=.5),
    # Kansas: the seal
    Layout("KS", (("fade", "aabcd8", "d4dce8"), ("emblem", "seal", .5, .5, .7, "c4d0e2", .6), ("band", 0, .2, "9ab0d4")), {"DDD AAA": 6, "AAA DDD": 1, "DDDD AAA": .5}, "1a2040",
           Legend("KANSAS", .11, .13, .5, face="serif", ink="1f3a80"), (), (.05, .95, .28, .82), "round", stickers="tl tr"),
    Layout("KS", (("fade", "f6e2a0", (.5, "f4ecd4"), "d8d0a0"), ("hills", .8, .1, "c8b060")), {"AAA DDD": 4, "DDD AAA": 2, "DDDD AAA": .5, "DDDDAAA": 1}, "202a5a",
           Legend("Kansas", .12, .17, .42, face="serif", ink="202a5a"), (Legend("TO THE STARS", .93, .08, .4, face="serif", ink="202a5a"),), (.05, .95, .26, .78), "round", weight=.8),
    # Kentucky
    Layout("KY", (("fade", (0, "5f92d4"), (.3, "dfe8f2"), (1, "f4f5f4")),), {"DDD*AAA": 8, "AAA*DDD": 3}, "1f2c58", Legend("Kentucky", .13, .18, .5, face="italic", ink="24428a"),
           (Legend(("IN GOD WE TRUST", "FAYETTE", "KENTON"), .91, .1, .4, face="block", ink="24428a"),), (.05, .95, .27, .76), "round", Emblem("ky", .22, .5, ink=rgb("b8c4d8")), "br", county=.7),
    Layout("KY", (("fade", (0, "6fb4e8"), (.5, "e8f2f8"), (1, "f4f6f4")), ("grass", "4f9a4a", 50, .2)), {"AAADDD": 3, "ADADDD": 2, "ADAADD": 1}, "1a1a20",
           Legend("KENTUCKY", .12, .14, .5, face="block", ink="1f3f8a"), (Legend(("TEAM KENTUCKY", "IN GOD WE TRUST", "BLUEGRASS STATE"), .92, .09, .5, face="block", ink="1f3f8a"),),
           (.06, .94, .27, .77), "round", stickers="br", county=.4),
    # Louisiana: pelican or the Purchase's compass
    Layout("LA", (("fade", (0, "f2f2ee"), (.6, "f0ece0"), (1, "c8b890")), ("emblem", "pelican", .5, .52, .55, "b0a68c", .8)), {"AAA_DDD": 6, "DDD_AAA": 3}, "1a1e30",
           Legend("Louisiana", .13, .19, .5, face="brush", ink="c0303a"), (Legend("Sportsman's Paradise", .91, .11, .5, face="serif", ink="b0303a"),), (.04, .96, .27, .78), "round",
           stickers="br"),
    Layout("LA", (("plain", "f0f1f0"),), {"AAA*DDD": 5, "ADDDDDD": 3, "AAA DDD": 2, "ADDDDDDD": .3}, "27407e", Legend("Louisiana", .13, .18, .5, face="brush", ink="c0303a"),
           (Legend(("SPORTSMAN'S PARADISE", "Louisiana Purchase", "TRUCK"), .9, .1, .52, face=None, ink="27407e"),), (.04, .96, .27, .78), "round",
           Emblem("seal", .5, .55, ink=rgb("27407e")), "br"),
    # Maine: chickadee with cone on the left
    Layout("ME", (("plain", "f0efe8"), ("emblem", "bird", .1, .55, .5, "5a5248", .8), ("trees", .84, .1, "2c4a38")), {"DDDD AA": 6, "DDDDAA": 1, "DDD AA": .5, "DDD.AAA": 1, "AAA-DDD": .3}, "1c1c1e",
           Legend("MAINE", .12, .13, .4, face="serif", ink="202024"), (Legend("Vacationland", .92, .11, .36, face="script", ink="f4f4f0"),), (.16, .97, .25, .77), "round", stickers="tr br"),
    Layout("ME", (("plain", "f2f1ec"), ("emblem", "saguaro", .11, .5, .5, "c03030", .9)), {"DDD.AAA": 4, "DDDDAA": 1}, "1c1c1e", Legend("MAINE", .12, .13, .4, face="serif", ink="202024"),
           (Legend(("Lobster", "SUPPORT WILDLIFE", "We Support Our Troops", "ANTIQUE AUTO"), .91, .11, .4, face=None, ink="a03030"),), (.2, .97, .25, .77), "round", stickers="tr br", weight=.4),
    # Maryland: shield between groups; later the flag
    Layout("MD", (("plain", "f0f1f0"),), {"AAA*DDD": 5, "DAA*DDD": 1, "AAA*DAD": .5, "DDD*DDA": 1.5, "DAA*ADD": 3, "DDDADDD": .7}, "1a1a1e", Legend("Maryland", .12, .16, .42, face="script", ink="27272c"),
           (Legend(("www.maryland.gov", " "), .91, .1, .45, face="slanted", ink="27272c"),), (.04, .96, .27, .78), "round", Emblem("shield", .55, .5), "tl tr", 1.2),
    Layout("MD", (("fade", (0, "f2f2ee"), (.7, "f0eee4"), (1, "e8d070")), ("peaks", .92, .1, "c03a3a"), ("band", .96, 1, "202020")), {"DAADDDD": 5, "ADDDDDD": 1}, "1a1a1e",
           Legend("MARYLAND", .12, .14, .5, face="block", ink="202024"), (Legend("MARYLAND.GOV", .93, .07, .3, face="block", ink="f4f4f0"),), (.04, .96, .26, .78), "round", stickers="tl tr"),
    Layout("MD", (("fade", (0, "9cc4e4"), (.4, "eef2f0"), (1, "f2f4ee")), ("emblem", "heron", .5, .5, .62, "5a90c0", .9), ("grass", "3a8a5a", 30, .4)), {"DDD_AAA": 3, "AAA_DDA": 2, "DDDAAD": 1}, "24543c",
           Legend("Maryland", .12, .16, .42, face="serif", ink="2a5fa0"), (Legend("Treasure the Chesapeake", .9, .11, .6, face="slanted", ink="2a6ab0"),), (.05, .95, .27, .78), "round", weight=.6),
    Layout("MD", (("fade", (0, "d02020"), (.4, "f08a28"), (.7, "f4c43a"), (1, "f0d860")), ("skyline", .92, .2, "902018")), {"ADDDDDD": 3}, "17171a",
           Legend("Maryland", .12, .16, .42, face="script", ink="f8f0e0"), (Legend("Our Farms, Our Future", .92, .09, .5, face="script", ink="202020"),), (.05, .95, .26, .76), "round", weight=.4),
    # Massachusetts: red on white
    Layout("MA", (("fade", "eef2f4", "f2f2f0"),), {"DDD AAD": 3, "DDA ADD": 4, "DAA ADD": .5, "DDDD AA": 2, "DAADDD": 1, "DDDAAD": 2, "DAAADD": 1, "DDDAAA": 1}, "b8262e",
           Legend("Massachusetts", .12, .15, .55, face="italic", ink="24489a"), (Legend("The Spirit of America", .91, .11, .55, face="italic", ink="24489a"),), (.04, .96, .26, .78), "round", stickers="tl tr", weight=1.2),
    # Michigan: blue, square-cut dies; later "Pure Michigan"
    Layout("MI", (("plain", "eef0f2"), ("band", 0, .2, "2a52a8")), {"AAA DDDD": 8, "AAADDDD": 1}, "2a52a8", Legend("MICHIGAN", .1, .12, .45, face="serif", ink="f2f4f8"),
           (Legend("www.Michigan.gov", .91, .1, .45, face="serif", ink="2a52a8"),), (.05, .95, .28, .78), "square", stickers="tr"),
    Layout("MI", (("fade", (0, "2a66b8"), (.2, "dfe8f0"), (1, "f0f2f2")),), {"DAA ADD": 5, "AAA DDDD": 2, "AAA DDD": 1}, "2a4a90", Legend("MICHIGAN", .11, .13, .5, face="block", ink="24489a"),
           (Legend(("PURE MICHIGAN", "GREAT LAKES SPLENDOR", "Water-Winter Wonderland"), .91, .1, .5, face=None, ink="24489a"),), (.05, .95, .27, .78), "square", stickers="tr"),
    Layout("MI", (("fade", (0, "3f8ad8"), (.45, "f0d8c8"), (.6, "f0b090"), (1, "6fb8e8")), ("disc", .5, .5, .14, "f0a070"), ("waves", .62, "3f8ac8")), {"DAA ADD": 2, "DAAADD": 2}, "24429a",
           Legend("MICHIGAN", .1, .12, .45, face="serif", ink="f4f6fa"), (Legend("Great Lakes Splendor", .91, .1, .5, face="slanted", ink="24429a"),), (.05, .95, .27, .77), "square", weight=.5),
    # Minnesota
    Layout("MN", (("fade", (0, "4f96d8"), (.3, "a8cdec"), (1, "cfe4f4")), ("trees", .2, .06, "3a6a80"), ("band", .3, 1, "c4dff2")), {"AAA*DDD": 5, "DDD*AAA": 5}, "23429a",
           Legend(("Minnesota", "Minnesota", "Minnesota.com"), .12, .14, .45, .53, "serif", "1f3f8a"), (Legend("EXPLORE", .14, .07, .2, .18, "serif", "1f3f8a"), Legend("10,000 lakes", .91, .1, .38, face="serif", ink="1f3f8a"),), (.04, .96, .27, .77),
           "square", Emblem("mn", .32, .4), "bl br", 1.1),
    # Mississippi: magnolia, lighthouse, guitar, seal
    Layout("MS", (("fade", (0, "a8cc90"), (.4, "e6efe0"), (1, "c8d8b0")), ("emblem", "magnolia", .5, .52, .6, "8aa080", .8)), {"AAA_DDD": 5, "DDD_AAA": 4, "DDDAAD": 1}, "26345c",
           Legend("MISSISSIPPI", .12, .14, .5, face="serif", ink="26345c"), (Legend(SOUTHERN_COUNTIES, .91, .1, .35, face="block", ink="26345c"),), (.04, .96, .26, .77), "round",
           Emblem("magnolia", .4, .5), "bl br", .8, county=.9),
    Layout("MS", (("fade", (0, "b8a0cc"), (.4, "e8dce4"), (.7, "f4dc80"), (1, "e0b840")), ("emblem", "lighthouse", .5, .52, .6, "4a3a50", .9)), {"AAA_DDD": 6, "DDD_AAA": 1}, "26305c",
           Legend("MISSISSIPPI", .1, .13, .5, face="serif", ink="26305c"), (Legend(SOUTHERN_COUNTIES, .91, .1, .35, face="block", ink="26305c"),), (.04, .96, .27, .77), "round", stickers="bl br", county=.9),
    Layout("MS", (("fade", "eef0f0", "dfe6ea"), ("emblem", "seal", .5, .5, .6, "b8a060", .7)), {"AAA_DDDD": 5, "AAA_DDD": 2, "AAADDDD": 2}, "1f2a50", Legend("MISSISSIPPI", .12, .14, .5, face="serif", ink="1f2a50"),
           (Legend(SOUTHERN_COUNTIES, .91, .1, .35, face="block", ink="1f2a50"),), (.04, .96, .26, .77), "round", stickers="bl br", county=.9, weight=.8),
    # Missouri: the state's outline round a sticker
    Layout("MO", (("fade", "dfe8f4", (.5, "f4f5f6"), "e6ecf4"), ("emblem", "mo", .5, .55, .7, "ccd6e6", .7)), {"AAD#ADA": 5, "AAD_ADA": 2, "AAD ADA": 2, "DAA#DDA": .5}, "26407c",
           Legend(("Missouri", "MISSOURI"), .11, .15, .42, face="italic", ink="1f3a78"), (Legend(("SHOW-ME STATE", "BICENTENNIAL"), .2, .06, .3, face="block", ink="1f3a78"),), (.03, .97, .28, .8), "round",
           stickers="tl"),
    Layout("MO", (("fade", (0, "f2f4f2"), (.75, "e8f0e8"), (1, "3f8a5a")),), {"DDD AAA": 5, "AAA DDD": 3}, "27407e", Legend("MISSOURI", .11, .14, .45, face="serif", ink="2a7a50"),
           (Legend("SHOW-ME STATE", .91, .1, .5, face="block", ink="1f3a6a"),), (.04, .96, .26, .78), "round", stickers="bl br", weight=.6),
    # Montana: the outline frames the serial
    Layout("MT", (("plain", "2c55a4"), ("emblem", "mt", .5, .5, .85, "4470bc")), {"D-DDDDDA": 4, "DD-DDDDA": 3, "DDDDDDA": 2, "AAADDD": 1}, "f0f2f6", Legend("MONTANA", .86, .11, .4, face="block", ink="f0f2f6"),
           (Legend("TREASURE STATE", .12, .08, .45, face="block", ink="f0f2f6"),), (.06, .95, .3, .74), "round", stickers="tr"),
    Layout("MT", (("fade", (0, "5f86c0"), (.4, "dfe6ee"), (1, "c8d0dc")), ("peaks", .65, .3, "8a9ab8"), ("peaks", .8, .2, "5a6a90")), {"D-DDDDA": 3, "DD-DDDA": 2, "D-DDDDDA": 2}, "1c2448",
           Legend("MONTANA", .13, .15, .5, face=None, ink="24366a", edge="ffffff"), (Legend(("TREASURE STATE", "BIG SKY COUNTRY"), .92, .08, .45, face="block", ink="f2f4f6"),), (.05, .95, .28, .78), "round", weight=.6),
]
