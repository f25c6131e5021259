"""Plates that are no state's but are seen on its roads: Canada's provinces, Mexico's states, the federal government's."""
from drawing.canvas import rgb
from drawing.layouts import Emblem, Layout, Legend


def canada(name, serials, ink, legend, ground=(("plain", "f1f2f4"),), emblem=None, face="block", weight=1., **more):
    return Layout(None, ground, serials, ink, Legend(name, .13, .15, .5, face=face, ink=more.pop("name_ink", ink)),
                  (Legend(legend, .91, .1, .6, face=more.pop("legend_face", "block"), ink=more.pop("legend_ink", ink)),) if legend else (),
                  (.04, .96, .27, .78), "round", emblem, more.pop("stickers", "tr"), weight)


def mexico(ground, ink, serials, weight=1., name_ink=None):
    name = ("JALISCO", "NUEVO LEON", "TAMAULIPAS", "SONORA", "CHIHUAHUA", "BAJA CALIFORNIA", "DISTRITO FEDERAL", "CDMX", "COAHUILA", "GUANAJUATO", "MICHOACAN",
            "EDO. DE MEXICO", "VERACRUZ", "SINALOA", "PUEBLA", "ZACATECAS", "DURANGO", "SAN LUIS POTOSI", "QUERETARO")
    return Layout(None, ground, serials, ink, Legend(name, .12, .15, .6, face=None, ink=name_ink or ink),
                  (Legend(("TRASERA", "DELANTERA", "MEXICO", "TRANSPORTE PRIVADO AUTOMOVIL", "TIERRA DE GRANDEZA"), .91, .08, .6, face="condensed", ink=name_ink or ink),),
                  (.04, .96, .27, .79), "round", None, "", weight)


MEXICAN = {"AAA-DD-DD": 6, "AAA-DDD-A": 4, "AADDDDA": .8, "AA-DD-DDD": 1, "DDD-AAA": 1.5, "ADD-AAA": 1.5, "AAD-DDD-A": 1}

LAYOUTS = [
    canada("ONTARIO", {"AAAA*DDD": 9, "AAA*DDD": 2, "DDD*AAA": 1, "AADDDDD": 1.5, "DDDD AD": .5}, "2c4a92", "YOURS TO DISCOVER", emblem=Emblem("crown", .5, .4), weight=4, legend_face="condensed"),
    canada("ONTARIO", {"AAAA*DDD": 4}, "f0f2f6", "A PLACE TO GROW", (("fade", "2a4f9c", "5a80c8"),), Emblem("crown", .5, .4), weight=.5),
    canada("Québec", {"DDD AAA": 3, "ADD AAA": 5, "AAA DDD": 1, "DDDDD AA": .4, "FDDDDDD": .6, "LDDDDDD": .8}, "2455a4", "Je me souviens",
           (("plain", "f2f3f5"), ("emblem", "lily", .1, .13, .14, "2455a4"), ("emblem", "lily", .9, .13, .14, "2455a4")), weight=3, face="wide", legend_face="slanted", stickers=""),
    canada("British Columbia", {"AAA*DDD": 4, "DDD*AAA": 3, "AAD*DDA": 4, "AD*DDDA": 2, "AA DDDD": 1, "DDDD*AA": 1}, "2a3f8c", "Beautiful", emblem=Emblem("any", .6, .5, ink=rgb("c03038")), weight=3,
           face="slanted", legend_face="slanted"),
    canada("Alberta", {"AAA-DDDD": 6, "AAA-DDD": 4, "A-DDDDD": .6, "ADDDDD": .6}, "c02c34", "Wild Rose Country", weight=2.5, face="slanted"),
    canada("Manitoba", {"AAA DDD": 6, "AAADDD": 1}, "28356e", "FRIENDLY", (("fade", (0, "a8cce8"), (.6, "e8eef0"), (1, "a8c890")),), face="serif"),
    canada("Saskatchewan", {"DDD AAA": 6, "AAADDDD": .4}, "1f6a3c", "Land of Living Skies", (("fade", (0, "f0f4f0"), (1, "e0e8d0")),), face="serif", legend_face="slanted"),
    canada("NOVA SCOTIA", {"AAA DDD": 6, "DDDDAA": 1}, "28449a", "CANADA'S OCEAN PLAYGROUND", (("plain", "eef1f4"), ("emblem", "ship", .5, .55, .5, "c4d4ea", .8))),
    canada(("New Brunswick", "New Nouveau Brunswick"), {"AAA DDD": 6}, "b82c34", ("Be... in this place", " "), (("plain", "f1f2f4"),)),
    canada(("NEWFOUNDLAND LABRADOR", "Prince Edward Island", "Yukon"), {"AAA DDD": 5, "DDDDAA": 2, "DDDAA": 1, "AAADD": 2}, "28407c", ("Canada", "Birthplace of Confederation", "The Klondike"), face=None),
    mexico((("plain", "f1f2f2"), ("band", 0, .2, "2f7a4a"), ("band", .83, 1, "b8343c")), "1c1c20", MEXICAN, name_ink="f4f4f4"),
    mexico((("plain", "f1f2f2"),), "1c1c20", MEXICAN, 2),
    mexico((("fade", (0, "e8a860"), (.35, "f2f2f0"), (1, "b8d8b0")),), "20242a", MEXICAN),
    mexico((("plain", "eef0f1"), ("band", 0, .18, "7a2848"), ("band", .86, 1, "7a2848")), "1c1c20", MEXICAN, name_ink="f4f4f4"),
    Layout(None, (("plain", "f0f2f3"), ("band", 0, .1, "b8c8d8")), {"GDD DDDDA": 4, "GDD-DDDDA": 2, "GDDDDDA": 1}, "26408a", Legend("U.S. GOVERNMENT", .12, .11, .6, face="block", ink="26408a"),
           (Legend("FOR OFFICIAL USE ONLY", .9, .09, .7, face="block", ink="26408a"),), (.03, .97, .28, .78), "round", None, "", 1.2),
]
