"""A table of sold houses that needs no download: prices made with known coefficients."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

ROWS = 400
SEED = 7

_DISTRICTS = {"centre": 60_000, "harbour": 35_000, "hills": 10_000, "station": 0}


def houses_csv() -> str:
    """400 sales of the year 2024 as CSV, the same at every call; two of them are typing errors."""
    random = Random(SEED)  # noqa: S311 - an example, no secret
    header = "house_id,sold_on,area_m2,rooms,age_years,district,garden,price"
    rows = [_sale(number, random) for number in range(1, ROWS + 1)]
    return "\n".join([header, *rows]) + "\n"


def _sale(number: int, random: Random) -> str:
    sold = date(2024, 1, 1) + timedelta(days=int(random.random() * 366))
    area = 40 + int(random.random() * 140)
    rooms = max(1, area // 28 + int(random.random() * 3) - 1)
    age = int(random.random() * 90)
    district = list(_DISTRICTS)[int(random.random() * len(_DISTRICTS))]
    garden = random.random() < 0.4
    noise = sum(random.random() for _ in range(12)) - 6  # about normal, deviation 1
    price = 50_000.0 + 2_400 * area - 600 * age + _DISTRICTS[district] + 15_000 * garden
    price += 8_000 * rooms + 12_000 * noise
    shown = 1 if number in (100, 300) else round(price, -2)
    return f"{number},{sold},{area},{rooms},{age},{district},{str(garden).lower()},{shown:.0f}"
