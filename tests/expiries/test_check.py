"""``calendar check STORE`` proves expiries, ticks and flags."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from tests.store.store_data import KEY, OTHER, index_of, make_store, partition_frame, write_file

from tickloom.cli.calendar import command
from tickloom.expiries.check import check_expiries
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.index import ContractIndex
from tickloom.store.writer import StoreWriter


def reasons(store: Path, file: Path | None = None) -> list[str]:
    return [problem.reason for problem in check_expiries(store, file)]


def store_of(path: Path, frame: pl.DataFrame, index: ContractIndex | None = None) -> Path:
    with StoreWriter.open(path / "s", create=True) as writer:
        staged = writer.stage(KEY)
        write_file(staged, frame)
        writer.commit(KEY, staged, index or index_of(frame))
    return path / "s"


def on(day: dt.date) -> pl.Expr:
    return pl.col("expiry") == day


AUGUST = dt.date(2025, 8, 28)


def test_a_true_store_has_no_problem(tmp_path: Path) -> None:
    make_store(tmp_path / "s", {KEY: partition_frame(KEY), OTHER: partition_frame(OTHER)})
    assert check_expiries(tmp_path / "s", None) == []
    done = CliRunner().invoke(command, ["check", str(tmp_path / "s"), "--json"])
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"ok": True, "problems": []})


def test_ticks_long_before_a_contract_is_listed(tmp_path: Path) -> None:
    early = PartitionKey(dt.date(2025, 3, 3), KEY.underlying)
    make_store(tmp_path / "s", {early: partition_frame(early)})
    found = [reason for reason in reasons(tmp_path / "s") if "is listed before" in reason]
    assert any("BANKNIFTY monthly 2025-08 has ticks of 2025-03-03" in reason for reason in found)


def test_an_expiry_that_the_calendar_dates_otherwise(tmp_path: Path) -> None:
    # Wednesday, as the documented calendar has it
    frame = partition_frame().with_columns(
        pl.when(on(AUGUST)).then(dt.date(2025, 8, 26)).otherwise("expiry").alias("expiry")
    )
    store = store_of(tmp_path, frame)
    (reason,) = reasons(store)
    assert reason.startswith("4 contracts: BANKNIFTY monthly 2025-08 expires on 2025-08-26")
    assert "on 2025-08-28 by the calendar" in reason
    assert "tickloom recalendar" in reason
    done = CliRunner().invoke(command, ["check", str(store)])
    assert done.exit_code == 1
    assert "2025-08-01/BANKNIFTY: 4 contracts" in done.stdout


def test_the_users_file_decides_where_it_is_given(tmp_path: Path) -> None:
    store = store_of(tmp_path, partition_frame())
    file = tmp_path / "mine.csv"
    file.write_text(
        "Instrument,Expiry_Type,Contract_Month,Final_Expiry\nBANKNIFTY,Monthly,2025-08,2025-08-26\n"
    )
    assert reasons(store) == []
    assert any("on 2025-08-26 by the calendar" in reason for reason in reasons(store, file))


def test_an_expiry_on_a_closed_day(tmp_path: Path) -> None:
    frame = partition_frame().with_columns(
        pl.when(on(AUGUST)).then(dt.date(2025, 8, 27)).otherwise("expiry").alias("expiry")
    )
    found = reasons(store_of(tmp_path, frame))
    assert "the expiry 2025-08-27 of 160 rows is no trading day" in found


def test_a_tick_after_the_expiry(tmp_path: Path) -> None:
    late = dt.datetime(2025, 8, 29, 9, 15)
    last = pl.int_range(pl.len()) == 39  # the last tick of the first contract
    frame = partition_frame().with_columns(
        pl.when(last).then(late).otherwise("timestamp").alias("timestamp")
    )
    assert reasons(store_of(tmp_path, frame)) == [
        "ticks of 2025-08-29 lie after the expiry 2025-08-28"
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        pl.lit("weekly").cast(pl.Categorical).alias("expiry_type"),
        pl.lit(False).alias("is_monthly"),
        pl.lit(True).alias("is_weekly"),
        pl.lit(None, pl.Boolean).alias("is_weekly"),
    ],
)
def test_a_flag_that_disagrees(tmp_path: Path, wrong: pl.Expr) -> None:
    frame = partition_frame()
    name = wrong.meta.output_name()
    value = wrong.cast(frame.schema[name])
    frame = frame.with_columns(pl.when(on(AUGUST)).then(value).otherwise(name).alias(name))
    (reason,) = reasons(store_of(tmp_path, frame))
    assert reason.startswith("the expiry 2025-08-28 is monthly by the calendar; 160 rows say")


def test_a_store_without_a_manifest_is_checked_by_its_dates(tmp_path: Path) -> None:
    frame = partition_frame().with_columns(
        pl.when(on(AUGUST)).then(dt.date(2025, 8, 27)).otherwise("expiry").alias("expiry")
    )
    folder = tmp_path / "documented" / KEY.folder
    folder.mkdir(parents=True)
    write_file(folder / KEY.file().name, frame)
    found = reasons(tmp_path / "documented")
    assert any("is no trading day" in reason for reason in found)
