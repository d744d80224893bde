"""A price in fewer bits is the decimal that it stands for."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import tickloom
from tickloom_plugins.transforms.casting import cast, widened


def shortest(value: float, kind: type) -> float:
    """What NumPy writes for a value of few bits, read back; a whole number is what it is."""
    narrow = kind(value)
    return float(narrow) if float(narrow).is_integer() else float(str(narrow))


@pytest.mark.parametrize(("dtype", "kind"), [(pl.Float32, np.float32), (pl.Float16, np.float16)])
def test_every_value_becomes_its_shortest_decimal(dtype: Any, kind: Any) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    draw = random.Random(seed)
    values = [
        round(draw.uniform(0, 10 ** draw.randint(-4, 4)), draw.randint(0, 6)) for _ in "x" * 5000
    ]
    values += [0.05 * i for i in range(3000)] + [-1.1, 0.0, 2.0**-10, 1 / 3]
    if kind is np.float32:
        values += [131072.1, 524288.05, 16777217.0, 1e-30, 3.4e38, 2526000.35]
    series = pl.Series("price", [*values, None, float("nan"), float("inf")]).cast(dtype)
    found = widened(series)
    assert found.dtype == pl.Float64
    assert found.null_count() == 1
    assert found.to_list()[: len(values)] == [
        shortest(value, kind) for value in series.to_list()[: len(values)]
    ]
    assert np.isnan(found[-2])
    assert found[-1] == float("inf")
    # Nothing is lost: the same bits come back.
    assert found.cast(dtype).fill_nan(None).to_list() == series.fill_nan(None).to_list()


def test_wider_types_and_whole_numbers_stay_what_they_are() -> None:
    exact = pl.Series([101.0999984741211])
    assert cast(exact, pl.Float64()).to_list() == exact.to_list()
    assert cast(pl.Series([3.0, 16777216.0], dtype=pl.Float32), pl.Int64()).to_list() == [3, 2**24]


def test_a_copy_in_single_precision_adds_no_row(tmp_path: Path) -> None:
    stamps = [dt.datetime(2025, 11, 3, 9, 15, i) for i in range(40)]
    prices = [101.1 + 0.05 * i for i in range(40)]
    frame = pl.DataFrame({"timestamp": stamps, "price": prices, "iv": prices}).with_columns(
        pl.col("price", "iv").round(2)
    )
    for name, one in (("a", frame), ("b", frame.cast({"price": pl.Float32, "iv": pl.Float32}))):
        (tmp_path / name).mkdir()
        one.write_parquet(tmp_path / name / "nifty25nov25500ce.parquet")
    report = tickloom.pack([tmp_path / "a", tmp_path / "b"], tmp_path / "store", executor="threads")
    assert (report.rows_written, report.rows_duplicate, report.exit_code) == (40, 40, 0)
