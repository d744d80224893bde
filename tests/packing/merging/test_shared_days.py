"""Folders that share a day: contracts that both have alike are taken without a merge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.packing.raw_files import Tick, data_files, write_raw_file

from tickloom import pack
from tickloom.packing.merging import merged_runs
from tickloom.packing.merging.merge import Rows, merge
from tickloom.packing.sources import plan

TICKS: list[Tick] = [(0, 1.0, 1), (0, 1.5, 2), (1, None, 2), (3, 1.25, None)]
STRIKES = (54000.0, 54100.0, 54200.0)


@pytest.fixture
def merged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many sources each merge had."""
    calls: list[int] = []

    def counted(sources: Iterable[Rows], columns: Sequence[str]) -> Rows:
        given = list(sources)
        calls.append(len(given))
        return merge(given, columns)

    monkeypatch.setattr(merged_runs, "merge", counted)
    return calls


def both_folders(folder: Path, second: list[Tick], columns: dict[str, Any] | None = None) -> Path:
    """Three contracts in two folders; one of them has the ticks ``second`` in the second one, where
    another contract comes first."""
    for strike in STRIKES:
        write_raw_file(folder / "one", TICKS, strike=strike)
        mine = strike == STRIKES[1]
        write_raw_file(
            folder / "two", second if mine else TICKS, columns if mine else None, strike=strike
        )
    write_raw_file(folder / "two", TICKS, strike=53900.0)
    return folder


def test_contracts_alike_in_both_are_taken_as_they_are(
    tmp_path: Path, merged: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The four files of a group share a block of bins. The two of the second strike are in two, with
    # other contracts' symbols.
    monkeypatch.setattr(plan, "GROUPS_PER_WORKER", 1)
    monkeypatch.setattr(plan, "LARGEST_GROUP", 4)
    report = pack(
        both_folders(tmp_path / "raw", TICKS), tmp_path / "store", executor="threads", workers=1
    )
    assert merged == []
    assert (report.rows_written, report.rows_duplicate) == (16, 12)
    pack(tmp_path / "raw" / "two", tmp_path / "alone", executor="threads", workers=1)
    assert data_files(tmp_path / "store") == data_files(tmp_path / "alone")


@pytest.mark.parametrize(
    ("second", "columns"),
    [
        ([*TICKS[:3], (3, 1.5, None)], None),
        ([*TICKS[:3], (2, 1.25, None)], None),
        ([*TICKS[:3], (3, 1.25, 0)], None),
        (TICKS[:3], None),
        ([*TICKS, (4, 1.0, 3)], None),
        ([TICKS[3], *TICKS[:3]], None),
        ([TICKS[1], TICKS[0], *TICKS[2:]], None),
        (TICKS, {"sp4": [1.9, 1.9, 1.9, None]}),
        (TICKS, {"symbol": "another name"}),
        (TICKS, {"iv": 0.5}),
    ],
)
def test_a_contract_that_differs_is_merged(
    tmp_path: Path, merged: list[int], second: list[Tick], columns: dict[str, Any] | None
) -> None:
    raw = both_folders(tmp_path / "raw", second, columns)
    pack(raw, tmp_path / "store", executor="threads", workers=1)
    assert merged == [2]
