"""Sources of one contract whose stamps are not equally fine are told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

import tickloom
from tickloom.packing.report import PackReport
from tickloom.packing.sources.stamps import step_of

START = dt.datetime(2025, 11, 3, 9, 15)


def stamps(micros: Sequence[int], unit: str = "us") -> pl.DataFrame:
    at = [START + dt.timedelta(microseconds=n) for n in micros]
    return pl.DataFrame({"timestamp": at, "price": 5.0}).cast({"timestamp": pl.Datetime(unit)})


@pytest.mark.parametrize(
    ("micros", "step"),
    [
        ([0, 1_000_000], 1_000_000),
        ([0, 250_000], 1_000),
        ([0, 1_000, 1], 1),
        ([7_000_000], 1_000_000),
    ],
)
def test_the_step_is_the_coarsest_that_fits(micros: list[int], step: int) -> None:
    frame = stamps(micros)
    assert step_of(frame, 0) == step
    assert step_of(frame, 1) == 1
    assert step_of(frame.clear(), 1_000) == 1_000
    assert step_of(frame.with_columns(timestamp=pl.lit("text")), 0) == 1_000_000


def pack(tmp_path: Path, **folders: dict[str, pl.DataFrame]) -> PackReport:
    for folder, files in folders.items():
        (tmp_path / folder).mkdir()
        for name, frame in files.items():
            frame.write_parquet(tmp_path / folder / f"{name}.parquet")
    sources = [tmp_path / folder for folder in folders]
    return tickloom.pack(sources, tmp_path / "store", executor="threads")


def test_two_sources_of_one_contract_are_compared(tmp_path: Path) -> None:
    coarse, fine = stamps([0, 1_000_000]), stamps([250_000, 1_500_000])
    one, other = "nifty25nov25500ce", "nifty25nov25600ce"
    report = pack(tmp_path, a={one: coarse, other: fine}, b={one: fine, other: fine})
    [note] = report.stamps_coarser
    assert f"stamps of {tmp_path / 'a' / one}.parquet are whole seconds" in note
    assert f"those of {tmp_path / 'b' / one}.parquet milliseconds, first on 2025-11-03" in note
    assert report.to_json()["stamps_coarser"] == [note]
    assert report.exit_code == 0


def test_sources_of_other_contracts_or_days_may_differ(tmp_path: Path) -> None:
    next_day = stamps([86_400_000_000 + 1])
    report = pack(
        tmp_path,
        a={"nifty25nov25500ce": stamps([0]), "nifty25nov25600ce": stamps([1])},
        b={"nifty25nov25500ce": next_day},
    )
    assert report.stamps_coarser == []
    assert "stamps_coarser" not in report.to_json()
