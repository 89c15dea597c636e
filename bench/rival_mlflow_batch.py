"""MLflow's pyfunc over big.parquet, run by MLflow's own Python: it prints the seconds it took.

python rival_mlflow_batch.py make: log a ridge that was fitted on small.parquet.
python rival_mlflow_batch.py: predict with it. Imports and loading stay outside of the clock.
"""

from __future__ import annotations

import sys
import time

import mlflow
import numpy as np
import pandas as pd

COLUMNS = [f"f{i}" for i in range(10)]
MODEL = "mlflow-model"


def make() -> None:
    """The model as MLflow keeps it."""
    from sklearn.linear_model import Ridge

    rows = pd.read_parquet("small.parquet")
    mlflow.sklearn.save_model(Ridge().fit(rows[COLUMNS], rows["y"]), MODEL)


def predict() -> float:
    """The seconds from file to file."""
    model = mlflow.pyfunc.load_model(MODEL)
    begun = time.perf_counter()
    rows = pd.read_parquet("big.parquet", columns=COLUMNS)
    pd.DataFrame({"prediction": np.asarray(model.predict(rows))}).to_parquet("mlflow.parquet")
    return time.perf_counter() - begun


if __name__ == "__main__":
    print(make() if sys.argv[1:] else predict())
