"""Synthetic raw files look like the vendor's, and the same seed gives the same bytes."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import itertools
import json
import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from tickloom import RAW_COLUMNS
from tickloom.cli.synth import command
from tickloom.errors import UsageError
from tickloom.synth import SynthReport, write_raw
from tickloom.synth.market import CONTRACT_MONTHS, MOST_DAYS, trading_days


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> SynthReport:
    return write_raw(tmp_path_factory.mktemp("raw"), seed=3, rows=40_000, pathological=True)


def sound_files(report: SynthReport) -> list[Path]:
    bad = {path for path, _ in report.faults}
    return [p for f in report.folders for p in sorted(f.glob("*.parquet")) if p not in bad]


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        write_raw(tmp_path / name, seed=seed, rows=2_000, strikes=3, pathological=True)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert digests(tmp_path / "one") != digests(tmp_path / "three")


def test_report_counts_what_is_there(report: SynthReport) -> None:
    files = sound_files(report)
    rows = [pq.read_metadata(path).num_rows for path in files]
    assert (report.files, report.rows) == (len(files), sum(rows))
    assert 0.8 * 40_000 < report.rows < 1.2 * 40_000
    # Quiet contracts beside busy ones.
    assert min(rows) < 20
    assert max(rows) > 1_000


def test_files_have_the_52_columns_and_lower_case_names(report: SynthReport) -> None:
    for path in sound_files(report):
        assert path.name == path.name.lower()
        assert pq.read_schema(path).names == [column.name for column in RAW_COLUMNS]
    names = {path.stem for path in sound_files(report)}
    assert {"banknifty25nov58000ce", "nifty25dec25750pe"} <= names
    assert len(names) == 2 * 2 * 2 * 11


def test_folders_share_one_day_with_the_same_ticks(report: SynthReport) -> None:
    shared = report.days[len(report.days) // 2]
    counted = 0
    for path in sorted(report.folders[0].glob("banknifty25nov5*pe.parquet")):
        first, second = (pq.read_table(folder / path.name) for folder in report.folders)
        both = [
            [row for row in table.to_pylist() if row["timestamp"].date() == shared]
            for table in (first, second)
        ]
        assert both[0] == both[1]
        assert {row["timestamp"].date() for row in first.to_pylist()} <= set(report.days[:3])
        assert {row["timestamp"].date() for row in second.to_pylist()} <= set(report.days[2:])
        counted += len(both[0])
    assert counted > 0
    assert report.rows > report.distinct_rows


def check_ticks(rows: list[dict[str, object]]) -> int:
    """Looks at one contract's ticks; returns how many share their second with another."""
    same = volume = 0
    day = before = None
    for row in rows:
        stamp = row["timestamp"]
        assert isinstance(stamp, dt.datetime)
        assert stamp.tzinfo is None
        assert stamp.microsecond == 0
        assert dt.time(9, 15) <= stamp.time() <= dt.time(15, 30)
        if stamp.date() != day:
            day, volume, before = stamp.date(), 0, None
        assert before is None or stamp >= before
        same += stamp == before
        before = stamp
        assert isinstance(row["volume"], int)
        assert row["volume"] >= volume
        volume = row["volume"]
        check_book(row)
    return same


def check_book(row: dict[str, object]) -> None:
    for side, away in (("b", -1), ("s", 1)):
        prices = [row[f"{side}p{i}"] for i in range(5)]
        there = [price for price in prices if isinstance(price, float)]
        assert prices[: len(there)] == there, "missing levels are the last ones"
        assert all(away * b > away * a for a, b in itertools.pairwise(there))
        assert all(price > 0 and math.isclose(price * 20, round(price * 20)) for price in there)
    bid, ask = row["bp0"], row["sp0"]
    assert isinstance(bid, float)
    assert isinstance(ask, float)
    assert bid < ask


def test_ticks_look_like_the_vendors(report: SynthReport) -> None:
    nulls: set[str] = set()
    same = 0
    for path in sound_files(report):
        rows = pq.read_table(path).to_pylist()
        same += check_ticks(rows)
        nulls |= {name for row in rows for name, value in row.items() if value is None}
        assert {row["symbol"] for row in rows} == {path.stem.upper()}
        assert all(row["ts"] == row["timestamp"] for row in rows)
        traded = [row[name] for row in rows for name in ("price", "open", "high", "low", "close")]
        assert all(price == round(price, 2) for price in traded if price is not None)
    assert same > 100
    assert {"price", "avgPrice", "lastTradeTime", "oi", "bp4"} <= nulls
    assert not nulls & {"timestamp", "volume", "bp0", "sp0"}


def test_documented_strategy_trades_on_it(report: SynthReport) -> None:
    """Entry by the documented rule happens: the demo has something to show."""
    entries = 0
    for path in sound_files(report):
        table = pq.read_table(path, columns=["price", "bp0", "sp0", "volume"])
        fast = slow = None
        for row in table.to_pylist():
            price = row["price"]
            if price is None:
                continue
            fast = price if fast is None else fast + 2 / 6 * (price - fast)
            slow = price if slow is None else slow + 2 / 22 * (price - slow)
            spread = (row["sp0"] - row["bp0"]) / ((row["sp0"] + row["bp0"]) / 2)
            entries += fast > slow and spread <= 5e-4 and row["volume"] >= 1
    assert entries > 100


def test_every_fault_is_written_and_named(report: SynthReport) -> None:
    assert len({what for _, what in report.faults}) == len(report.faults)
    by_what = {what: path for path, what in report.faults}
    assert all(path.exists() for path in by_what.values())
    assert by_what["empty file"].stat().st_size == 0
    assert pq.read_metadata(by_what["no rows"]).num_rows == 0
    assert "timestamp" not in pq.read_schema(by_what["no timestamp column"]).names
    with pytest.raises(pa.ArrowInvalid, match="magic bytes not found"):
        pq.read_table(by_what["truncated"])
    stamps = pq.read_table(by_what["1970 timestamps"])["timestamp"].to_pylist()
    assert stamps[5:8] == [dt.datetime(1970, 1, 1, 5, 30)] * 3
    late = pq.read_table(by_what["ticks after the close"])["timestamp"].to_pylist()
    assert late[-1].time() == dt.time(15, 33)
    crossed = pq.read_table(by_what["crossed quotes"]).to_pylist()
    assert sum(row["bp0"] > row["sp0"] for row in crossed) == 3
    volumes = pq.read_table(by_what["volume reset"])["volume"].to_pylist()
    assert sum(b < a for a, b in itertools.pairwise(volumes)) == 1


def test_refuses_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(UsageError, match="expected a new or empty folder"):
        write_raw(tmp_path)


@pytest.mark.parametrize("wrong", [{"days": 1}, {"days": 17}, {"rows": 0}, {"strikes": 0}])
def test_refuses_numbers_out_of_range(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=r"expected .*; found "):
        write_raw(tmp_path / "raw", **wrong)


def test_contract_months_are_the_exchanges_own(shared: Path) -> None:
    with (shared / "facts/expiries_observed.csv").open() as lines:
        observed = {(row["underlying"], row["expiry_date"]) for row in csv.DictReader(lines)}
    for month in CONTRACT_MONTHS:
        assert ("BANKNIFTY", month.expiry.isoformat()) in observed
    assert trading_days(MOST_DAYS)[-1] == CONTRACT_MONTHS[0].expiry


def test_command_reports_as_json(tmp_path: Path) -> None:
    arguments = [str(tmp_path / "raw"), "--rows", "500", "--strikes", "1", "--json"]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    summary = json.loads(result.stdout)
    assert summary["files"] == 16
    assert summary["days"][0] == "2025-11-03"
    assert summary["faults"] == []
