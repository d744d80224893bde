"""Names come from raw input: none of them decides where files are written."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fake_distributions import Site
from tests.fake_distributions import site as site
from tests.packing.raw_files import write_raw_file

from tickloom.contracts import Contract
from tickloom.packing.reading.names import contract_problem

GOOD = Contract("BANKNIFTY", "monthly", "2025-08", "CE", 54000.0)


@pytest.mark.parametrize(
    "underlying",
    [
        "..", "../UP", "A/B", "/ETC", "A\\B", "A\0B", "A\nB", "", " ", "A B", "banknifty", "ſ",
        "BANKNIFTY.", "CON", "NUL.X", "_tickloom", "X" * 64, "ÄÖ", "C:",
    ],
)  # fmt: skip
def test_underlying_that_is_no_plain_folder_is_refused(underlying: str) -> None:
    contract = Contract(underlying, "monthly", "2025-08", "CE", 54000.0)
    assert contract_problem(contract)


@pytest.mark.parametrize("underlying", ["BANKNIFTY", "M&M", "BAJAJ-AUTO", "360ONE", "BRK.B"])
def test_real_underlyings_pass(underlying: str) -> None:
    assert contract_problem(Contract(underlying, "monthly", "2025-08", "CE", 54000.0)) == ""


@pytest.mark.parametrize("strike", [0.0, -1.0, float("nan"), float("inf"), 1e12])
def test_strike_that_is_no_price_is_refused(strike: float) -> None:
    assert "strike" in contract_problem(Contract("NIFTY", "monthly", "2025-08", "CE", strike))


@pytest.mark.parametrize("period", ["2025", "2025-13", "2025-08-1", "../../x", ""])
def test_period_that_is_no_month_or_day_is_refused(period: str) -> None:
    assert "period" in contract_problem(Contract("NIFTY", "monthly", period, "CE", 1.0))


HOSTILE = """
    import polars as pl
    from tickloom import Contract, RawBatch, ReaderSpec, Unit, hookimpl

    TICKLOOM_API_VERSION = 1
    NAMES = ["../../outside", "a/b", "BANKNIFTY\\0", "banknifty", "X" * 300]

    def discover(source, options):
        for path in sorted(source.rglob("*.hostile")):
            for number in range(len(NAMES)):
                yield Unit(paths=(path,), name="", detail=(("number", str(number)),))

    def read(unit, options):
        name = NAMES[int(unit.detail[0][1])]
        contract = Contract(name, "monthly", "2025-08", "CE", 54000.0)
        frame = pl.read_parquet(unit.paths[0])
        yield RawBatch(frame=frame, symbol="../../" + name, contract=contract)

    @hookimpl
    def tickloom_register_readers():
        return [
            ReaderSpec(
                name="hostile", summary="s", zone="Asia/Kolkata", calendar="nse",
                discover=discover, read=read,
            )
        ]
"""


@pytest.mark.slow
def test_reader_with_hostile_contracts_writes_nothing_outside(site: Site, tmp_path: Path) -> None:
    site.install("hostile-reader", HOSTILE)
    raw = write_raw_file(tmp_path / "raw", [(0, 1.0, 1)])
    raw.rename(raw.with_suffix(".hostile"))
    before = {path for path in tmp_path.rglob("*") if "site" not in path.parts}
    store = tmp_path / "store"
    done = site.command("pack", str(tmp_path / "raw"), str(store), "--executor", "threads")
    assert done.returncode == 3, done.stderr
    assert done.stderr.count("expected an underlying of") == 5
    after = {path for path in tmp_path.rglob("*") if "site" not in path.parts}
    assert all(path.is_relative_to(store) for path in after - before)
    assert {path.name for path in store.iterdir()} == {"_tickloom"}
