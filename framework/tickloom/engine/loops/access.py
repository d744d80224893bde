"""How loops reach what they read: columns, ticks, constants. Compiled code and the interpreter each
have their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Fn = Callable[..., Any]
Jit = Callable[[Fn], Fn]
"""Makes a function of a loop what calls it: compiled, or itself."""


def as_it_is(function: Fn) -> Fn:
    """The ``jit`` of the interpreter."""
    return function


class Stopped(Exception):  # noqa: N818
    """A loop ended early; its ``place`` says where and why."""


class Quotes(NamedTuple):
    """Reads the book at a row. What ``at`` is, only these functions know."""

    quote_at: Fn
    """``(at, row)``: best bid and ask."""

    bids_at: Fn | None = None
    """``(at, row)``: prices of the bids' levels, best first, and their quantities, a tuple each;
    None where only the best is known."""

    asks_at: Fn | None = None
    """``(at, row)``: the same of the asks."""


class Access(NamedTuple):
    """Reads columns of a slice. ``at`` is where a chunk of each column lies, as ``open_chunk``
    gives it; ``row`` counts from the slice's first."""

    open_chunk: Fn
    """``(tables, pieces, chunk)``: the ``at`` of a chunk."""

    raw_price: Fn
    """``(tables, pieces, chunk, row)``: the price as it is stored."""

    price_at: Fn
    """``(at, row)``: the price, float64, decoded if there is a ``decode``."""

    has_price: Fn
    """``(at, row)``: whether there is a price."""

    tick_at: Fn
    """``(at, row, price, facts, contract)``: the tick that a step sees."""

    constants_at: Fn
    """``(constants_f, constants_i, start)``: the constants whose first slot is ``start``."""

    whole: Fn
    """``(wanted)``: an int64 in compiled code, an int in the interpreter."""

    decode: Fn | None = None
    """``(at, row, rows, room)``: an ``at`` whose prices, ``rows`` from ``row`` on, are turned into
    float64 in ``room``; None where prices are float64 or each is turned when it is read."""

    stamp_at: Fn | None = None
    """``(at, row)``: ``timestamp_ns``; None where the loop has no such column."""

    quotes: Quotes | None = None
    """The book; None where the loop has no such columns."""


class Facts(NamedTuple):
    """What clock fields know of each contract, arrays."""

    expiry_day: Any
    strike: Any
    is_call: Any


class Rows(NamedTuple):
    """Where the rows of a slice are; the same for a whole call."""

    offsets: Any
    """First row of each contract, then the number of all."""

    edges: Any
    """First row of each chunk, then the number of all."""

    tables: Any
    """Addresses of the chunks."""

    pieces: int
    """How many chunks a column has."""


class Where(NamedTuple):
    """A contract, and the rows of it that can be read."""

    contract: int
    """Number in the slice."""

    row: int
    """The row that was seen last."""

    last: int
    """The last row with a price; less than ``row`` if there is none."""

    chunk: int
    """The chunk that holds ``row``."""

    edge: int
    """Rows before this can be read."""

    at: Any
    """Where they lie."""
