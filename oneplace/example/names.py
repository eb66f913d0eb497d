"""Names for made-up people: by tradition and generation, common ones often and rare ones seldom. No real people.

Ranks are drawn as real surnames are spread: the commonest has about one in a hundred, most have next to none.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from math import exp, log
from pathlib import Path
from random import Random
from typing import Any

# Four generations: born before 1950, 1950 to 1979, 1980 to 2004, since 2005.
_FEMALE = """
Margaret Jean Joan Dorothy Audrey Patricia Sheila Barbara Doreen Eileen Betty Joyce Beryl Iris Maureen Shirley
Sylvia Marjorie Brenda Hazel Winifred Olive Edna Vera Rosemary Pamela Gwendoline Kathleen Muriel Daphne

Susan Linda Christine Carol Jacqueline Janet Julie Karen Deborah Tracey Alison Sharon Helen Angela Elaine
Gillian Lesley Wendy Beverley Denise Mandy Jane Lorraine Teresa Anita Diane Heather Ruth

Sarah Claire Emma Laura Rebecca Gemma Rachel Kelly Victoria Katie Hannah Jessica Charlotte Lauren Amy Sophie
Natalie Lucy Chloe Danielle Stephanie Holly Abigail Zoe Naomi

Olivia Amelia Isla Ava Mia Grace Freya Ella Poppy Ivy Evie Florence Willow Lily Rosie Matilda Daisy Phoebe
Elsie Esme Zara Nancy Harriet Martha Maya Orla
"""
_MALE = """
John William George Ronald Kenneth Dennis Peter Derek Raymond Frank Stanley Norman Douglas Arthur Leonard Eric
Albert Cyril Gordon Roy Ernest Harold Bernard Donald Maurice Percy Walter Reginald Desmond Cecil

David Michael Stephen Paul Andrew Mark Alan Robert Kevin Ian Graham Nigel Barry Keith Colin Trevor Neil Martin
Philip Adrian Gary Clive Tony Simon Julian Duncan Errol

James Daniel Matthew Christopher Adam Thomas Ryan Luke Benjamin Lee Craig Jonathan Gareth Nathan Liam Joshua
Jack Sam Callum Jordan Alex Dean Ashley Dylan Kieran Ross

Oliver Noah Leo Arthur Oscar Theo Freddie Archie Finley Alfie Henry Ethan Max Isaac Teddy Logan Jude Reuben
Toby Elijah Felix Rory Caleb Hugo Otis Albie
"""
_FAMILY = """
Ashdown Barden Baxter Beecham Berrow Birdsall Blakely Bramwell Brewster Buckland Burrage Carswell Chalker
Chantler Clewes Cobham Collard Copley Cotter Cranfield Crowhurst Dallimore Danby Darley Denham Dewhurst
Draycott Dunmore Eastwood Eldridge Ellery Fairhall Farrant Fenwick Firth Foxley Gadsby Garrard Gilham Goddard
Goodhew Gransden Grigg Halsey Hambrook Harling Hatherley Hawkes Hayward Heddle Hibbert Holloway Honeysett
Hoskins Huckle Ibbotson Ingram Jessop Jarrett Kemsley Kendrick Killick Kingsnorth Lacey Lambourne Langridge
Larkin Leeming Lidgett Lovell Luckhurst Maddox Manktelow Marchant Maskell Medhurst Merriman Millgate Mortlock
Nettleton Newnham Norwell Oakden Ockenden Orpin Osgood Packham Paine Pankhurst Parfitt Peppin Philcox Pilbeam
Pocock Prentice Quested Radford Ransley Relf Ridout Rolfe Rusbridge Sackett Salter Sandford Scotney Selway
Shorter Skinner Smallwood Snoad Spearpoint Stace Stapley Strudwick Sturgess Swaffer Tapsell Tarrant
Thorneycroft Tickner Tolhurst Town Tully Twyman Unwin Upfold Vinall Waghorn Wakelin Walsingham Waterhouse
Weller Wenham Whibley Wickens Wimsett Winslade Woodcock Wraight Yeatman Youldon
"""


def _generations(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(part.split()) for part in text.strip().split("\n\n"))


GIVEN_FEMALE, GIVEN_MALE = _generations(_FEMALE), _generations(_MALE)
FAMILY = tuple(_FAMILY.split())


def generation(birth_year: int) -> int:
    """Which generation's names a person of this year bears."""
    return 0 if birth_year < 1950 else 1 if birth_year < 1980 else 2 if birth_year < 2005 else 3


_HEAD = 30
"""How flat the head of the ranks is: the commonest British surname comes to 0.7 %."""


@cache
def _told() -> Mapping[str, Any]:
    return tomllib.loads((Path(__file__).resolve().parent / "names.toml").read_text("utf-8"))


@cache
def _families(tradition: str) -> tuple[str, ...]:
    """Surnames from common to rare; British ones end with those that are made of two parts."""
    told = _told()[tradition]
    found = [name.replace("\u00a0", " ") for line in told["family"].split("\n") for name in line.split(" ") if name]
    if "first" in told:
        found += FAMILY
        made = dict.fromkeys(one + two for one in told["first"].split() for two in told["last"].split())
        found += sorted(made, key=lambda name: hash_of(name))
    return tuple(found)


def hash_of(text: str) -> int:
    """A number of a text, the same in each run: shuffles without dice."""
    found = 2166136261
    for byte in text.encode():
        found = (found ^ byte) * 16777619 & 0xFFFFFFFF
    return found


def tradition_of(ethnicity: str, draw: Random) -> str:
    """The tradition of names of a household of this ethnic category."""
    traditions = _told()["traditions"].get(ethnicity, ["british"])
    return traditions[0] if len(traditions) == 1 else draw.choice(traditions)


def language_of(tradition: str) -> str:
    """What people of this tradition may speak at home beside English; '' for English."""
    spoken: str = _told()["languages"].get(tradition, "")
    return spoken


def family_name(tradition: str, draw: Random) -> str:
    """A surname: common ones often, rare ones seldom."""
    return _ranked(_families(tradition), _HEAD, draw)


def given_name(tradition: str, sex: str, birth_year: int, draw: Random) -> str:
    """A given name of a tradition; later generations born here bear British ones too."""
    if tradition == "british" or (birth_year >= 1980 and draw.random() < 0.2):
        return _ranked((GIVEN_MALE if sex == "male" else GIVEN_FEMALE)[generation(birth_year)], 12, draw)
    return _ranked(_given(tradition, sex), 12, draw)


def borne_by(family: str, tradition: str, sex: str) -> str:
    """The form of a surname that somebody of this sex bears: Kowalska beside Kowalski, Kaur beside Singh."""
    if sex == "male":
        return family
    if tradition == "polish" and family.endswith(("ski", "cki", "dzki")):
        return family[:-1] + "a"
    return {"Singh": "Kaur", "Miah": "Begum", "Uddin": "Khatun"}.get(family, family)


@cache
def _given(tradition: str, sex: str) -> tuple[str, ...]:
    return tuple(_told()[tradition][sex].split())


def _ranked(names: tuple[str, ...], head: int, draw: Random) -> str:
    """One of the names; the chance of rank r falls as 1 / (r + head)."""
    rank = head * exp(draw.random() * log((len(names) + head) / head)) - head
    return names[min(len(names) - 1, int(rank))]
