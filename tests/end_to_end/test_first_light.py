"""From raw files to a backtest through the command line, against a plain Python pipeline."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.oracles import packing
from tests.oracles.ema_cross import ema_cross

from tickloom.synth import write_raw


def tickloom(*args: str | Path, code: int = 0) -> Any:
    """Run the command line in a process of its own; its JSON where it printed some."""
    command = [sys.executable, "-m", "tickloom", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout) if "--json" in args else done.stdout


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    write_raw(folder, seed=7, rows=30_000)
    return folder


@pytest.fixture(scope="module")
def store(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "store"
    report = tickloom("pack", raw, path, "--json")
    assert report["rows_read"] == (
        report["rows_written"] + report["rows_duplicate"] + report["rows_quarantined"]
    )
    assert report["rows_quarantined"] == 0
    assert report["rows_duplicate"] > 0, "the folders overlap by a day"
    return path


@pytest.fixture(scope="module")
def expected(raw: Path) -> dict[tuple[date, str], list[packing.Row]]:
    return packing.pack(sorted(raw.rglob("*.parquet")))


def partition_file(store: Path, key: tuple[date, str]) -> Path:
    day, underlying = key
    return store / day.isoformat() / underlying / f"part-{underlying.lower()}-0.parquet"


def test_every_partition_holds_the_rows_of_the_plain_pipeline(
    store: Path, expected: dict[tuple[date, str], list[packing.Row]]
) -> None:
    files = set(store.glob("????-??-??/*/*"))
    assert files == {partition_file(store, key) for key in expected}
    for key, rows in expected.items():
        found = pq.read_table(partition_file(store, key)).to_pylist()
        assert len(found) == len(rows), key
        assert set(found[0]) == set(rows[0])
        for number, (got, want) in enumerate(zip(found, rows, strict=True)):
            assert got == want, (key, number)


def test_the_strategy_trades_as_the_plain_loop_does(
    store: Path, expected: dict[tuple[date, str], list[packing.Row]]
) -> None:
    report = tickloom("run", "ema-cross", store, "--param", "max_spread=0.02", "--json")
    trades, pnl, rows, skipped = 0, 0.0, 0, 0
    for partition in expected.values():
        for contract in contracts(partition):
            won, opened, unpriced = ema_cross([tick(row) for row in contract], max_spread=0.02)
            trades, pnl, skipped = trades + opened, pnl + won, skipped + unpriced
            rows += len(contract)
    assert report["trades"] == trades > 0
    assert report["pnl"] == pytest.approx(pnl, abs=1e-9)
    assert report["rows"] == rows
    assert report["rows_skipped"] == skipped > 0


def tick(row: packing.Row) -> tuple[float, float, float, int]:
    """What the strategy sees of a row: a missing number is NaN, a missing quantity 0."""
    price, bid, ask = (float("nan") if row[c] is None else row[c] for c in ("price", "bp0", "sp0"))
    return price, bid, ask, row["volume"] or 0


def contracts(rows: Sequence[packing.Row]) -> list[list[packing.Row]]:
    """The rows of each contract: a boundary is a change in expiry, right or strike."""
    runs: list[list[packing.Row]] = []
    last = None
    for row in rows:
        key = (row["expiry"], row["opt_type"], row["strike"])
        if key != last:
            runs.append([])
        runs[-1].append(row)
        last = key
    return runs


def test_verify_and_info_agree_with_the_plain_pipeline(
    store: Path, expected: dict[tuple[date, str], list[packing.Row]]
) -> None:
    report = tickloom("verify", store, "--json")
    assert report["ok"] is True
    assert report["problems"] == []
    assert report["files"] == len(expected)
    assert report["rows"] == sum(map(len, expected.values()))
    assert tickloom("info", store, "--json")["rows"] == report["rows"]


def test_packing_again_changes_no_byte(store: Path, raw: Path) -> None:
    before = {path: path.read_bytes() for path in store.glob("????-??-??/*/*")}
    report = tickloom("pack", raw, store, "--json")
    assert report["rows_written"] == 0
    assert report["sources_skipped"] == len(list(raw.rglob("*.parquet")))
    assert {path: path.read_bytes() for path in store.glob("????-??-??/*/*")} == before


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("run", "ema-cros", "STORE"), "did you mean 'ema-cross'"),
        (("run", "ema-cross", "STORE", "--param", "fsat=3"), "fast"),
        (("run", "ema-cross", "nowhere"), "nowhere"),
        (("verify", "nowhere"), "nowhere"),
        (("info", "nowhere"), "nowhere"),
        (("pack", "nowhere", "STORE"), "nowhere"),
    ],
)
def test_a_mistake_is_one_clear_line(
    args: tuple[str, ...], says: str, store: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tickloom"]
    command += [str(store) if arg == "STORE" else arg for arg in args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_demo_prints_what_its_commands_print_as_one_object(tmp_path: Path) -> None:
    shown = tickloom("demo", "--rows", "20000", "--keep", tmp_path / "kept", "--json")
    assert list(shown) == ["synth", "pack", "verify", "run"]
    assert shown["pack"]["rows_read"] == shown["synth"]["rows"] > 0
    assert shown["verify"]["rows"] == shown["run"]["rows"] == shown["pack"]["rows_written"]
    assert shown["run"]["trades"] > 0
    assert tickloom("info", tmp_path / "kept/store", "--json")["rows"] == shown["run"]["rows"]
