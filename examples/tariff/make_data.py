"""Makes descriptions of goods with their commodity codes, as three sources write them."""

from __future__ import annotations

import csv
from pathlib import Path
from random import Random

SEED = 42
DECLARED = 4000  # descriptions a month
WRONG = 0.03  # of them have a code that is not theirs

# heading: what it is called, and by what it is made of the rest of its code
GOODS = {
    "4202": (("handbag", "suitcase", "wallet"), {"leather": "21", "plastic": "22", "canvas": "29"}),
    "6109": (("t-shirt", "vest", "singlet"), {"cotton": "10", "wool": "90", "polyester": "90"}),
    "6110": (("jumper", "cardigan"), {"wool": "11", "cotton": "20", "polyester": "30"}),
    "6203": (("trousers", "shorts"), {"wool": "41", "cotton": "42", "polyester": "43"}),
    "6403": (("boot", "sandal", "brogue"), {"leather": "91", "suede": "99"}),
    "6404": (("trainer", "slipper"), {"canvas": "19", "polyester": "11"}),
    "6911": (("plate", "mug", "teapot"), {"porcelain": "10"}),
    "6912": (("plate", "mug", "bowl"), {"stoneware": "00"}),
    "8518": (("headphones", "earphones"), {"wireless": "30", "bluetooth": "30"}),
    "9401": (("chair", "stool", "sofa"), {"oak": "61", "steel": "71", "rattan": "53"}),
    "9403": (("table", "desk", "bookcase"), {"oak": "60", "steel": "20", "plastic": "70"}),
    "9503": (("puzzle", "doll", "toy car"), {"wooden": "00", "plastic": "00"}),
}
CHAFF = ("new", "used", "red", "blue", "for men", "for women", "kids", "size 42", "gift")
NOISE = ("", "", "", " - value for customs purposes only", " brand new", " (no commercial value)")
NOTHING = ("goods", "Parts", "12 345", "n/a", "personal effects", "??", "chaussures en cuir noir")


def main(folder: Path) -> None:
    """Three sources in `folder`, and beside it known cases and what a new parcel says."""
    folder.mkdir(exist_ok=True)
    random = Random(SEED)  # noqa: S311 (made data are no secret)
    for number, month in enumerate(("2024-01", "2024-02", "2024-03")):
        declared = [declaration(random, number * DECLARED + n, month) for n in range(DECLARED)]
        write(folder / f"declared-{month}.csv", declared)
    write(folder / "terms.csv", terms())
    write(folder / "notices.csv", notices())
    write(folder.parent / "known.csv", known())
    write(folder.parent / "parcels.csv", parcels())


def declaration(random: Random, number: int, month: str) -> dict[str, object]:
    """What somebody wrote on a parcel; some of it is no description, some of it is wrong."""
    heading = random.choice(list(GOODS))
    names, materials = GOODS[heading]
    name, material = random.choice(names), random.choice(list(materials))
    words = [material, name if random.random() < 0.6 else plural(name)]
    words = [
        *random.sample(CHAFF, random.randint(0, 2)),
        *(words if random.random() < 0.8 else words[::-1]),
    ]
    text = " ".join(words) + random.choice(NOISE)
    others = [other for other in materials if materials[other] != materials[material]]
    if others and random.random() < 0.1:
        text += f", not of {random.choice(others)}"
    code = heading + materials[material]
    if random.random() < WRONG:
        code = random.choice([str(one["code"]) for one in terms()])
    if random.random() < 0.02:
        text = random.choice(NOTHING)
    return {
        "id": f"D{number}",
        "day": f"{month}-{random.randint(1, 28):02}",
        "text": text,
        "code": code,
    }


def plural(name: str) -> str:
    """Of a name that is not one already."""
    return name if name.endswith("s") else name + "s"


def terms() -> list[dict[str, object]]:
    """What the tariff office says of each code; these are right."""
    pairs = [
        (f"{material} {name}", heading + rest)
        for heading, (names, materials) in GOODS.items()
        for material, rest in materials.items()
        for name in names
    ]
    return [{"term": term, "code": code} for term, code in pairs]


def notices() -> list[dict[str, object]]:
    """Old decisions: some are of codes that are gone."""
    kept = [{"notice": f"{one['term']} from abroad", "code": one["code"]} for one in terms()[::3]]
    return [*kept, {"notice": "umbrella with a wooden handle", "code": "660191"}]


def known() -> list[dict[str, object]]:
    """Cases that experts agreed on, and one that nobody can tell."""
    cases = [
        ("a vest", "cotton vests for men", "610910", False),
        ("a negation", "sandals of suede, not of leather", "640399", False),
        ("a toy", "wooden puzzles brand new", "950300", False),
        ("a mug of stoneware", "blue mug, stoneware", "691200", False),
        ("a mug of anything", "mugs", "691110", True),
        ("a desk", "used steel desk", "940320", False),
        ("a bag", "leather handbags for women", "420221", False),
    ]
    names = ("case", "description", "code", "unclear")
    return [dict(zip(names, case, strict=True)) for case in cases]


def parcels() -> list[dict[str, object]]:
    """New parcels, two of which cannot be answered, and one says too little."""
    said = ("Wool jumpers, size 42", "Goods", "boots (leather) for kids", "?", "4711", "oak chair")
    return [{"id": f"P{number}", "description": text} for number, text in enumerate(said, 1)]


def write(file: Path, rows: list[dict[str, object]]) -> None:
    """The rows as CSV."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {
                name: str(cell).lower() if isinstance(cell, bool) else cell
                for name, cell in row.items()
            }
            for row in rows
        )


if __name__ == "__main__":
    main(Path(__file__).parent / "data")
