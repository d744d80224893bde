"""The merge of one contract and day, against its definition."""

from __future__ import annotations

import datetime as dt
from itertools import permutations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles.union import Row, explain_difference

from tickloom.packing.merging.merge import Rows, from_source, join, merge

SCHEMA = {
    "timestamp": pl.Datetime("us"),
    "price": pl.Float64,
    "qty": pl.Int64,
    "symbol": pl.Categorical(),
}
COLUMNS = list(SCHEMA)
OPEN = dt.datetime(2025, 8, 1, 9, 15)

rows = st.tuples(
    st.integers(0, 4),
    st.sampled_from([None, 0.0, 1.5, 2.0]),
    st.sampled_from([None, 0, 1]),
    st.sampled_from([None, "zz", "aa"]),
)
sources = st.lists(st.lists(rows, min_size=1, max_size=12), min_size=1, max_size=4)


def frame(source: list[tuple[int, float | None, int | None, str | None]]) -> pl.DataFrame:
    stamped = [(OPEN + dt.timedelta(seconds=row[0]), *row[1:]) for row in source]
    return pl.DataFrame(stamped, schema=SCHEMA, orient="row")


def tuples(found: pl.DataFrame) -> list[Row]:
    return found.rows()


def same(a: Rows, b: Rows) -> bool:
    return a.frame.equals(b.frame) and a.dominant == b.dominant


@given(sources)
@settings(max_examples=300, deadline=None)
def test_merge_is_the_union_that_the_definition_says(
    given_sources: list[list[tuple[int, float | None, int | None, str | None]]],
) -> None:
    frames = [frame(source) for source in given_sources]
    merged = merge(map(from_source, frames), COLUMNS)
    assert explain_difference([f.rows() for f in frames], tuples(merged.frame)) == ""


@given(sources)
@settings(max_examples=100, deadline=None)
def test_merge_does_not_depend_on_order_or_repetition(
    given_sources: list[list[tuple[int, float | None, int | None, str | None]]],
) -> None:
    states = [from_source(frame(source)) for source in given_sources]
    expected = merge(states, COLUMNS)
    for order in permutations(states):
        assert same(merge(order, COLUMNS), expected)
    assert same(merge([*states, expected, states[0]], COLUMNS), expected)


@given(sources, sources)
@settings(max_examples=100, deadline=None)
def test_merge_of_merges_is_the_merge_of_all(
    first: list[list[tuple[int, float | None, int | None, str | None]]],
    second: list[list[tuple[int, float | None, int | None, str | None]]],
) -> None:
    a = [from_source(frame(source)) for source in first]
    b = [from_source(frame(source)) for source in second]
    assert same(join(merge(a, COLUMNS), merge(b, COLUMNS), COLUMNS), merge(a + b, COLUMNS))


def test_equal_times_of_one_source_keep_the_vendors_order() -> None:
    source = [(1, 2.0, 0, "zz"), (0, 1.5, 0, "zz"), (1, 1.5, 0, "zz"), (1, 2.0, 0, "zz")]
    merged = from_source(frame(source)).frame
    assert merged["price"].to_list() == [1.5, 2.0, 1.5, 2.0]


def test_dominant_rows_come_first_and_others_are_noted() -> None:
    long = [(0, 2.0, 0, "zz"), (0, 1.5, 0, "zz")]
    short = [(0, 0.0, 1, "zz")]
    merged = merge([from_source(frame(short)), from_source(frame(long))], COLUMNS)
    assert merged.frame["price"].to_list() == [2.0, 1.5, 0.0]
    [(stamp, dominant)] = merged.dominant.items()
    assert dominant == 2
    assert stamp == merged.stamps[0]
