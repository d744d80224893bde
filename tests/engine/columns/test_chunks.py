"""Columns in chunks hold the rows of the columns that they were cut from."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tickloom.engine.columns.chunks import Chunks

ROWS = 30


def chunks(cuts: list[int]) -> Chunks:
    """Column 0 is the row number and cut at ``cuts``, column 1 ten times that and in one piece."""
    rows = np.arange(ROWS)
    return Chunks.cut([np.split(rows, cuts), [rows * 10.0]])


def test_all_columns_are_cut_where_any_of_them_is() -> None:
    found = Chunks.cut([np.split(np.arange(ROWS), [4, 4, 20]), np.split(np.arange(ROWS), [0, 7])])
    assert found.edges.tolist() == [0, 4, 7, 20, 30]
    for column in found.columns:
        assert [chunk.tolist() for chunk in column] == [
            list(range(4)),
            list(range(4, 7)),
            list(range(7, 20)),
            list(range(20, 30)),
        ]


@pytest.mark.parametrize("cuts", [[], [7], [7, 12, 12, 29], [0, 7]])
def test_columns_that_are_cut_alike_stay_as_they_are(cuts: list[int]) -> None:
    columns = [np.split(np.arange(ROWS) * factor, cuts) for factor in (1, 10)]
    found = Chunks.cut(columns)
    assert found.edges.tolist() == sorted({0, *cuts, ROWS})
    for column, chunks in zip(found.columns, columns, strict=True):
        assert [c.tolist() for c in column] == [c.tolist() for c in chunks if len(c)]


def test_no_columns_and_no_rows() -> None:
    assert Chunks.whole([]).rows == 0
    assert Chunks.cut([]).rows == 0
    nothing = Chunks.whole([np.zeros(0)])
    assert [column.tolist() for column in nothing.span(0, 0)] == [[]]


@pytest.mark.parametrize("cuts", [[], [10], [1, 2, 29], [5, 10, 15, 20, 25]])
def test_a_span_is_a_view_inside_a_chunk_and_a_copy_across_an_edge(cuts: list[int]) -> None:
    cut = chunks(cuts)
    edges = [0, *cuts, ROWS]
    for begin in range(ROWS):
        for end in range(begin + 1, ROWS + 1):
            rows, tens = cut.span(begin, end)
            assert rows.tolist() == list(range(begin, end))
            assert tens.tolist() == [10.0 * row for row in range(begin, end)]
            inside = any(low <= begin and end <= high for low, high in pairwise(edges))
            assert any(np.shares_memory(rows, chunk) for chunk in cut.columns[0]) == inside


def test_values_are_taken_across_chunks_in_any_order() -> None:
    rows = np.array([29, 0, 9, 10, 11, 10])
    assert chunks([10, 11]).take(0, rows).tolist() == rows.tolist()
    assert chunks([10, 11]).take(1, rows).tolist() == (rows * 10.0).tolist()
    assert chunks([10]).take(0, np.zeros(0, np.int64)).tolist() == []
