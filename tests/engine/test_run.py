"""A run reads what it must, leaves out what it cannot use, and says so."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from tests.engine.run_stores import (
    MONDAY,
    MONDAY_NIFTY,
    TUESDAY,
    build,
    build_foreign,
    uneven_frame,
)

import tickloom
from tickloom.engine.loading.results import TRADE_DTYPE, ContractResults
from tickloom.engine.running import one_set
from tickloom.errors import StoreError, UsageError
from tickloom.specs import KernelSpec


class Params(NamedTuple):
    scale: float = 1.0


SPEC = KernelSpec(
    name="last-minus-first", kind="step", columns=("price", "bp0", "volume"), params=Params
)


class PlainKernel:
    """Buys each contract's first tick and sells its last: plain Python in a compiled kernel's
    place, so that these tests are about what reaches a kernel and what becomes of its results."""

    compile_seconds = 0.0
    needs_facts = False

    def __init__(self, reads_chunks: bool) -> None:
        self.reads_chunks = reads_chunks
        self.dtypes: set[str] = set()
        self.rows = 0

    def __call__(self, params: Any, offsets: Any, columns: Any, **_: Any) -> ContractResults:
        n = len(offsets) - 1
        assert self.reads_chunks or len(columns.edges) == 2
        columns = columns.span(0, columns.rows)
        assert len(columns) == 3
        self.dtypes |= {c.dtype.name for c in columns}
        price = columns[0]
        pnl, trades, skipped = np.zeros(n), np.zeros(n, np.int64), np.zeros(n, np.int64)
        log = []
        for i in range(n):
            rows = [r for r in range(offsets[i], offsets[i + 1]) if price[r] > 0]
            self.rows += int(offsets[i + 1] - offsets[i])
            skipped[i] = offsets[i + 1] - offsets[i] - len(rows)
            if len(rows) > 1:
                trades[i] = 1
                pnl[i] = (price[rows[-1]] - price[rows[0]]) * params.scale
                log.append((i, rows[0], rows[-1], 1, price[rows[0]], price[rows[-1]], pnl[i], 0.0))
        return ContractResults(
            pnl=pnl,
            trades=trades,
            skipped=skipped,
            costs=np.zeros(n),
            unfilled=np.zeros(n, np.int64),
            partial=np.zeros(n, np.int64),
            log=np.array(log, TRADE_DTYPE),
        )


@pytest.fixture(params=[False, True], ids=["in one piece", "in chunks"])
def kernel(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> PlainKernel:
    plain = PlainKernel(request.param)
    monkeypatch.setattr(one_set, "load_kernel", lambda spec, variant, announce: plain)
    return plain


FRAMES = {
    MONDAY: uneven_frame(MONDAY, 1),
    MONDAY_NIFTY: uneven_frame(MONDAY_NIFTY, 2),
    TUESDAY: uneven_frame(TUESDAY, 3),
}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return build(tmp_path / "store", FRAMES, row_group_rows=100)


def expected(frames: dict[Any, pl.DataFrame]) -> list[dict[str, Any]]:
    """The same strategy, contract by contract over the frames' rows."""
    found = []
    for key in sorted(frames):
        first_row = 0
        for (expiry, right, strike), rows in frames[key].group_by(
            "expiry", "opt_type", "strike", maintain_order=True
        ):
            prices = rows["price"].to_list()
            times = rows["timestamp_ns"].to_list()
            usable = [i for i, p in enumerate(prices) if p is not None and p > 0]
            traded = len(usable) > 1
            found.append(
                {
                    "date": key.date,
                    "underlying": key.underlying,
                    "expiry": expiry,
                    "opt_type": right,
                    "strike": strike,
                    "rows": len(prices),
                    "rows_skipped": len(prices) - len(usable),
                    "trades": int(traded),
                    "pnl": prices[usable[-1]] - prices[usable[0]] if traded else 0.0,
                    "entry_row": first_row + usable[0] if traded else None,
                    "exit_row": first_row + usable[-1] if traded else None,
                    "exit_ns": times[usable[-1]] if traded else None,
                }
            )
            first_row += len(prices)
    return found


CONTRACT = ("date", "underlying", "expiry", "opt_type", "strike", "rows", "rows_skipped")


def test_every_contract_gets_its_own_result(store: Path, kernel: PlainKernel) -> None:
    result = tickloom.run(SPEC, store)
    wanted = expected(FRAMES)
    columns = [*CONTRACT, "trades", "pnl"]
    assert result.table.select(columns).rows() == [tuple(w[c] for c in columns) for w in wanted]
    assert result.partitions == 3
    assert result.contracts == len(wanted)
    assert result.rows == result.rows_read == kernel.rows == sum(f.height for f in FRAMES.values())
    assert result.rows_skipped == sum(w["rows_skipped"] for w in wanted) > 0
    assert result.trades == sum(w["trades"] for w in wanted) > 0
    total = 0.0
    for w in wanted:
        total += w["pnl"]
    assert result.pnl == total
    assert kernel.dtypes == {"float64", "int64"}


def test_parameters_reach_the_kernel(store: Path, kernel: PlainKernel) -> None:
    plain = tickloom.run(SPEC, store)
    doubled = tickloom.run(SPEC, store, params={"scale": "2"})
    assert doubled.pnl == 2 * plain.pnl
    assert doubled.params == {"scale": 2.0}


def test_the_trade_log_names_contract_rows_and_times(store: Path, kernel: PlainKernel) -> None:
    log = tickloom.run(SPEC, store, log=True, workers=2).trade_log
    assert log is not None
    wanted = [w for w in expected(FRAMES) if w["trades"]]
    names = ["date", "underlying", "expiry", "opt_type", "strike", "entry_row", "exit_row"]
    assert log.select(names).rows() == [tuple(w[c] for c in names) for w in wanted]
    assert log["exit_time"].cast(pl.Int64).to_list() == [w["exit_ns"] for w in wanted]
    assert log["pnl"].to_list() == [w["pnl"] for w in wanted]


def test_filters_leave_contracts_out(store: Path, kernel: PlainKernel) -> None:
    result = tickloom.run(
        SPEC,
        store,
        underlyings=["banknifty"],
        start="2025-08-05",
        expiry="2025-08-28",
        strikes=(101, 103),
        right="PE",
    )
    wanted = [
        w
        for w in expected({TUESDAY: FRAMES[TUESDAY]})
        if w["expiry"] == dt.date(2025, 8, 28) and 101 <= w["strike"] <= 103
        if w["opt_type"] == "PE"
    ]
    assert result.table.select(CONTRACT).rows() == [tuple(w[c] for c in CONTRACT) for w in wanted]
    assert result.contracts == 3
    assert result.rows == kernel.rows == sum(w["rows"] for w in wanted)


def test_rows_between_selected_contracts_are_read_but_not_run(
    store: Path, kernel: PlainKernel
) -> None:
    result = tickloom.run(SPEC, store, start="2025-08-05", strikes=(100, 100))
    wanted = [w for w in expected({TUESDAY: FRAMES[TUESDAY]}) if w["strike"] == 100]
    assert result.rows == kernel.rows == sum(w["rows"] for w in wanted)
    assert result.rows < result.rows_read < FRAMES[TUESDAY].height


def test_a_partition_without_values_in_a_needed_column_is_skipped_and_reported(
    tmp_path: Path, kernel: PlainKernel
) -> None:
    empty = FRAMES[MONDAY_NIFTY].with_columns(pl.lit(None, pl.Float64).alias("bp0"))
    store = build(tmp_path / "store", {**FRAMES, MONDAY_NIFTY: empty})
    result = tickloom.run(SPEC, store)
    assert result.partitions == 2
    assert [(s.partition, s.column, s.rows) for s in result.partitions_skipped] == [
        ("2025-08-04/NIFTY", "bp0", empty.height)
    ]
    assert result.rows == FRAMES[MONDAY].height + FRAMES[TUESDAY].height
    assert set(result.table["underlying"]) == {"BANKNIFTY"}


def test_a_contract_without_values_is_not_a_partition_without_values(
    tmp_path: Path, kernel: PlainKernel
) -> None:
    frame = FRAMES[MONDAY]
    gone = frame.with_columns(pl.when(pl.col("strike") != 103).then(pl.col("bp0")).alias("bp0"))
    store = build(tmp_path / "store", {MONDAY: gone})
    result = tickloom.run(SPEC, store, strikes=(103, 103))
    assert result.partitions == 1
    assert result.rows == frame.filter(pl.col("strike") == 103).height


def test_no_values_anywhere_is_an_error(tmp_path: Path, kernel: PlainKernel) -> None:
    frames = {k: f.with_columns(pl.lit(None, pl.Float64).alias("bp0")) for k, f in FRAMES.items()}
    store = build(tmp_path / "store", frames)
    with pytest.raises(StoreError, match=r"'bp0' holds nothing but nulls.*every one of the 3"):
        tickloom.run(SPEC, store)


def test_a_store_without_a_manifest_is_run_over(tmp_path: Path, kernel: PlainKernel) -> None:
    foreign = build_foreign(tmp_path / "foreign", FRAMES)
    managed = build(tmp_path / "store", FRAMES)
    assert tickloom.run(SPEC, foreign).table.equals(tickloom.run(SPEC, managed).table)


def test_an_unsorted_store_names_resort(tmp_path: Path, kernel: PlainKernel) -> None:
    shuffled = FRAMES[MONDAY].sample(fraction=1.0, shuffle=True, seed=1)
    foreign = build_foreign(tmp_path / "foreign", {MONDAY: shuffled})
    with pytest.raises(StoreError, match="tickloom resort"):
        tickloom.run(SPEC, foreign)


@pytest.mark.parametrize(
    ("column", "damage"), [("price", (0, 40)), ("volume", (60, 200))], ids=["header", "content"]
)
def test_a_damaged_file_names_verify(
    store: Path, kernel: PlainKernel, column: str, damage: tuple[int, int]
) -> None:
    path = store / MONDAY.file()
    before, data = path.stat(), bytearray(path.read_bytes())
    with pq.ParquetFile(path) as file:
        chunk = file.metadata.row_group(0).column(file.schema_arrow.names.index(column))
    page = chunk.dictionary_page_offset or chunk.data_page_offset
    low, high = page + damage[0], page + damage[1]
    data[low:high] = b"\xff" * (high - low)
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(StoreError, match=r"cannot be decoded .*'tickloom verify STORE'"):
        tickloom.run(SPEC, store)


def test_a_column_that_a_store_lacks_is_named_with_those_it_has(
    tmp_path: Path, kernel: PlainKernel
) -> None:
    foreign = build_foreign(tmp_path / "foreign", {MONDAY: FRAMES[MONDAY].drop("bp0")})
    with pytest.raises(UsageError, match=r"has no column 'bp0'.*it has: timestamp, price"):
        tickloom.run(SPEC, foreign)


def test_results_are_written_to_a_folder(store: Path, kernel: PlainKernel, tmp_path: Path) -> None:
    result = tickloom.run(SPEC, store, out=tmp_path / "out")
    assert pl.read_parquet(tmp_path / "out" / "contracts.parquet").equals(result.table)
    assert result.trade_log is not None
    assert pl.read_parquet(tmp_path / "out" / "trades.parquet").equals(result.trade_log)
    assert json.loads((tmp_path / "out" / "result.json").read_text()) == result.summary()


def test_progress_counts_rows(store: Path, kernel: PlainKernel) -> None:
    seen: list[tuple[int, int]] = []
    result = tickloom.run(SPEC, store, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (result.rows, result.rows)
    assert all(total == result.rows for _, total in seen)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"start": "August"}, "YYYY-MM-DD"),
        ({"workers": 0}, "workers must be a whole number, 1 or more"),
        ({"fill": "mid"}, "unknown fill 'mid'"),
        ({"executor": "gpu"}, "unknown executor 'gpu'.*processes, threads"),
        ({"params": {"speed": 1}}, "speed"),
        ({"strikes": (1, 2)}, r"no contract with strikes 1:2.*strikes 100 to 106"),
    ],
)
def test_what_does_not_exist_is_named(
    store: Path, kernel: PlainKernel, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        tickloom.run(SPEC, store, **wrong)


def test_an_unknown_kernel_is_named(store: Path) -> None:
    with pytest.raises(UsageError, match="unknown kernel 'ema-cros'"):
        tickloom.run("ema-cros", store)


def test_a_kernel_of_local_functions_needs_threads(store: Path, kernel: PlainKernel) -> None:
    spec = KernelSpec(
        name="local", kind="step", columns=SPEC.columns, params=Params, step=lambda: None
    )
    with pytest.raises(UsageError, match="--executor threads"):
        tickloom.run(spec, store, executor="processes")
