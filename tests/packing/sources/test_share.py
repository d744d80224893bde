"""A state of several names' rows is taken apart without losing one, or its order."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from tickloom.packing.merging.merge import Rows, share

NINE, TEN, ELEVEN = (dt.datetime(2025, 8, 1, hour) for hour in (9, 10, 11))


def micros(when: dt.datetime) -> int:
    return int((when - dt.datetime(1970, 1, 1)).total_seconds()) * 1_000_000


def state(rows: list[tuple[dt.datetime, str, int]], dominant: dict[dt.datetime, int]) -> Rows:
    schema = {"timestamp": pl.Datetime("us"), "owner": pl.String, "row": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return Rows(frame, {micros(when): length for when, length in dominant.items()})


def taken(rows: Rows, owner: str) -> tuple[list[int], dict[int, int]]:
    mine = np.array([name == owner for name in rows.frame["owner"]])
    found = share(rows, mine)
    return found.frame["row"].to_list(), found.dominant


def test_rows_keep_their_order_and_their_dominance() -> None:
    rows = state(
        [
            (NINE, "a", 1),
            (TEN, "a", 2),  # dominant: a's two rows
            (TEN, "a", 3),
            (TEN, "a", 4),  # others: one more of a's, two of b's
            (TEN, "b", 5),
            (TEN, "b", 6),
            (ELEVEN, "b", 7),  # dominant: b's row
            (ELEVEN, "a", 8),
        ],
        {TEN: 2, ELEVEN: 1},
    )
    assert taken(rows, "a") == ([1, 2, 3, 4, 8], {micros(TEN): 2})
    assert taken(rows, "b") == ([5, 6, 7], {})
