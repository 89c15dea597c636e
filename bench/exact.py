"""Published coefficients and errors, to the digit. The data beside the checkout may be absent."""

from __future__ import annotations

import math
from pathlib import Path

from measure import Figure

DATA = Path(__file__).parents[2] / "shared" / "data"
LARS = {  # Efron, Hastie, Johnstone, Tibshirani (2004), table 2: the full least squares fit
    "age": -10.0,
    "sex": -239.8,
    "bmi": 519.8,
    "bp": 324.4,
    "s1": -792.2,
    "s2": 476.7,
    "s3": 101.0,
    "s4": 177.1,
    "s5": 751.3,
    "s6": 67.6,
}


def main(folder: Path) -> list[Figure]:  # noqa: ARG001 every benchmark is given one
    """Ours beside what is published."""
    return [_diabetes(), *_taxi(), _prostate()]


def _diabetes() -> Figure:
    import polars as pl
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes()
    rows = pl.DataFrame(bunch.data, schema=bunch.feature_names)
    model = _fitted("linear", rows, pl.Series("target", bunch.target), {})
    found = {c["column"]: _only(c["weight"]) for c in model.describe()["coefficients"]}
    hits = sum(round(found[name], 1) == value for name, value in LARS.items())
    return Figure(
        "diabetes, OLS coefficients", f"{hits} of 10", "LARS paper", "-", "10", hits == 10
    )


def _taxi() -> list[Figure]:
    files = [DATA / "nyc_green_taxi" / f"green_tripdata_2021-0{month}.parquet" for month in (1, 2)]
    if not all(file.exists() for file in files):
        return [Figure("green taxi", "skipped: the data are not here", "-", "-", "-", None)]
    train, test = map(_trips, files)
    lines = []
    for kind, params, target in (("linear", {}, 7.7587), ("lasso", {"alpha": 0.01}, 11.1673)):
        model = _fitted(kind, train.drop("minutes"), train["minutes"], params)
        error = _rmse(test["minutes"], model.predict(test.drop("minutes")).values)
        lines.append(
            Figure(
                f"green taxi minutes, {kind}, RMSE",
                f"{error:.4f}",
                f"published {target}",
                f"{error / target:.4f}",
                f"<= {target}",
                error <= target + 5e-5,
            )
        )
    return lines


def _trips(file: Path) -> object:
    import polars as pl

    minutes = (pl.col("lpep_dropoff_datetime") - pl.col("lpep_pickup_datetime")).dt.total_seconds()
    places = pl.col("PULocationID").cast(pl.String), pl.col("DOLocationID").cast(pl.String)
    return (
        pl.read_parquet(file)
        .select(
            pl.concat_str(*places, separator="_").alias("PU_DO"),
            "trip_distance",
            minutes=minutes / 60,
        )
        .filter(pl.col("minutes").is_between(1, 60))
    )


def _prostate() -> Figure:
    import polars as pl

    file = DATA / "regression_classics" / "prostate.csv"
    if not file.exists():
        return Figure("prostate", "skipped: the data are not here", "-", "-", "-", None)
    rows = pl.read_csv(file)
    inputs = [c for c in rows.columns if c not in {"lpsa", "train"}]
    scaled = rows.with_columns((pl.col(c) - pl.col(c).mean()) / pl.col(c).std() for c in inputs)
    train, test = (scaled.filter(pl.col("train") == side) for side in ("T", "F"))
    model = _fitted("linear", train.select(inputs), train["lpsa"], {})
    error = _rmse(test["lpsa"], model.predict(test.select(inputs)).values) ** 2
    return Figure(
        "prostate, least squares, test error",
        f"{error:.4f}",
        "ESL table 3.3: 0.521",
        f"{error / 0.521:.3f}",
        "0.521",
        round(error, 3) == 0.521,
    )


def _fitted(kind: str, rows: object, target: object, params: dict[str, object]) -> object:
    from keepfit.config.schema.rows import Encode
    from keepfit.kinds import kind as kind_of
    from keepfit.kinds import params_of
    from keepfit.kinds.base import Lesson

    both = rows.with_columns(target.alias("__target"))
    lesson = Lesson(
        features=tuple(rows.columns),
        target="__target",
        train=both,
        validation=both.clear(),
        encode=Encode(scale=False),
    )
    return kind_of(kind).fit(lesson, params_of(kind)(**params), seed=0, threads=1)


def _only(weight: dict[str, float]) -> float:
    (value,) = weight.values()
    return value


def _rmse(truth: object, said: object) -> float:
    return math.sqrt(float(((truth - said) ** 2).mean()))
