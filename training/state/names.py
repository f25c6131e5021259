"""What names a state on a plate: its name as printed, and the mottoes and addresses that only its plates bear.

`WORDS` holds, for each of the 51 jurisdictions, (text, where, share): the text in A–Z, # for a digit and blanks, with dots,
commas and apostrophes left out as the network leaves them out; where it stands, "t" above or "b" below the registration or "tb" for
both; and how often a plate of that state bears it there, roughly, on the plates of the last forty years. Mottoes were collected from
the public samples in data/designs and from the states' own pages; a motto that two jurisdictions use ("In God We Trust") is left out.
"""

WORDS = {
    "al": [("ALABAMA", "b", .6), ("ALABAMA", "t", .4), ("HEART OF DIXIE", "tb", .25), ("STARS FELL ON", "t", .2), ("SWEET HOME", "t", .2)],
    "ak": [("ALASKA", "t", .9), ("ALASKA", "b", .1), ("THE LAST FRONTIER", "b", .4), ("CELEBRATING STATEHOOD", "b", .2)],
    "az": [("ARIZONA", "t", .9), ("ARIZONA", "b", .1), ("GRAND CANYON STATE", "b", .8)],
    "ar": [("ARKANSAS", "t", .95), ("THE NATURAL STATE", "b", .8), ("LAND OF OPPORTUNITY", "b", .1)],
    "ca": [("CALIFORNIA", "t", .95), ("DMVCAGOV", "b", .3), ("THE GOLDEN STATE", "b", .05)],
    "co": [("COLORADO", "b", .7), ("COLORADO", "t", .3), ("COLORFUL COLORADO", "tb", .03)],
    "ct": [("CONNECTICUT", "t", .95), ("CONSTITUTION STATE", "b", .8)],
    "dc": [("WASHINGTON DC", "t", .9), ("WASHINGTON D", "t", .5), ("TAXATION WITHOUT REPRESENTATION", "b", .8), ("DISTRICT OF COLUMBIA", "tb", .1),
           ("NATIONS CAPITAL", "b", .05), ("CELEBRATE DISCOVER", "b", .1), ("A CAPITAL CITY", "b", .03)],
    "de": [("DELAWARE", "b", .8), ("DELAWARE", "t", .2), ("THE FIRST STATE", "t", .8), ("THE FIRST STATE", "b", .1)],
    "fl": [("FLORIDA", "t", .6), ("MYFLORIDACOM", "t", .4), ("FLORIDA", "b", .1), ("SUNSHINE STATE", "b", .5)],
    "ga": [("GEORGIA", "t", .8), ("GEORGIAGOV", "t", .3), ("PEACH STATE", "b", .1), ("GEORGIA ON MY MIND", "t", .1), ("GEORGIA", "b", .1)],
    "hi": [("HAWAII", "t", .95), ("ALOHA STATE", "b", .95)],
    "id": [("IDAHO", "t", .9), ("SCENIC IDAHO", "t", .6), ("FAMOUS POTATOES", "b", .8), ("IDAHO", "b", .1)],
    "il": [("ILLINOIS", "t", .9), ("LAND OF LINCOLN", "b", .7), ("ILLINOIS", "b", .1)],
    "in": [("INDIANA", "b", .6), ("INDIANA", "t", .5), ("BACK HOME AGAIN", "b", .05), ("HOOSIER STATE", "b", .05), ("LINCOLNS BOYHOOD HOME", "b", .1),
           ("WWWINGOV", "t", .2), ("AMBER WAVES OF GRAIN", "b", .05), ("CROSSROADS OF AMERICA", "b", .05), ("BICENTENNIAL #### ####", "b", .05)],
    "ia": [("IOWA", "t", .95), ("IOWA", "b", .05), ("THE CORN STATE", "b", .02)],
    "ks": [("KANSAS", "t", .95), ("TO THE STARS", "b", .05), ("THE WHEAT STATE", "b", .02)],
    "ky": [("KENTUCKY", "t", .85), ("UNBRIDLED SPIRIT", "tb", .4), ("BLUEGRASS STATE", "tb", .25), ("KENTUCKY", "b", .15), ("ITS THAT FRIENDLY", "t", .03)],
    "la": [("LOUISIANA", "t", .95), ("SPORTSMANS PARADISE", "b", .7), ("LOUISIANA PURCHASE", "b", .05), ("BAYOU STATE", "b", .03)],
    "me": [("MAINE", "t", .95), ("VACATIONLAND", "b", .85)],
    "md": [("MARYLAND", "t", .85), ("WWWMARYLANDGOV", "b", .4), ("MARYLAND", "b", .1), ("TREASURE THE CHESAPEAKE", "b", .05), ("WAR OF ####", "t", .1),
           ("MARYLAND PROUD", "b", .05)],
    "ma": [("MASSACHUSETTS", "t", .95), ("THE SPIRIT OF AMERICA", "b", .8)],
    "mi": [("MICHIGAN", "t", .85), ("WWWMICHIGANGOV", "b", .4), ("GREAT LAKES", "tb", .3), ("GREAT LAKES SPLENDOR", "b", .2), ("PURE MICHIGAN", "t", .2),
           ("MICHIGANORG", "b", .15), ("SPECTACULAR PENINSULAS", "b", .05), ("WATER WINTER WONDERLAND", "b", .05), ("MICHIGAN", "b", .1)],
    "mn": [("MINNESOTA", "t", .9), ("##### LAKES", "b", .8), ("EXPLORE MINNESOTA", "t", .7), ("EXPLOREMINNESOTACOM", "b", .1)],
    "ms": [("MISSISSIPPI", "t", .95), ("MAGNOLIA STATE", "b", .03), ("BIRTHPLACE OF AMERICAS MUSIC", "tb", .08), ("HOSPITALITY STATE", "tb", .03)],
    "mo": [("MISSOURI", "t", .95), ("SHOW ME STATE", "tb", .8)],
    "mt": [("MONTANA", "b", .5), ("MONTANA", "t", .5), ("BIG SKY COUNTRY", "tb", .15), ("BIG SKY", "tb", .25), ("TREASURE STATE", "tb", .3)],
    "ne": [("NEBRASKA", "t", .9), ("NEBRASKA", "b", .1), ("THE GOOD LIFE", "b", .05), ("CORNHUSKER STATE", "b", .05), ("WWWNEBRASKAGOV", "tb", .2)],
    "nv": [("NEVADA", "t", .95), ("THE SILVER STATE", "b", .7), ("HOME MEANS NEVADA", "b", .2)],
    "nh": [("HAMPSHIRE", "b", .7), ("NEW HAMPSHIRE", "b", .2), ("NEW HAMPSHIRE", "t", .2), ("HAMPSHIRE", "t", .1), ("LIVE FREE OR DIE", "t", .75),
           ("LIVE FREE OR DIE", "b", .2)],
    "nj": [("NEW JERSEY", "t", .9), ("GARDEN STATE", "b", .8), ("NEW JERSEY", "b", .1)],
    "nm": [("NEW MEXICO", "b", .6), ("NEW MEXICO", "t", .4), ("LAND OF ENCHANTMENT", "b", .85), ("NEW MEXICO USA", "tb", .5),
           ("CHILE CAPITAL OF THE WORLD", "b", .05)],
    "ny": [("NEW YORK", "t", .9), ("THE EMPIRE STATE", "b", .4), ("EMPIRE STATE", "b", .5), ("EXCELSIOR", "b", .1), ("NEW YORK", "b", .05)],
    "nc": [("NORTH CAROLINA", "b", .75), ("NORTH CAROLINA", "t", .25), ("FIRST IN FLIGHT", "t", .6), ("FIRST IN FREEDOM", "t", .1),
           ("FIRST IN FLIGHT", "b", .1)],
    "nd": [("NORTH DAKOTA", "b", .7), ("NORTH DAKOTA", "t", .3), ("PEACE GARDEN STATE", "b", .7), ("DISCOVER THE SPIRIT", "t", .7), ("LEGENDARY", "b", .2)],
    "oh": [("OHIO", "t", .95), ("BIRTHPLACE OF AVIATION", "tb", .5), ("BEAUTIFUL OHIO", "b", .05), ("THE HEART OF IT ALL", "tb", .15),
           ("SUNRISE IN OHIO", "b", .05), ("OHIO", "b", .05), ("DISCOVEROHIOCOM", "b", .1)],
    "ok": [("OKLAHOMA", "t", .8), ("OKLAHOMA", "b", .2), ("NATIVE AMERICA", "b", .6), ("EXPLORE OKLAHOMA", "tb", .1), ("TRAVELOKCOM", "b", .2), ("IMAGINE THAT", "b", .05),
           ("OKLAHOMA IS OK", "tb", .05)],
    "or": [("OREGON", "t", .95), ("PACIFIC WONDERLAND", "b", .1), ("OREGON", "b", .03), ("OREGON TRAIL", "b", .03)],
    "pa": [("PENNSYLVANIA", "t", .9), ("VISITPACOM", "b", .5), ("KEYSTONE STATE", "b", .15), ("PENNSYLVANIA", "b", .1), ("WWWSTATEPAUS", "b", .15),
           ("YOUVE GOT A FRIEND IN", "t", .05), ("MEMORIES LAST A LIFETIME", "t", .02), ("LET FREEDOM RING", "b", .05)],
    "ri": [("RHODE ISLAND", "t", .95), ("OCEAN STATE", "b", .85), ("BEAUTIFUL RHODE ISLAND", "t", .05)],
    "sc": [("SOUTH CAROLINA", "t", .85), ("SOUTH CAROLINA", "b", .15), ("TRAVEL#SCCOM", "b", .25), ("SMILING FACES BEAUTIFUL PLACES", "b", .25),
           ("SMILING FACES", "tb", .1), ("WHILE I BREATHE I HOPE", "b", .3)],
    "sd": [("SOUTH DAKOTA", "t", .85), ("SOUTH DAKOTA", "b", .1), ("GREAT FACES GREAT PLACES", "b", .8)],
    "tn": [("TENNESSEE", "t", .85), ("TENNESSEE", "b", .15), ("VOLUNTEER STATE", "tb", .5), ("TNVACATIONCOM", "tb", .3), ("SOUNDS GOOD TO ME", "b", .1)],
    "tx": [("TEXAS", "t", .95), ("THE LONE STAR STATE", "b", .8), ("LONE STAR STATE", "b", .1), ("TEXAS", "b", .05)],
    "ut": [("UTAH", "t", .9), ("UTAH", "b", .1), ("LIFE ELEVATED", "tb", .4), ("GREATEST SNOW ON EARTH", "tb", .3), ("SKI UTAH", "t", .1)],
    "vt": [("VERMONT", "t", .95), ("GREEN MOUNTAIN STATE", "b", .9), ("VERMONT", "b", .05)],
    "va": [("VIRGINIA", "t", .75), ("VIRGINIA", "b", .25), ("VIRGINIA IS FOR LOVERS", "b", .15), ("###TH ANNIVERSARY", "b", .08)],
    "wa": [("WASHINGTON", "t", .95), ("EVERGREEN STATE", "b", .85), ("WASHINGTON", "b", .02)],
    "wv": [("WEST VIRGINIA", "t", .95), ("WILD WONDERFUL", "b", .7), ("ALMOST HEAVEN", "b", .1), ("MOUNTAIN STATE", "b", .05), ("WEST VIRGINIA", "b", .05)],
    "wi": [("WISCONSIN", "t", .95), ("AMERICAS DAIRYLAND", "b", .85), ("WISCONSIN", "b", .03)],
    "wy": [("WYOMING", "b", .6), ("WYOMING", "t", .4), ("FOREVER WEST", "b", .05)],
}

# Parts of these that no other state's plates bear: one misread letter hides a motto of thirty, but not all of its words. RKANSAS keeps an
# Arkansas whose A was lost from being a Kansas. Drawn they are only as parts of the whole.
PARTS = {
    "ar": [("RKANSAS", "t", .5), ("AKANSAS", "t", .6), ("NATURAL", "b", .6)], "az": [("GRAND CANYON", "b", .7), ("CANYON", "b", .5)], "ct": [("CONSTITUTION", "b", .7)],
    "dc": [("TAXATION", "b", .8), ("WITHOUT", "b", .7), ("REPRESENTATION", "b", .7)], "fl": [("SUNSHINE", "b", .4), ("FLORIDACOM", "t", .4)],
    "id": [("POTATOES", "b", .7), ("FAMOUS", "b", .6)], "la": [("SPORTSMAN", "b", .7), ("PARADISE", "b", .6), ("PURCHASE", "b", .05)],
    "ma": [("THE SPIRIT OF", "b", .6), ("SPIRIT OF AMERICA", "b", .6)], "me": [("VACATION", "b", .3)], "mi": [("MICHIGANGOV", "b", .4)],
    "md": [("MARYLANDGOV", "b", .4), ("CHESAPEAKE", "b", .1)], "nd": [("PEACE GARDEN", "b", .5), ("DISCOVER THE", "t", .5)], "nj": [("JERSEY", "t", .8)],
    "nm": [("MEXICO", "tb", .5), ("ENCHANTMENT", "b", .7)], "nv": [("SILVER STATE", "b", .6)], "oh": [("AVIATION", "tb", .4)], "pa": [("PENNSYL", "t", .5)],
    "ri": [("RHODE", "t", .6), ("OCEAN", "b", .5)], "sd": [("GREAT FACES", "b", .7), ("GREAT PLACES", "b", .7)], "tx": [("LONE STAR", "b", .7)],
    "vt": [("GREEN MOUNTAIN", "b", .7)], "wa": [("EVERGREEN", "b", .7)], "wi": [("DAIRYLAND", "b", .7)], "wv": [("EST VIRGINIA", "t", .5)], "ny": [("EMPIRE", "b", .5)],
    "tn": [("VOLUNTEER", "tb", .3)], "nh": [("LIVE FREE", "t", .6), ("FREE OR DIE", "t", .6)], "il": [("OF LINCOLN", "b", .5)], "hi": [("ALOHA", "b", .8)],
    "mn": [("EXPLORE MINN", "t", .5)], "ky": [("UNBRIDLED", "tb", .3), ("BLUEGRASS", "tb", .2)],
}

# As printed, where the text in WORDS lacks what is printed with it. Others are printed as they stand there, in any case.
PRINTED = {
    "WASHINGTON DC": ["Washington, D.C.", "WASHINGTON, DC", "Washington DC"], "WASHINGTON D": ["Washington, D.C."], "MYFLORIDACOM": ["MYFLORIDA.COM"], "GEORGIAGOV": ["GEORGIA.gov"],
    "DMVCAGOV": ["dmv.ca.gov"], "NATIONS CAPITAL": ["Nation's Capital"], "CELEBRATE DISCOVER": ["Celebrate & Discover"], "WWWINGOV": ["www.IN.gov"],
    "LINCOLNS BOYHOOD HOME": ["Lincoln's Boyhood Home"], "ITS THAT FRIENDLY": ["It's that friendly"], "SPORTSMANS PARADISE": ["Sportsman's Paradise"],
    "WWWMARYLANDGOV": ["www.maryland.gov"], "WAR OF ####": ["War of 1812"], "WWWMICHIGANGOV": ["www.Michigan.gov"], "MICHIGANORG": ["michigan.org"],
    "##### LAKES": ["10,000 lakes"], "EXPLOREMINNESOTACOM": ["ExploreMinnesota.com"], "BIRTHPLACE OF AMERICAS MUSIC": ["Birthplace of America's Music"],
    "SHOW ME STATE": ["SHOW-ME STATE", "SHOW ME STATE"], "WWWNEBRASKAGOV": ["www.nebraska.gov"], "NEW MEXICO USA": ["NEW MEXICO USA"],
    "BICENTENNIAL #### ####": ["Bicentennial 1816-2016"], "DISCOVEROHIOCOM": ["DiscoverOhio.com"], "TRAVELOKCOM": ["TravelOK.com"],
    "VISITPACOM": ["visitPA.com"], "WWWSTATEPAUS": ["www.state.pa.us"], "YOUVE GOT A FRIEND IN": ["You've got a friend in"],
    "TRAVEL#SCCOM": ["TRAVEL2SC.COM", "Travel2SC.com"], "SMILING FACES BEAUTIFUL PLACES": ["Smiling Faces. Beautiful Places."],
    "GREAT FACES GREAT PLACES": ["Great Faces. Great Places."], "TNVACATIONCOM": ["tnvacation.com"], "###TH ANNIVERSARY": ["400th Anniversary"],
    "WILD WONDERFUL": ["Wild, Wonderful"], "AMERICAS DAIRYLAND": ["America's Dairyland"], "IMAGINE THAT": ["Imagine that"],
    "WHILE I BREATHE I HOPE": ["While I breathe, I hope"],
}

# What stands in the same places and names no state: counties, groups, kinds of plate.
DECOYS = (
    "In God We Trust|IN GOD WE TRUST|Disabled Veteran|Veteran|Firefighter|Fire Fighter|Purple Heart|National Guard|U.S. Marine Corps|United We Stand|Dealer|"
    "Truck|Trailer|Permanent|Apportioned|Commercial|Handicapped|Antique|Historic|Classic|Municipal|State Owned|Official|Exempt|Passenger|Farm|"
    "Motorcycle|Temporary|Combination|Livery|Press|Amateur Radio|Centennial|Bicentennial|Wildlife|Conserve Wildlife Habitat|Support Education|"
    "Choose Life|Support Our Troops|Kids First|Arts|Cultural Trust|Environment|Save Our Seas|Friends of the Park|Go Cougars|Alumni|University|"
    "State University|Science Center|College|Law Enforcement|Emergency Medical|Share the Road|Animal Friend|Breast Cancer Awareness|Coastal Conservation|"
    "Clean Water|Protect Our Children|Agriculture|Teachers|Any County|Yankee go home|Hunter|Sheriff|Police|Retired|Gold Star Family|Korea Veteran|"
    "Vietnam Veteran|Desert Storm|Bronze Star|Pearl Harbor Survivor|Prisoner of War|Air Force|Army|Navy|Coast Guard|Rotary|Masonic|Knights|Elks|Shriners|"
    "Save the Whales|Heritage|Horseless Carriage|Street Rod|Ham Operator|Senator|House of Representatives|Judge|Press|Physician|Nurse|Realtor|Railroad|"
    "Scouts|4-H|FFA|Ducks Unlimited|Trout Unlimited|Rocky Mountain Elk|State Parks|Lighthouse|Horse Council|Soccer|Olympic|Ski|Discover|Explore|Scenic|Visit|"
    "The|Land of|State|Proud|Freedom|Liberty|America|USA|United States|Great|Beautiful|Country|North|South|West|New|Island|City|County|World").split("|")
COUNTIES = (
    "Adams Allen Anderson Baker Baldwin Barrow Bartow Benton Bibb Blount Boone Bradley Brown Bryan Bulloch Butler Calhoun Camden Campbell Carroll Carter Cass Catoosa "
    "Chatham Cherokee Clark Clarke Clay Clayton Clinton Cobb Coffee Columbia Cook Coweta Crawford Cumberland Dade Davidson Davis Dawson Decatur DeKalb Delta Dickinson "
    "Dodge Dougherty Douglas Dubuque Duval Elkhart Escambia Fannin Fayette Floyd Forrest Forsyth Franklin Fulton Gibson Gilmer Glynn Gordon Grady Grant Greene "
    "Gwinnett Habersham Hall Hamilton Hancock Hardin Harris Harrison Henderson Henry Hillsborough Hinds Houston Howard Humphreys Jackson Jasper Jefferson Jessamine "
    "Johnson Jones Kane Kenton Knox Lake Lamar Laurens Lauderdale Lawrence Lee Leflore Leon Liberty Lincoln Linn Logan Lowndes Lumpkin Macon Madison Manatee Marion "
    "Marshall Martin Maury McCracken Meriwether Miami Monroe Montgomery Morgan Murray Muscogee Neshoba Nelson Newton Oconee Oldham Oktibbeha Orange Orleans Osceola "
    "Palm Panola Paulding Payne Perry Pickens Pierce Pike Pinellas Polk Pontotoc Pulaski Putnam Rankin Richmond Robertson Rockdale Rutherford Salem Scott Seminole "
    "Sevier Shelby Spalding Spencer Stephens Story Sullivan Sumner Sumter Taylor Thomas Tift Tipton Trigg Troup Turner Union Upson Volusia Walker Walton Warren "
    "Wayne Webster White Whitfield Williamson Wilson Woodford Worth Yazoo Lucas Cuyahoga Stark Summit Medina Lorain Kosciusko Vigo Lancaster Sarpy").split()
SYLLABLES = ("al an ar as ba be bo bra ca car ce che cla col con cor da de den di do don dor ed el en er es fa fer fi for ga gan ger gra ha har hen hil ho in ing is ka ken "
             "kin la lan le lin lo ma mar men mi mon mo na nel ne ni no nor o or ota pa pen per pi por ra re ri ro ron sa san se si sko so son sta ster sul ta ten ter ti to ton "
             "tra tu un va ver vi wa wal wes wi win wo za zo york sey gon xas sin ming vada shire rica kota hio awa").split()

STATES = sorted(WORDS)


def plain(printed):
    """What the network says of a printed line: A–Z, # for each digit, blanks between words; dots, commas, apostrophes left out."""
    out = "".join(c if "A" <= c <= "Z" else "#" if c.isdigit() else "" if c in ".,'’" else " " for c in printed.upper())
    return " ".join(out.split())


def cased(rng, text):
    kind = rng.random()
    if kind < .42:
        return text.upper()
    small = {"Of", "Or", "The", "In", "On", "A", "For", "Is", "And"}
    title = " ".join(w if w[:1].isdigit() else w[:1].upper() + w[1:].lower() for w in text.split())
    if kind < .9:
        words = title.split()
        return " ".join(w.lower() if i and w in small and rng.random() < .7 else w for i, w in enumerate(words))
    return text.lower() if kind < .93 else text.upper()


def printed(rng, text):
    """A word of WORDS as it may be printed."""
    if text in PRINTED:
        line = rng.choice(PRINTED[text])
        if "###" in text and "ANNI" not in text:
            line = line if rng.random() < .7 else "".join(rng.choice("0123456789") if c.isdigit() else c for c in line)
        if "." in line and "," not in line and " " not in line and rng.random() < .6:
            return line
        return rng.choice([line, line, line.upper()])
    return cased(rng, text)


def decoy(rng):
    kind = rng.random()
    if kind < .3:
        line = rng.choice(DECOYS)
        return line if rng.random() < .5 else cased(rng, line)
    if kind < .55:
        line = rng.choice(COUNTIES)
        return rng.choice([line.upper(), line.upper(), line, line + " County", "%d - %s" % (rng.randint(1, 92), line)])
    words = []
    for _ in range(rng.choice([1, 1, 2, 2, 3])):
        words.append("".join(rng.choice(SYLLABLES) for _ in range(rng.choice([1, 2, 2, 3, 3, 4])))[:13])
    line = " ".join(words)
    if rng.random() < .06:
        line = rng.choice(["www.", "", "my"]) + line.replace(" ", "") + rng.choice([".com", ".gov", ".org"])
        return line
    if rng.random() < .05:
        return str(rng.randint(1890, 2030)) + rng.choice(["", " - ", " " + cased(rng, line) + " "]) + str(rng.randint(1890, 2030))
    return cased(rng, line)


NAMES = {s: [w for w, _, _ in WORDS[s]][0] for s in STATES}


def draw(rng, where, state=None):
    """A random line for the band above ("t") or below ("b"), of the state if one is given: (printed, plain, whether it names a state)."""
    if state or rng.random() < .70:
        words = [(w, share) for w, at, share in WORDS[state or rng.choice(STATES)] if where in at]
        if words and rng.random() < max(.55, min(1, sum(s for _, s in words))):
            line = printed(rng, rng.choices([w for w, _ in words], [s for _, s in words])[0])
            if rng.random() < .03:
                line = line + rng.choice([" USA", " State", " " + decoy(rng)])
            return line, plain(line), True
        line = printed(rng, rng.choice([w for s in STATES for w, _, _ in WORDS[s][:1]]))
        return line, plain(line), True
    line = decoy(rng)
    return line, plain(line), False
