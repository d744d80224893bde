"""Overlapping sources through the whole pipeline: nothing lost, and one result whatever the way."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles.union import explain_difference
from tests.packing.raw_files import DAY, OPEN, Tick, data_files, stored, write_raw_file
from tests.packing.small_batches import with_small_batches

from tickloom import pack

ticks: st.SearchStrategy[Tick] = st.tuples(
    st.sampled_from([0, 0, 1, 2, 3 * DAY, 3 * DAY + 1]),
    st.sampled_from([None, 0.0, -0.0, 1.5]),
    st.integers(0, 2),
)
contract = st.tuples(st.sampled_from([54000.0, 54100.5]), st.sampled_from(["CE", "PE"]))
source = st.dictionaries(contract, st.lists(ticks, min_size=1, max_size=8), min_size=1, max_size=3)


def write_sources(
    folder: Path, given_sources: list[dict[tuple[float, str], list[Tick]]]
) -> list[Path]:
    folders = []
    for i, contracts in enumerate(given_sources):
        folders.append(folder / f"source {i}")
        for (strike, right), rows in contracts.items():
            write_raw_file(folders[-1], rows, strike=strike, right=right)
    return folders


def packed(folders: list[Path], store: Path, *, workers: int = 1) -> dict[str, bytes]:
    report = pack(folders, store, executor="threads", workers=workers)
    assert report.exit_code == 0
    assert report.rows_read == report.rows_written + report.rows_duplicate
    return data_files(store)


@given(st.lists(source, min_size=1, max_size=3), st.data())
@settings(max_examples=12, deadline=None)
def test_one_result_whatever_the_way(
    given_sources: list[dict[tuple[float, str], list[Tick]]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folders = write_sources(folder / "raw", given_sources)
        expected = packed(folders, folder / "at once")

        order = data.draw(st.permutations(folders))
        one_by_one = folder / "one by one"
        for path in order:
            packed([path], one_by_one)
        assert data_files(one_by_one) == expected
        # Known sources from another place: read again, and nothing new in them.
        moved = folder / "raw, moved"
        (folder / "raw").rename(moved)
        assert packed([moved], one_by_one) == expected

        assert packed([moved], folder / "two workers", workers=2) == expected
        rows = data.draw(st.integers(1, 5))
        with_small_batches(folder / "small", [moved], rows)
        assert data_files(folder / "small") == expected
        again = [moved / path.name for path in order]
        with_small_batches(folder / "small, one by one", again, rows)
        assert data_files(folder / "small, one by one") == expected
        _compare_with_definition(folder / "at once", given_sources)


def _compare_with_definition(
    store: Path, given_sources: list[dict[tuple[float, str], list[Tick]]]
) -> None:
    found = stored(store)
    for strike, right in {key for contracts in given_sources for key in contracts}:
        for first_day in (True, False):
            merged = found.filter(
                found["strike"] == strike,
                found["opt_type"] == right,
                (found["timestamp"].dt.date() == OPEN.date()) == first_day,
            )
            sources = [
                [tick for tick in contracts[strike, right] if (tick[0] < DAY) == first_day]
                for contracts in given_sources
                if (strike, right) in contracts
            ]
            seconds = (merged["timestamp"] - OPEN).dt.total_seconds().to_list()
            rows = list(zip(seconds, merged["price"], merged["volume"], strict=True))
            assert explain_difference(sources, rows) == "", (strike, right)
