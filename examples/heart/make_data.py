"""Makes the patients of four clinics, from a risk whose coefficients are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

SEED = 42
PATIENTS = 4000

CHEST_PAIN = {"none": 1.2, "atypical": -0.6, "non-anginal": -0.3, "typical": 0.3}  # log odds
ECG = {"normal": 0.0, "st-t": 0.4, "hypertrophy": 0.2}
SLOPE = {"up": -0.7, "flat": 0.8, "down": 0.5}


def main(folder: Path) -> None:
    """One CSV file a clinic, in `folder`, and a few patients whom nobody has diagnosed."""
    folder.mkdir(exist_ok=True)
    patients = made(np.random.default_rng(SEED))
    for number, clinic in enumerate(("budapest", "cleveland", "long beach", "zurich")):
        rows = patients.filter(pl.col("patient_id") % 4 == number)
        rows.write_csv(folder / f"{clinic.replace(' ', '-')}.csv")
    new = made(np.random.default_rng(SEED + 1)).head(5).drop("disease")
    new.with_columns(pl.col("patient_id") + PATIENTS).write_csv(folder.parent / "new.csv")


def made(random: np.random.Generator) -> pl.DataFrame:
    """Patients; every thirtieth has no cholesterol on file."""
    age = random.normal(54, 9, PATIENTS).clip(28, 80).round()
    male = random.random(PATIENTS) < 0.68
    pressure = random.normal(131, 17, PATIENTS).clip(90, 200).round()
    cholesterol = random.normal(246, 51, PATIENTS).clip(120, 560).round()
    rate = (random.normal(205, 20, PATIENTS) - age).clip(70, 205).round()
    angina = random.random(PATIENTS) < 0.33
    oldpeak = random.exponential(1.0, PATIENTS).clip(0, 6).round(1)
    pain, ecg, slope = (
        random.choice(list(levels), PATIENTS, p=share)
        for levels, share in (
            (CHEST_PAIN, [0.47, 0.17, 0.28, 0.08]),
            (ECG, [0.55, 0.1, 0.35]),
            (SLOPE, [0.47, 0.46, 0.07]),
        )
    )
    odds = (
        -3.0 + 0.04 * (age - 54) + 1.2 * male + 0.01 * (pressure - 131) - 0.02 * (rate - 150)
        + 0.004 * (cholesterol - 246) + 1.0 * angina + 0.6 * oldpeak
        + of(CHEST_PAIN, pain) + of(ECG, ecg) + of(SLOPE, slope) + 0.9
    )  # fmt: skip
    sick = random.random(PATIENTS) < 1 / (1 + np.exp(-odds))
    known = pl.int_range(PATIENTS, eager=True) % 30 != 29
    return pl.DataFrame(
        {
            "patient_id": range(1, PATIENTS + 1),
            "age": age.astype(int),
            "sex": np.where(male, "male", "female"),
            "chest_pain": pain,
            "resting_pressure": pressure.astype(int),
            "cholesterol": pl.Series(cholesterol.astype(int)).set(~known, None),
            "ecg": ecg,
            "max_heart_rate": rate.astype(int),
            "exercise_angina": angina,
            "oldpeak": oldpeak,
            "slope": slope,
            "disease": np.where(sick, "yes", "no"),
        }
    )


def of(effects: dict[str, float], levels: np.ndarray) -> np.ndarray:
    """The effect of each level."""
    return np.array([effects[level] for level in levels])


if __name__ == "__main__":
    main(Path(__file__).parent / "data")
