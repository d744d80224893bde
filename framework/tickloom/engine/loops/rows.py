"""Going through a contract's rows, chunk by chunk."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from tickloom.engine.loops.access import Access, Fn, Jit, Rows, Where
from tickloom.engine.loops.entry import DECODED_ROWS


@lru_cache
def make_walk(jit: Jit, access: Access) -> tuple[Fn, Fn]:
    """``begin(contract, before, rows, room)``: at the first row of a contract that has a price, and
    how many rows around the priced ones have none; ``before`` is a place in an earlier contract.
    ``onward(where, row, rows, room)``: the same contract at ``row``, the row behind it readable.

    A loop goes through the chunks itself, so that a row group need not be copied to lie behind the
    one before it: half of all rows, where contracts are long.
    """
    open_chunk, raw_price = access.open_chunk, access.raw_price
    decode: Any = access.decode
    decodes = decode is not None

    @jit
    def opened(where: Where, row: int, rows: Rows, room: int) -> Where:
        """With the rows from ``row`` up to ``edge`` readable."""
        chunk = where.chunk
        while row >= rows.edges[chunk + 1]:
            chunk += 1
        edge = rows.edges[chunk + 1]
        at = open_chunk(rows.tables, rows.pieces, chunk)
        if decodes:
            edge = min(edge, where.last + 1, row + DECODED_ROWS)
            at = decode(at, row, edge - row, room)
        return Where(where.contract, where.row, where.last, chunk, edge, at)

    @jit
    def begin(contract: int, before: Where, rows: Rows, room: int) -> tuple[Where, int]:
        row, last, chunk = rows.offsets[contract], rows.offsets[contract + 1] - 1, before.chunk
        skipped = 0
        while row <= last:
            while row >= rows.edges[chunk + 1]:
                chunk += 1
            if raw_price(rows.tables, rows.pieces, chunk, row) > 0:
                break
            skipped += 1
            row += 1
        where = Where(contract, row, last, chunk, before.edge, before.at)
        if row > last:
            return where, skipped
        ends = chunk
        while last >= rows.edges[ends + 1]:
            ends += 1
        while not raw_price(rows.tables, rows.pieces, ends, last) > 0:
            skipped += 1
            last -= 1
            if last < rows.edges[ends]:
                ends -= 1
        return opened(Where(contract, row, last, chunk, 0, before.at), row, rows, room), skipped

    @jit
    def onward(where: Where, row: int, rows: Rows, room: int) -> Where:
        here = Where(where.contract, row, where.last, where.chunk, where.edge, where.at)
        if row + 1 == where.edge and row < where.last:
            here = opened(here, row + 1, rows, room)
        return here

    return begin, onward
