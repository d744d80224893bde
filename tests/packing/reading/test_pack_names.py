"""A pack resolves, reports or quarantines what names say."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import tickloom
from tickloom import UsageError
from tickloom.expiries.redate import redate
from tickloom.packing.conservation import check_conservation
from tickloom.packing.report import PackReport
from tickloom.store.api import open_store
from tickloom.synth import write_raw


@pytest.fixture(scope="module")
def ticks(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Ticks of November 2025, without what the name gives."""
    folder = tmp_path_factory.mktemp("raw") / "raw"
    write_raw(folder, seed=2, rows=2_000, days=2, strikes=1)
    frame = pl.read_parquet(min(folder.glob("*/nifty25nov*ce.parquet")))
    return frame.drop("symbol", "opt_type", "strike", "year", "month")


def pack(
    ticks: pl.DataFrame, folder: Path, *names: str, calendar: Path | None = None
) -> PackReport:
    (folder / "raw").mkdir(exist_ok=True)
    for name in names:
        ticks.write_parquet(folder / "raw" / f"{name}.parquet")
    return tickloom.pack(folder / "raw", folder / "store", executor="threads", calendar=calendar)


def expiries(folder: Path) -> dict[str, str]:
    files = sorted((folder / "store").glob("2*/*/*.parquet"))
    frame = pl.concat([pl.read_parquet(f, columns=["symbol", "expiry"]) for f in files]).unique()
    return {str(symbol): expiry.isoformat() for symbol, expiry in frame.rows()}


def test_what_ticks_do_not_resolve_is_quarantined(ticks: pl.DataFrame, tmp_path: Path) -> None:
    # November 2025 at 2560 or 25-NOV-25 at 60; two names, and no third that tells a likely strike
    names = ["INFY25NOV2520CE", "RELIANCE25NOV2560CE"]
    report = pack(ticks, tmp_path, *names)
    assert [one.path.stem for one in report.quarantined] == names
    assert all(one.reason.count("nothing speaks against it") == 2 for one in report.quarantined)
    assert report.names_settled == []


def test_ticks_resolve_a_name_and_the_report_says_so(ticks: pl.DataFrame, tmp_path: Path) -> None:
    # 25 November 2021 had expired long before; November 2025 had not.
    report = pack(ticks, tmp_path, "RELIANCE25NOV2160CE")
    assert report.quarantined == []
    (note,) = report.names_settled
    assert "'RELIANCE25NOV2160CE' was ambiguous" in note
    assert expiries(tmp_path) == {"RELIANCE25NOV2160CE": "2025-11-25"}
    assert report.to_json()["names_settled"] == [note]


def test_a_missing_month_is_quarantined_until_a_file_adds_it(
    ticks: pl.DataFrame, tmp_path: Path
) -> None:
    report = pack(ticks, tmp_path, "nifty45jan25500ce")
    (one,) = report.quarantined
    assert "NIFTY,Monthly,2045-01,YYYY-MM-DD" in one.reason
    assert "--calendar FILE" in one.reason
    assert report.exit_code == 3
    file = tmp_path / "more.csv"
    file.write_text(
        "Instrument,Expiry_Type,Contract_Month,Final_Expiry\nNIFTY,Monthly,2045-01,2045-01-31\n"
    )
    report = pack(ticks, tmp_path, calendar=file)
    assert report.quarantined == []
    assert list(expiries(tmp_path).values()) == ["2045-01-31"]


def test_every_dialect_lies_in_one_folder(ticks: pl.DataFrame, tmp_path: Path) -> None:
    names = {
        "nifty25nov25500ce": "2025-11-25",
        "nifty25n1825500ce": "2025-11-18",
        "NIFTY18NOV2525600CE": "2025-11-18",
        "nifty25d0225500ce": "2025-12-02",
        "m&m25nov3500.5ce": "2025-11-25",
        "bajaj-auto25nov9000ce": "2025-11-25",
        "niftynxt5025nov68000ce": "2025-11-25",
        "360one25nov1100ce": "2025-11-25",
    }
    report = pack(ticks, tmp_path, *names)
    assert report.quarantined == []
    assert expiries(tmp_path) == names


def test_a_corrected_calendar_changes_a_names_kind(ticks: pl.DataFrame, tmp_path: Path) -> None:
    """A name that states a day is weekly or monthly by the calendar alone."""
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(
        "Instrument,Expiry_Type,Contract_Month,Final_Expiry\nNIFTY,Monthly,2025-11,2025-11-18\n"
    )
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
    pack(ticks, one, "nifty25n1825500ce", calendar=wrong)
    pack(ticks, other, "nifty25n1825500ce")
    assert contents(one) != contents(other)
    redate(one / "store", None, executor="threads")
    assert contents(one) == contents(other)


def contents(folder: Path) -> dict[str, bytes]:
    store = folder / "store"
    found = [*store.glob("2*/*/*"), *(store / "_tickloom" / "index").glob("*/*")]
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in sorted(found)}


def test_a_dialect_can_be_named_and_is_kept(ticks: pl.DataFrame, tmp_path: Path) -> None:
    raw, store = tmp_path / "raw", tmp_path / "store"
    raw.mkdir()
    name = "RELIANCE25NOV2560CE"
    ticks.write_parquet(raw / f"{name}.parquet")
    assert tickloom.pack(raw, store, executor="threads").exit_code == 3
    report = tickloom.pack(raw, store, executor="threads", dialect="kite")
    assert (report.exit_code, report.names_settled) == (0, [])
    assert strikes(store) == {name: 2560.0}
    # Unchanged, and by the same dialect without naming it again; so is what is tried anew.
    assert tickloom.pack(raw, store, executor="threads").sources_skipped == 1
    assert tickloom.pack(raw, store, executor="threads", rehash=True).sources_skipped == 1
    assert check_conservation(open_store(store)).sources == 1
    report = tickloom.pack(raw, store, executor="threads", dialect="angelone", replace=True)
    assert strikes(store) == {name: 60.0}


def test_a_mapping_names_the_dialect_of_its_vendor(tmp_path: Path) -> None:
    raw, store = tmp_path / "raw", tmp_path / "store"
    raw.mkdir()
    name = "RELIANCE25NOV2560CE"
    (raw / "a.csv").write_text(f"at,name,ltp\n2025-11-03 10:00:00,{name},5\n")
    mapping = tmp_path / "m.toml"
    for dialect, strike in (("angelone", 60.0), ("kite", 2560.0)):
        mapping.write_text(
            f'symbol = "{{name}}"\ndialect = "{dialect}"\n[clock]\ncolumns = ["at"]\n'
            'zone = "Asia/Kolkata"\n[columns]\nprice = "ltp"\n'
        )
        to = store.with_name(dialect)
        report = tickloom.pack(raw, to, mapping=mapping, executor="threads")
        assert report.exit_code == 0
        assert strikes(to) == {name: strike}
    # What is said on the command line comes first.
    report = tickloom.pack(raw, store, mapping=mapping, dialect="angelone", executor="threads")
    assert strikes(store) == {name: 60.0}
    mapping.write_text(mapping.read_text().replace("kite", "kyte"))
    report = tickloom.pack(raw, tmp_path / "other", mapping=mapping, executor="threads")
    [found] = report.quarantined
    assert "unknown dialect 'kyte'" in found.reason


def test_an_unknown_dialect_makes_no_store(ticks: pl.DataFrame, tmp_path: Path) -> None:
    ticks.write_parquet(tmp_path / "nifty25nov25500ce.parquet")
    with pytest.raises(UsageError, match="unknown dialect 'zerodah'; expected one of nse, kite"):
        tickloom.pack(tmp_path, tmp_path / "store", dialect="zerodah", executor="threads")
    assert not (tmp_path / "store").exists()


def strikes(store: Path) -> dict[str, float]:
    files = sorted(store.glob("2*/*/*.parquet"))
    rows = pl.concat([pl.read_parquet(f, columns=["symbol", "strike"]) for f in files]).unique()
    return {str(symbol): strike for symbol, strike in rows.rows()}
