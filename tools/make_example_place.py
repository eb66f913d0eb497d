"""Makes the CSV tables of the example place: West Kent's shape, invented names, the same bytes each time.

Shape from public figures: 60 practices of 2,056 to 19,739 patients (mean 8,074), 7 clusters of 46,000 to 82,500, two
suppliers with 33 and 27 practices, 54 agreements, community hospitals of 22, 14 (+8), 18 and 14 beds. The ODS codes
stand outside real use, the postcode area ZZ does not exist, phone numbers are Ofcom's for drama, and the map lies in
the North Sea, where nobody lives. Run: python tools/make_example_place.py
"""

import csv
import math
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "oneplace" / "place" / "places" / "example"
CLUSTERS = (  # code, name, towns, practices, registered people
    ("Z9CL1", "Aldercombe", ("Aldercombe", "Nettlecross", "Upper Sallow"), 9, 82_500),
    ("Z9CL2", "Brindlewick", ("Brindlewick", "Tarnhollow", "Marl Heath"), 9, 78_214),
    ("Z9CL3", "Calderstow", ("Calderstow", "Pinnowford", "Great Wexcombe"), 9, 74_906),
    ("Z9CL4", "Dunmarsh", ("Dunmarsh", "Saltwheal", "Reedbarrow"), 9, 71_338),
    ("Z9CL5", "Elderhythe", ("Elderhythe", "Quaywick", "Hobbs Linden"), 9, 68_420),
    ("Z9CL6", "Foxenbridge", ("Foxenbridge", "Larkenfold", "Thistlemere"), 9, 63_085),
    ("Z9CL7", "Greyhollow", ("Greyhollow", "Yarrowdene", "Little Orrish"), 6, 46_000),
)
SMALLEST, LARGEST = 2_056, 19_739
DISTRICTS = (
    ("Z9D1", "Aldercombe and Greyhollow"),
    ("Z9D2", "Brindle Vale"),
    ("Z9D3", "Calderstow"),
    ("Z9D4", "Dunmarsh Levels"),
    ("Z9D5", "Easterley"),  # over the border: its people may be registered here, and are residents of another place
)
DISTRICT_OF_CLUSTER = (0, 1, 2, 3, 2, 1, 0)
STYLES = (
    "Surgery",
    "Medical Centre",
    "Health Centre",
    "Group Practice",
    "Family Practice",
    "Medical Practice",
    "Partnership",
    "House Surgery",
    "Road Surgery",
)
LANES = ("Mill", "Orchard", "Station", "Church", "Priory", "Hopfield", "Bridge", "Cobnut", "Weir", "Kiln", "Tannery")
PENDING = {  # practice number: why nothing is signed yet
    7: "Partners meet on the template on the first Tuesday of next month.",
    15: "Waiting for the data protection officer's answer on retention of copies.",
    22: "Merger under way: the new partnership will sign as one.",
    31: "Asked for the consent wording in three further languages first.",
    44: "Signed copy came back without the second partner's signature.",
    58: "Practice manager's post is vacant; the locality manager follows up.",
}
REGISTERED_SHAPE = (  # age_from, age_to, share of 1,000 people: a shire's registered population
    (0, 4, 54), (5, 9, 60), (10, 14, 61), (15, 19, 55), (20, 24, 48), (25, 29, 55), (30, 34, 61), (35, 39, 65),
    (40, 44, 66), (45, 49, 68), (50, 54, 73), (55, 59, 71), (60, 64, 62), (65, 69, 53), (70, 74, 52), (75, 79, 42),
    (80, 84, 27), (85, 89, 17), (90, 104, 10),
)  # fmt: skip
FEMALE_SHARE = {75: 0.535, 80: 0.56, 85: 0.61, 90: 0.69}
CENTRE = (54.0, 2.0)
STEP = 0.022  # degrees of latitude between rows of small areas: about 2.4 km
LONGITUDE_STRETCH = 1 / math.cos(math.radians(CENTRE[0]))

draw = random.Random(2016)


def main() -> None:
    """Write every table."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    areas, memberships, cells = make_areas()
    practices = make_practices(cells)
    organisations = practices + other_organisations(cells)
    sites = make_sites(practices, cells)
    memberships += practice_memberships(practices, cells)
    registrations = make_registrations(practices, cells)
    give_residents(areas, registrations)
    write("organisations.csv", organisations)
    write("sites.csv", sites)
    write("areas.csv", areas)
    write("memberships.csv", memberships)
    write("teams.csv", make_teams())
    write("hours.csv", make_hours(practices))
    write("holidays.csv", HOLIDAYS)
    write("agreements.csv", make_agreements(practices))
    write("feeds.csv", make_feeds(practices))
    write("registrations.csv", registrations)
    write("ages.csv", [row for practice in practices for row in ages_of(practice)])


def write(file: str, rows: Sequence[dict[str, object]]) -> None:
    """One table, columns in the order of its first row; helpers that begin with _ stay out."""
    columns = [name for name in rows[0] if not name.startswith("_")]
    with (FOLDER / file).open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


# --- areas -----------------------------------------------------------------------------------------------------------


def make_areas() -> tuple[list[dict[str, object]], list[dict[str, object]], list[dict[str, object]]]:
    """The place, districts, clusters, hubs, wards and 300 small areas, who is in what, and the small areas alone."""
    cells = small_areas()
    areas: list[dict[str, object]] = [area("Z9PL", "place", "Wychbourne Vale", None, *CENTRE)]
    areas += [
        area(code, "district", name, None, *middle(c for c in cells if c["_district"] == code))
        for code, name in DISTRICTS
    ]
    areas += [
        area(row[0], "cluster", row[1], None, *middle(c for c in cells if c["_cluster"] == row[0])) for row in CLUSTERS
    ]
    areas += [area(code, "hub", name, None, *town_at(cells, cluster)) for code, name, cluster, _ in HUBS]
    wards = sorted({(str(c["_ward"]), str(c["_ward_name"])) for c in cells})
    areas += [area(code, "ward", name, None, *middle(c for c in cells if c["_ward"] == code)) for code, name in wards]
    areas += cells
    memberships = [inside("area", code, "Z9PL") for code, _ in DISTRICTS[:4]]
    memberships += [inside("area", row[0], "Z9PL") for row in CLUSTERS]
    memberships += [inside("area", row[0], "Z9PL") for row in HUBS]
    district_of_ward = {str(c["_ward"]): str(c["_district"]) for c in cells}
    memberships += [inside("area", ward, district_of_ward[ward]) for ward, _ in wards]
    memberships += [inside("area", str(c["code"]), str(c["_ward"])) for c in cells]
    return areas, memberships, cells


HUBS = (  # code, name, cluster number, clusters served
    ("Z9HB1", "Aldercombe Hub", 0, (0,)),
    ("Z9HB2", "Brindlewick Hub", 1, (1, 5)),
    ("Z9HB3", "Calderstow Hub", 2, (2, 4)),
    ("Z9HB4", "Dunmarsh Hub", 3, (3,)),
    ("Z9HB5", "Greyhollow Hub", 6, (6,)),
)


def small_areas() -> list[dict[str, object]]:
    """Hexagons: 276 inside an oval, each nearest to a cluster's middle, and 24 over the eastern border."""
    grid = sorted(
        ((math.hypot(x * 0.87 / 1.35, y) + draw.random() * 0.15, x, y) for x, y in hexagons()),
        key=lambda found: found[0],
    )[:276]
    middles = [(math.cos(turn) * 7.4, math.sin(turn) * 5.2) for turn in (k * math.tau / 6 for k in range(6))] + [
        (0.0, 0.0)
    ]
    cells = []
    for _, x, y in grid:
        cluster = min(range(7), key=lambda k: (middles[k][0] - x) ** 2 + (middles[k][1] - y) ** 2 * 1.2)
        cells.append(cell(x, y, CLUSTERS[cluster][0], DISTRICTS[DISTRICT_OF_CLUSTER[cluster]][0], cluster))
    east = max(x for _, x, _ in grid)
    border = [(east + 1 + column + (row % 2) * 0.5, float(row)) for column in range(3) for row in range(-4, 4)]
    cells += [cell(x, y, "", DISTRICTS[4][0], 0) for x, y in border]
    return named_cells(cells)


def hexagons() -> Iterable[tuple[float, float]]:
    return ((x + (y % 2) * 0.5, float(y)) for y in range(-14, 15) for x in range(-18, 19))


def cell(x: float, y: float, cluster: str, district: str, index: int) -> dict[str, object]:
    """One small area; towns' middles are more deprived than their edges, the levels more than the hills."""
    middle_ = abs(x) + abs(y)
    base = (7.5, 7.0, 5.5, 4.5, 4.0, 7.5, 8.0)[index]
    decile = min(10, max(1, round(base + draw.gauss(0, 2.1) + min(1.5, middle_ / 10) - 0.7)))
    latitude, longitude = CENTRE[0] + y * STEP * 0.87, CENTRE[1] + x * STEP * LONGITUDE_STRETCH
    ring = []
    for k in range(7):
        turn = math.radians(60 * k)
        side, up = math.sin(turn) * STEP / 1.732 * LONGITUDE_STRETCH, math.cos(turn) * STEP / 1.732
        ring.append(f"{longitude + side:.4f} {latitude + up:.4f}")
    return {
        **area("", "small-area", "", decile, latitude, longitude, ",".join(ring)),
        "_x": x, "_y": y, "_cluster": cluster, "_district": district, "_index": index,
    }  # fmt: skip


def named_cells(cells: list[dict[str, object]]) -> list[dict[str, object]]:
    """Codes and names: five small areas a ward, wards in the order in which a walk from the west meets them."""
    cells.sort(key=lambda c: (str(c["_cluster"]) or "Z9CL9", round(float(c["_x"]) / 2.5), float(c["_y"])))
    groups: dict[str, list[dict[str, object]]] = {}
    for each in cells:
        groups.setdefault(str(each["_cluster"]), []).append(each)
    ward, number = 0, 0
    for cluster, members in groups.items():
        town_names = next(
            (row[2] for row in CLUSTERS if row[0] == cluster), ("Easterley", "Easterley Cross", "Border End")
        )
        for start in range(0, len(members), 5):
            ward += 1
            side = ("North", "South", "East", "West", "Central", "Park", "Downs", "Vale", "Green", "Heights")[
                start // 5 // 3 % 10
            ]
            name = f"{town_names[start // 5 % 3]} {side}"
            for letter, each in zip("ABCDE", members[start : start + 5], strict=False):
                number += 1
                each |= {
                    "code": f"Z9S{number:03d}",
                    "name": f"{name} {letter}",
                    "_ward": f"Z9W{ward:02d}",
                    "_ward_name": name,
                }
    return cells


def area(
    code: str, kind: str, name: str, decile: int | None, latitude: float, longitude: float, boundary: str = ""
) -> dict[str, object]:
    return {
        "code": code, "kind": kind, "name": name, "decile": decile, "residents": None,
        "latitude": f"{latitude:.4f}", "longitude": f"{longitude:.4f}", "boundary": boundary,
    }  # fmt: skip


def middle(cells: Iterable[dict[str, object]]) -> tuple[float, float]:
    points = [(float(str(c["latitude"])), float(str(c["longitude"]))) for c in cells]
    return sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points)


def town_at(cells: list[dict[str, object]], cluster: int) -> tuple[float, float]:
    return middle(c for c in cells if c["_cluster"] == CLUSTERS[cluster][0])


def inside(
    kind: str, member: str, area_code: str, starts: str = "2012-04-01", ends: str = "", note: str = ""
) -> dict[str, object]:
    return {
        "member_kind": kind,
        "member_code": member,
        "area_code": area_code,
        "starts": starts,
        "ends": ends,
        "note": note,
    }


# --- practices -------------------------------------------------------------------------------------------------------


def make_practices(cells: list[dict[str, object]]) -> list[dict[str, object]]:
    """Sixty practices with list sizes that add up to their clusters, and the two suppliers."""
    suppliers = ["Supplier A"] * 33 + ["Supplier B"] * 27
    draw.shuffle(suppliers)
    rows: list[dict[str, object]] = []
    for index, (cluster, _, towns, count, total) in enumerate(CLUSTERS):
        home = [c for c in cells if c["_cluster"] == cluster]
        for k, size in enumerate(list_sizes(index, count, total)):
            at = home[(k * 7 + index) % len(home)]
            rows.append(practice(len(rows) + 1, towns[k % 3], k, size, suppliers[len(rows)], at))
    return rows


def list_sizes(index: int, count: int, total: int) -> list[int]:
    """Sizes spread as real lists are; the largest list is in the first cluster, the smallest in the last."""
    fixed = {0: [LARGEST], 6: [SMALLEST]}.get(index, [])
    weights = sorted((math.exp(draw.gauss(0, 0.42)) for _ in range(count - len(fixed))), reverse=True)
    rest = total - sum(fixed)
    sizes = [round(rest * weight / sum(weights)) for weight in weights]
    sizes = [min(LARGEST - 480, max(SMALLEST + 310, size)) for size in sizes]
    sizes[len(sizes) // 2] += rest - sum(sizes)
    assert all(SMALLEST < size < LARGEST for size in sizes)
    return fixed + sizes if index == 0 else sizes + fixed


def practice(number: int, town: str, k: int, size: int, supplier: str, at: dict[str, object]) -> dict[str, object]:
    lane = LANES[(number * 5) % len(LANES)]
    style = STYLES[(number * 4) % len(STYLES)]
    name = (
        f"{town} {style}"
        if k < 3
        else f"{lane} {style}, {town}"
        if "Road" in style or "House" in style
        else f"{town} {lane} {style}"
    )
    street = f"{3 + number} {lane} Lane"
    return {
        **organisation(f"Z9{number:04d}", name, "practice", town, street, postcode(town, number), at),
        "supplier": supplier, "phone": phone(number), "list_size": size, "_at": at,
    }  # fmt: skip


def organisation(
    code: str, name: str, kind: str, town: str, street: str, postcode_: str, at: dict[str, object] | None,
    parent: str = "", number: int = 0,
) -> dict[str, object]:  # fmt: skip
    return {
        "code": code, "name": name, "kind": kind, "supplier": "", "parent_code": parent,
        "address": f"{street}, {town}", "postcode": postcode_, "phone": phone(number) if number else "",
        "list_size": None,
        "latitude": at["latitude"] if at else None, "longitude": at["longitude"] if at else None,
    }  # fmt: skip


def phone(number: int) -> str:
    """From the thousand numbers that Ofcom keeps for drama."""
    return f"01632 960{number:03d}"


def postcode(town: str, number: int) -> str:
    """ZZ is no postcode area; the district number is the town's."""
    towns = [name for row in CLUSTERS for name in row[2]]
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    return f"ZZ{towns.index(town) + 1} {number % 9 + 1}{letters[number % 20]}{letters[(number * 7) % 20]}"


def practice_memberships(practices: list[dict[str, object]], cells: list[dict[str, object]]) -> list[dict[str, object]]:
    """Practices in clusters, hubs, districts, wards and the place. One moved, one serves over a border."""
    rows: list[dict[str, object]] = []
    number = 0
    for index, (cluster, _, _, count, _) in enumerate(CLUSTERS):
        hub = next(row[0] for row in HUBS if index in row[3])
        for _ in range(count):
            each = practices[number]
            number += 1
            code, at = str(each["code"]), each["_at"]
            assert isinstance(at, dict)
            rows.append(inside("organisation", code, "Z9PL"))
            rows.append(inside("organisation", code, str(at["_district"])))
            rows.append(inside("organisation", code, str(at["_ward"])))
            if number == MOVED:
                rows.append(
                    inside(
                        "organisation",
                        code,
                        "Z9CL1",
                        "2012-04-01",
                        "2017-03-31",
                        "Moved to the cluster its people look to.",
                    )
                )
                rows.append(inside("organisation", code, cluster, "2017-04-01"))
                rows.append(inside("organisation", code, "Z9HB1", "2015-10-01", "2017-03-31"))
                rows.append(inside("organisation", code, hub, "2017-04-01"))
            else:
                rows.append(inside("organisation", code, cluster))
                rows.append(inside("organisation", code, hub, "2015-10-01"))
            if number == BORDER:
                rows.append(
                    inside(
                        "organisation",
                        code,
                        "Z9D5",
                        "2012-04-01",
                        "",
                        "Serves people who live over the border: registered is not resident.",
                    )
                )
    return rows


MOVED = 57  # practice number: left the Aldercombe cluster for Greyhollow in 2017
BORDER = 3  # practice number: four of ten of its people live in Easterley


def make_registrations(practices: list[dict[str, object]], cells: list[dict[str, object]]) -> list[dict[str, object]]:
    """Where each practice's people live: mostly near, a tail farther off, and over the border for one."""
    rows: list[dict[str, object]] = []
    for number, each in enumerate(practices, start=1):
        at = each["_at"]
        assert isinstance(at, dict)
        near = nearest(at, cells, number)
        size = int(str(each["list_size"]))
        people = [int(size * weight / sum(w for _, w in near)) for _, weight in near]
        people[0] += size - sum(people)
        found = [(code, count) for (code, _), count in zip(near, people, strict=True) if count]
        rows += [{"practice_code": each["code"], "area_code": code, "people": count} for code, count in sorted(found)]
    return rows


def nearest(at: dict[str, object], cells: list[dict[str, object]], number: int) -> list[tuple[str, float]]:
    """The small areas that a practice draws on, each with its weight; the border practice draws on all over there."""
    weights = {str(c["code"]): nearness(at, c) for c in cells if c["_district"] != DISTRICTS[4][0]}
    near = sorted(weights.items(), key=lambda found: -found[1])[:32]
    if number == BORDER:
        over = [str(c["code"]) for c in cells if c["_district"] == DISTRICTS[4][0]]
        here = sum(weight for _, weight in near)
        near += [(code, here * 0.68 / len(over)) for code in over]
    return near


def nearness(at: dict[str, object], other: dict[str, object]) -> float:
    distance = math.hypot(float(at["_x"]) - float(other["_x"]), float(at["_y"]) - float(other["_y"]))
    return math.exp(-distance / 2.4) * (1.0 if other["_cluster"] == at["_cluster"] else 0.35)


def give_residents(areas: list[dict[str, object]], registrations: list[dict[str, object]]) -> None:
    """People of the place's practices who live in each small area; over the border most are registered elsewhere."""
    living: dict[str, int] = {}
    for row in registrations:
        living[str(row["area_code"])] = living.get(str(row["area_code"]), 0) + int(str(row["people"]))
    for each in areas:
        if each["kind"] == "small-area":
            elsewhere = 1_450 if each["_district"] == DISTRICTS[4][0] else 0
            each["residents"] = living.get(str(each["code"]), 0) + elsewhere


def ages_of(practice_row: dict[str, object]) -> list[dict[str, object]]:
    """The list by age and sex, adding up to the list size; older where the practice's own lean is."""
    size, lean = int(str(practice_row["list_size"])), draw.gauss(0, 0.16)
    shares = [share * math.exp(lean * (low - 40) / 30) for low, _, share in REGISTERED_SHAPE]
    people = [int(size * share / sum(shares)) for share in shares]
    people[10] += size - sum(people)
    rows = []
    for (low, high, _), count in zip(REGISTERED_SHAPE, people, strict=True):
        female = round(count * FEMALE_SHARE.get(low, 0.505))
        rows.append(
            {
                "practice_code": practice_row["code"],
                "age_from": low,
                "age_to": high,
                "male": count - female,
                "female": female,
            }
        )
    return rows


# --- everyone else ---------------------------------------------------------------------------------------------------

TRUSTS = (  # code, name, kind, town, street
    ("Z9A", "Wychbourne and Calder Hospitals NHS Trust", "acute-trust", "Calderstow", "Infirmary Road"),
    (
        "Z9C",
        "Wychbourne Vale Community Health NHS Trust",
        "community-trust",
        "Brindlewick",
        "Hopfield House, Weir Street",
    ),
    ("Z9M", "Wychbourne Mental Health and Social Care NHS Trust", "mental-health-trust", "Elderhythe", "Lantern Court"),
    ("Z9X", "Eastern Vales Ambulance Service NHS Trust", "ambulance", "Dunmarsh", "Control House, Ring Road"),
    ("Z9H", "Hospice in the Vale", "hospice", "Foxenbridge", "Larkenfold Lane"),
    ("Z9G", "Vale Doctors Out of Hours", "out-of-hours", "Calderstow", "Infirmary Road"),
    ("Z9Q", "Wychbourne Vale Commissioning", "commissioner", "Aldercombe", "Priory Court"),
    ("Z9F", "Vale Practices Federation", "federation", "Brindlewick", "Weir Street"),
    ("Z9K", "Wychbourne County Council", "county-council", "Aldercombe", "County Hall, Bridge Street"),
)
HOMES = (
    ("The Cobnut Lodge", 0), ("Saltwheal Court", 3), ("Priory Meadow", 1), ("Lantern House", 4), ("Hopfield Grange", 1),
    ("Reedbarrow Manor", 3), ("Thistlemere Lodge", 5), ("Quayside Rest", 4), ("Yarrow Court", 6),
    ("Great Wexcombe House", 2),
    ("Kiln Green", 2), ("Larkenfold Gardens", 5), ("Sallow Bank", 0), ("Orrish Lea", 6),
)  # fmt: skip
VOLUNTARY = (
    ("Vale Befriending", 1), ("Wychbourne Carers' Link", 0), ("Paws About Town: volunteer dog walking", 1),
    ("Calderstow Food Larder", 2), ("Dunmarsh Community Transport", 3), ("Breathe Easy Singing, Elderhythe", 4),
    ("Benefits and Debt Advice Vale", 2), ("Memory Café, Foxenbridge", 5), ("Good Neighbours Greyhollow", 6),
    ("Young Parents' Mentors", 1), ("Walk Well Wychbourne", 0),
)  # fmt: skip


def other_organisations(cells: list[dict[str, object]]) -> list[dict[str, object]]:
    rows, number = [], 100
    for code, name, kind, town, street in TRUSTS:
        number += 1
        at = town_cell(cells, town)
        rows.append(organisation(code, name, kind, town, street, postcode(town, number), at, number=number))
    for k, (code, name) in enumerate(DISTRICTS):
        number += 1
        town = CLUSTERS[min(k, 3)][2][0]
        rows.append(
            organisation(
                f"Z9K{code[-1]}",
                f"{name} Council",
                "district-council",
                town,
                "Town Hall",
                postcode(town, number),
                None,
                number=number,
            )
        )
    for prefix, kind, those in (("Z9HM", "care-home", HOMES), ("Z9V", "voluntary", VOLUNTARY)):
        for k, (name, cluster) in enumerate(those, start=1):
            number += 1
            town = CLUSTERS[cluster][2][k % 3]
            street = f"{k + 4} {LANES[k % len(LANES)]} Road"
            rows.append(
                organisation(
                    f"{prefix}{k:02d}",
                    name,
                    kind,
                    town,
                    street,
                    postcode(town, number),
                    town_cell(cells, town),
                    number=number,
                )
            )
    return rows


def town_cell(cells: list[dict[str, object]], town: str) -> dict[str, object]:
    return next(c for c in cells if str(c["name"]).startswith(town))


SITES = (  # code, organisation, name, kind, beds, therapy beds, town
    ("Z9A01", "Z9A", "Calderstow Royal Hospital", "acute-hospital", 462, 0, "Calderstow"),
    ("Z9A02", "Z9A", "Tarnhollow General Hospital", "acute-hospital", 268, 0, "Tarnhollow"),
    ("Z9C01", "Z9C", "Hobbs Linden Community Hospital", "community-hospital", 22, 0, "Hobbs Linden"),
    ("Z9C02", "Z9C", "Tarnhollow Cottage Hospital", "community-hospital", 14, 8, "Tarnhollow"),
    ("Z9C03", "Z9C", "Aldercombe Community Hospital", "community-hospital", 18, 0, "Aldercombe"),
    ("Z9C04", "Z9C", "Yarrowdene Community Hospital", "community-hospital", 14, 0, "Yarrowdene"),
    ("Z9C05", "Z9C", "Hopfield House (single point of referral)", "hub", 0, 0, "Brindlewick"),
    ("Z9H01", "Z9H", "Hospice in the Vale, Larkenfold", "hospice", 16, 0, "Larkenfold"),
)


def make_sites(practices: list[dict[str, object]], cells: list[dict[str, object]]) -> list[dict[str, object]]:
    """Hospitals, the referral point, each practice's surgery and 26 branches: 86 premises of practices in all."""
    rows = []
    for k, (code, owner, name, kind, beds, therapy, town) in enumerate(SITES):
        at = town_cell(cells, town)
        rows.append(
            site(
                code,
                owner,
                name,
                kind,
                beds,
                therapy,
                f"Hospital Road, {town}" if beds else f"Weir Street, {town}",
                postcode(town, 40 + k),
                at,
            )
        )
    for each in practices:
        rows.append(
            site(
                f"{each['code']}-1",
                str(each["code"]),
                str(each["name"]),
                "surgery",
                0,
                0,
                str(each["address"]),
                str(each["postcode"]),
                each,
            )
        )
    largest = sorted(practices, key=lambda row: -int(str(row["list_size"])))[:26]
    for k, each in enumerate(sorted(largest, key=lambda row: str(row["code"]))):
        town = next(row[2] for row in CLUSTERS if any(name in str(each["address"]) for name in row[2]))[k % 3]
        at = town_cell(cells, town)
        name = f"{town} Branch of {each['name']}"
        rows.append(
            site(
                f"{each['code']}-2",
                str(each["code"]),
                name,
                "branch-surgery",
                0,
                0,
                f"{k + 2} Green Lane, {town}",
                postcode(town, 60 + k),
                at,
            )
        )
    return rows


def site(
    code: str,
    owner: str,
    name: str,
    kind: str,
    beds: int,
    therapy: int,
    address: str,
    postcode_: str,
    at: dict[str, object],
) -> dict[str, object]:
    return {
        "code": code, "organisation_code": owner, "name": name, "kind": kind, "beds": beds, "therapy_beds": therapy,
        "address": address, "postcode": postcode_, "latitude": at["latitude"], "longitude": at["longitude"],
    }  # fmt: skip


def make_teams() -> list[dict[str, object]]:
    rows = [
        team("Z9T-SPR", "Z9C", "Single Point of Referral", "referral", "Z9PL", 700),
        team("Z9T-RAPID", "Z9C", "Rapid Response", "rapid-response", "Z9PL", 701),
        team("Z9T-NIGHT", "Z9C", "Night Nursing", "night", "Z9PL", 702),
        team("Z9T-REABLE", "Z9K", "Reablement", "reablement", "Z9PL", 703),
        team("Z9T-CRISIS", "Z9M", "Mental Health Crisis", "crisis", "Z9PL", 704),
        team("Z9T-HATH", "Z9H", "Hospice at Home", "end-of-life", "Z9PL", 705),
        team("Z9T-DISCH", "Z9A", "Integrated Discharge", "discharge", "Z9PL", 706),
    ]
    for k, (cluster, name, *_) in enumerate(CLUSTERS, start=1):
        rows.append(team(f"Z9T-ILT{k}", "Z9C", f"{name} Locality Team", "integrated-locality", cluster, 710 + k))
        rows.append(team(f"Z9T-SW{k}", "Z9K", f"{name} Social Work", "social-work", cluster, 720 + k))
    return rows


def team(code: str, owner: str, name: str, kind: str, area_code: str, number: int) -> dict[str, object]:
    return {
        "code": code,
        "organisation_code": owner,
        "name": name,
        "kind": kind,
        "area_code": area_code,
        "phone": phone(number),
    }


HOLIDAYS: list[dict[str, object]] = [
    {"day": "2026-12-24", "name": "Offices close for the County Council's Christmas", "owner_code": "Z9K"},
    {"day": "2026-12-29", "name": "Offices close for the County Council's Christmas", "owner_code": "Z9K"},
]


def make_hours(practices: list[dict[str, object]]) -> list[dict[str, object]]:
    """Core hours of every practice, extended hours of 54, weekends of 11; the round-the-clock services."""
    rows: list[dict[str, object]] = []
    closed_evenings = set(draw.sample(range(60), 6))
    weekends = set(draw.sample(sorted(set(range(60)) - closed_evenings), 11))
    for k, each in enumerate(practices):
        code = str(each["code"])
        rows.append(hours_row(code, "core", "mon-fri", "08:00", "18:30"))
        if k not in closed_evenings:
            rows.append(hours_row(code, "extended", ("mon", "tue", "wed", "thu")[k % 4], "18:30", "20:00"))
        if k in weekends:
            rows.append(hours_row(code, "extended", "sat", "08:30", "12:30"))
    for owner, service, days, opens, closes in (
        ("Z9T-SPR", "availability", "mon-sun", "00:00", "24:00"),
        ("Z9T-SPR", "day", "mon-sun", "07:30", "21:00"),
        ("Z9T-RAPID", "rapid-response", "mon-sun", "00:00", "24:00"),
        ("Z9T-NIGHT", "night", "mon-sun", "21:00", "07:30"),
        ("Z9T-CRISIS", "crisis", "mon-sun", "00:00", "24:00"),
        ("Z9G", "out-of-hours", "mon-fri", "18:30", "08:00"),
        ("Z9G", "out-of-hours", "sat sun", "08:00", "08:00"),
    ):
        rows.append({**hours_row(owner, service, days, opens, closes), "on_holidays": "yes"})
    for k in range(1, 8):
        rows.append({**hours_row(f"Z9T-ILT{k}", "planned", "mon-sun", "07:00", "22:00"), "on_holidays": "yes"})
    rows.append(hours_row("Z9K", "offices", "mon-fri", "08:30", "17:00"))
    return rows


def hours_row(owner: str, service: str, days: str, opens: str, closes: str) -> dict[str, object]:
    return {
        "owner_code": owner,
        "service": service,
        "weekdays": days,
        "opens": opens,
        "closes": closes,
        "on_holidays": "no",
    }


PURPOSES = "direct care;care planning;urgent care"
CLASSES = "demographics;problems;medicines;allergies;results;encounters;immunisations;documents;referrals"


def make_agreements(practices: list[dict[str, object]]) -> list[dict[str, object]]:
    """54 practices and five partners have signed; six practices are pending, each with its reason."""
    rows = []
    for number, each in enumerate(practices, start=1):
        if number in PENDING:
            rows.append(agreement(str(each["code"]), "", "", note=PENDING[number]))
        else:
            signed = f"{2015 + number % 3}-{number % 12 + 1:02d}-{number % 27 + 1:02d}"
            rows.append(agreement(str(each["code"]), signed, signed))
    rows += [agreement(code, "2016-03-14", "2016-04-01") for code in ("Z9A", "Z9C", "Z9M", "Z9H", "Z9K")]
    return rows


def agreement(code: str, signed: str, starts: str, note: str = "") -> dict[str, object]:
    purposes, classes = (PURPOSES, CLASSES) if signed else ("", "")
    return {
        "controller_code": code, "signed_on": signed, "starts": starts, "ends": "", "purposes": purposes,
        "classes": classes, "note": note,
    }  # fmt: skip


def make_feeds(practices: list[dict[str, object]]) -> list[dict[str, object]]:
    """One GP Connect feed a practice (a pending practice's has no live day) and an ADT feed of both trusts."""
    rows = []
    for number, each in enumerate(practices, start=1):
        live = "" if number in PENDING else f"{2016 + number % 2}-{number % 12 + 1:02d}-15"
        rows.append(
            feed(
                f"{each['code']}-gp", str(each["code"]), "fhir-stu3-json", str(each["supplier"]), "folder", 1_440, live
            )
        )
    rows.append(feed("Z9A-adt", "Z9A", "hl7-v2", "Supplier C", "http", 15, "2016-04-01"))
    rows.append(feed("Z9C-adt", "Z9C", "hl7-v2", "Supplier D", "http", 60, "2016-06-01"))
    return rows


def feed(code: str, owner: str, form: str, supplier: str, channel: str, minutes: int, live: str) -> dict[str, object]:
    return {
        "code": code, "organisation_code": owner, "format": form, "supplier": supplier, "channel": channel,
        "expected_minutes": minutes, "live_since": live,
    }  # fmt: skip


if __name__ == "__main__":
    main()
