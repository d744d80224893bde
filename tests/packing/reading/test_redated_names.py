"""A weekly that a calendar moves onto a monthly's day: one run, and two contracts again later."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.packing.raw_files import data_files, raw_frame, stored

from tickloom import open_store, pack

MONTHLY = "nifty25aug24500ce"
WEEKLY = "nifty2582124500ce"
MOVED = (
    "Instrument,Expiry_Type,Contract_Month,Scheduled_Expiry,Final_Expiry\n"
    "NIFTY,Weekly,2025-08,2025-08-21,2025-08-28\n"
)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Ticks of both contracts; the two share a second, and one row but for the symbol."""
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, ticks in {
        MONTHLY: [(0, 1.0, 10), (2, 1.0, 20)],
        WEEKLY: [(1, 5.0, 7), (2, 1.0, 20), (2, 6.0, 8)],
    }.items():
        frame = raw_frame(ticks, {"symbol": name}, strike=24500.0)
        frame.write_parquet(folder / f"{name}.parquet")
    return folder


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    path = tmp_path / "moved.csv"
    path.write_text(MOVED)
    return path


def packed(raw: Path, store: Path, **options: object) -> Path:
    pack(raw, store, executor="threads", workers=1, **options)  # type: ignore[arg-type]
    return store


def test_two_names_of_one_day_are_one_sorted_run_and_lose_nothing(
    raw: Path, moved: Path, tmp_path: Path
) -> None:
    store = packed(raw, tmp_path / "store", calendar=moved)
    [partition] = open_store(store).partitions()
    [entry] = partition.index().contracts
    assert entry.contract is not None
    assert {entry.contract.kind, *(name.kind for name in entry.also)} == {"weekly", "monthly"}
    found = stored(store)
    assert found["timestamp"].is_sorted()
    # At the shared second the weekly has more rows, so it dominates.
    assert found["symbol"].to_list() == [MONTHLY, WEEKLY, WEEKLY, WEEKLY, MONTHLY]
    assert set(found["expiry_type"]) == {"monthly"}


def test_packing_one_after_the_other_gives_the_same_run(
    raw: Path, moved: Path, tmp_path: Path
) -> None:
    together = packed(raw, tmp_path / "together", calendar=moved)
    apart = tmp_path / "apart"
    for name in (WEEKLY, MONTHLY):
        packed(raw / f"{name}.parquet", apart, calendar=moved)
    assert data_files(apart) == data_files(together)


@pytest.mark.parametrize("replace", [False, True])
def test_corrected_calendar_parts_them(
    raw: Path, moved: Path, tmp_path: Path, replace: bool
) -> None:
    store = packed(raw, tmp_path / "store", calendar=moved)
    packed(raw, store, replace=replace)
    assert data_files(store) == data_files(packed(raw, tmp_path / "afresh"))


def test_corrected_calendar_redates_and_does_not_double(
    raw: Path, moved: Path, tmp_path: Path
) -> None:
    (raw / f"{MONTHLY}.parquet").unlink()
    store = packed(raw, tmp_path / "store", calendar=moved)
    assert str(stored(store)["expiry"][0]) == "2025-08-28"
    packed(raw, store)
    assert data_files(store) == data_files(packed(raw, tmp_path / "afresh"))
    assert str(stored(store)["expiry"][0]) == "2025-08-21"
