"""Invented people for the sample company: names by country, addresses on reserved example domains, reserved phone numbers."""

from dataclasses import dataclass
from random import Random
from unicodedata import normalize


@dataclass(frozen=True, slots=True)
class Place:
    """What a country brings along: its ISO code, language, time zone, cities and usual names."""

    code: str
    locale: str
    timezone: str
    cities: tuple[str, ...]
    names: str = "en"


FIRST = {
    "en": "Amelia Oliver Isla George Ava Harry Emily Jack Sophie Charlie Grace Thomas Freya Jacob Alice Oscar Poppy Henry Ella "
    "Leo Ruby Arthur Evie Noah Daisy Archie Florence Edward Phoebe Samuel Rosie Daniel Martha Joseph Eleanor Adam Nina Reuben "
    "Priya Arjun Fatima Yusuf Chloe Rhys Megan Owen Niamh Callum Iona Fraser Harriet Dominic Beatrice Felix Imogen Hugo",
    "de": "Hannah Lukas Lea Jonas Mia Felix Lena Paul Clara Maximilian Johanna Moritz Greta Anton Frieda Emil Ida Jakob",
    "fr": "Camille Louis Manon Hugo Chloé Jules Inès Arthur Léa Gabriel Zoé Raphaël Lucie Antoine Élise Mathis",
    "es": "Lucía Mateo Sofía Martín Paula Diego Carmen Pablo Elena Javier Marta Álvaro Nuria Sergio",
    "it": "Giulia Lorenzo Chiara Matteo Sara Andrea Elena Davide Francesca Marco",
    "pt": "Beatriz Tiago Mariana Rui Inês Gonçalo Leonor Duarte",
    "nl": "Sanne Daan Femke Bram Lotte Sem Fleur Thijs Noor Ruben",
    "nordic": "Astrid Lars Ingrid Mikkel Sofie Erik Maja Henrik Freja Oskar Linnea Aino Eero Sigrid Elias",
    "pl": "Zofia Jakub Maja Antoni Hanna Szymon Julia Filip",
    "el": "Eleni Giorgos Maria Nikos Katerina Dimitris",
    "ja": "Yui Haruto Sakura Ren Aoi Sota",
    "ar": "Layla Omar Noor Karim Salma Hassan",
}
LAST = {
    "en": "Ashworth Bramley Carrow Dunmore Ellery Farrow Greaves Holloway Ingleby Jessop Kember Lockyer Marlow Netherby Oakes "
    "Penrose Quill Radley Selwood Tamworth Underhill Vesper Wetherby Yarrow Alderton Birkett Coldwell Draycott Everly Fenwick "
    "Garside Hartnell Ives Kirkby Langley Merrick Norwood Orchard Pickering Rowntree Stanbury Thorne Wickham Patel Khan Singh",
    "de": "Ahrendt Brandner Dietl Engelhardt Falkner Grunwald Hartwig Kessler Lindner Mohr Neuhaus Reuter Sommer Vogt Wendt",
    "fr": "Aubert Barbier Carlier Delmas Fontaine Garnier Leclair Marchal Perrin Roussel Vasseur Tessier",
    "es": "Almagro Benítez Cordero Durán Esteban Galván Lozano Montero Pizarro Robledo Serrano",
    "it": "Bellini Carbone De_Santis Ferrara Galli Marchetti Palmieri Rinaldi Serra",
    "pt": "Almeida Barros Cardoso Figueira Lourenço Moreira Salgado",
    "nl": "van_Dalen Bakker de_Wit Hoekstra Kuipers Mulder Postma Verhoeven",
    "nordic": "Lindqvist Bergström Dahl Eklund Falk Holm Kjeldsen Lund Nyberg Sandvik Virtanen Aalto",
    "pl": "Borkowski Czerwiński Gajda Kalinowski Malec Sikora",
    "el": "Andreou Kostas Markou Pavlou Stavrou",
    "ja": "Aoki Fujita Hayashi Kimura Mori Ueda",
    "ar": "Haddad Khoury Mansour Najjar Saleh",
}
PLACES = {
    "United Kingdom": Place("GB", "en-GB", "Europe/London", ("London", "Manchester", "Bristol", "Leeds", "Edinburgh", "Cardiff", "Norwich", "Brighton", "York", "Glasgow", "Exeter", "Sheffield")),
    "EIRE": Place("IE", "en-IE", "Europe/Dublin", ("Dublin", "Cork", "Galway")),
    "Germany": Place("DE", "de-DE", "Europe/Berlin", ("Berlin", "Hamburg", "München", "Köln", "Leipzig"), "de"),
    "Austria": Place("AT", "de-AT", "Europe/Vienna", ("Wien", "Graz", "Linz"), "de"),
    "Switzerland": Place("CH", "de-CH", "Europe/Zurich", ("Zürich", "Bern", "Basel"), "de"),
    "France": Place("FR", "fr-FR", "Europe/Paris", ("Paris", "Lyon", "Nantes", "Lille", "Bordeaux"), "fr"),
    "Belgium": Place("BE", "fr-BE", "Europe/Brussels", ("Bruxelles", "Liège", "Gent"), "fr"),
    "Spain": Place("ES", "es-ES", "Europe/Madrid", ("Madrid", "Valencia", "Sevilla", "Bilbao"), "es"),
    "Italy": Place("IT", "it-IT", "Europe/Rome", ("Milano", "Bologna", "Torino"), "it"),
    "Portugal": Place("PT", "pt-PT", "Europe/Lisbon", ("Lisboa", "Porto", "Braga"), "pt"),
    "Netherlands": Place("NL", "nl-NL", "Europe/Amsterdam", ("Amsterdam", "Utrecht", "Groningen"), "nl"),
    "Sweden": Place("SE", "sv-SE", "Europe/Stockholm", ("Stockholm", "Uppsala"), "nordic"),
    "Norway": Place("NO", "nb-NO", "Europe/Oslo", ("Oslo", "Bergen"), "nordic"),
    "Denmark": Place("DK", "da-DK", "Europe/Copenhagen", ("København", "Aarhus"), "nordic"),
    "Finland": Place("FI", "fi-FI", "Europe/Helsinki", ("Helsinki", "Turku"), "nordic"),
    "Iceland": Place("IS", "is-IS", "Atlantic/Reykjavik", ("Reykjavík",), "nordic"),
    "Poland": Place("PL", "pl-PL", "Europe/Warsaw", ("Warszawa", "Kraków"), "pl"),
    "Lithuania": Place("LT", "lt-LT", "Europe/Vilnius", ("Vilnius",), "pl"),
    "Czech Republic": Place("CZ", "cs-CZ", "Europe/Prague", ("Praha",), "pl"),
    "Greece": Place("GR", "el-GR", "Europe/Athens", ("Athina", "Thessaloniki"), "el"),
    "Cyprus": Place("CY", "el-CY", "Asia/Nicosia", ("Lefkosia",), "el"),
    "Malta": Place("MT", "en-MT", "Europe/Malta", ("Valletta",)),
    "Channel Islands": Place("JE", "en-GB", "Europe/Jersey", ("Saint Helier",)),
    "Australia": Place("AU", "en-AU", "Australia/Sydney", ("Sydney", "Melbourne")),
    "USA": Place("US", "en-US", "America/New_York", ("Portland", "Austin", "Boston")),
    "Canada": Place("CA", "en-CA", "America/Toronto", ("Toronto", "Halifax")),
    "Brazil": Place("BR", "pt-BR", "America/Sao_Paulo", ("São Paulo",), "pt"),
    "Japan": Place("JP", "ja-JP", "Asia/Tokyo", ("Tokyo", "Kyoto"), "ja"),
    "Singapore": Place("SG", "en-SG", "Asia/Singapore", ("Singapore",)),
    "Israel": Place("IL", "en-IL", "Asia/Jerusalem", ("Haifa",)),
    "Lebanon": Place("LB", "ar-LB", "Asia/Beirut", ("Beirut",), "ar"),
    "Saudi Arabia": Place("SA", "ar-SA", "Asia/Riyadh", ("Riyadh",), "ar"),
    "Bahrain": Place("BH", "ar-BH", "Asia/Bahrain", ("Manama",), "ar"),
    "United Arab Emirates": Place("AE", "ar-AE", "Asia/Dubai", ("Dubai",), "ar"),
    "RSA": Place("ZA", "en-ZA", "Africa/Johannesburg", ("Cape Town",)),
    "European Community": Place("BE", "en-GB", "Europe/Brussels", ("Bruxelles",)),
    "Unspecified": Place("", "en-GB", "Europe/London", ("",)),
}  # fmt: skip
SHOPS = "Corner Lane Mill Harbour Lantern Acorn Willow Thistle Bluebell Copper Meadow Robin Orchard Larkspur Pebble Juniper"
TRADES = "Gifts|Home|Trading|Interiors|Stores|Bazaar|Curiosities|Supply|Collective|& Daughters"
DOMAINS = ("example.com", "example.org", "example.net")


def plain(text: str) -> str:
    """Lower-case ASCII letters of a name, for the local part of an address."""
    decomposed = normalize("NFKD", text.replace("ł", "l").replace("ø", "o"))
    return "".join(letter for letter in decomposed.lower() if "a" <= letter <= "z")


def person(random: Random, place: Place) -> tuple[str, str]:
    """A first and a last name usual in that place."""
    first = random.choice(FIRST[place.names].split())
    return first, random.choice(LAST[place.names].split()).replace("_", " ")


def shop(random: Random) -> str:
    """The name of a small shop that buys wholesale."""
    return f"{random.choice(SHOPS.split())} {random.choice(TRADES.split('|'))}"
