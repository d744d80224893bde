"""Readers: from a vendor's files to bounded batches of one contract each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tickloom.contracts import Contract
from tickloom.errors import TickloomError

if TYPE_CHECKING:
    import polars as pl


class ReadError(TickloomError):
    """A unit cannot be read; the host quarantines the whole unit with this message, and shows the
    path beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """What the user said about the sources, beside their paths."""

    mapping: Path | None = None
    """The mapping file of ``--mapping``, for readers that take one."""

    batch_rows: int = 250_000
    """The most rows that a batch may hold."""

    batch_bytes: int = 256 * 2**20
    """The most memory that one piece of input may need at once, bytes. A reader refuses a larger
    one (a row group, say) with :class:`ReadError` before it reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One thing to read: a file, or several that belong together. It can be pickled."""

    paths: tuple[Path, ...]
    """The files that the unit consists of; their sizes, times and contents are its identity."""

    name: str = ""
    """The trading symbol, where one unit is one contract; for messages otherwise."""

    detail: tuple[tuple[str, str], ...] = ()
    """Whatever the reader's ``read`` needs to know, as pairs of strings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawBatch:
    """Rows of one contract, a future and a spot included, in the order in which the vendor recorded
    them."""

    frame: pl.DataFrame
    """Columns of the raw schema (:data:`tickloom.RAW_COLUMNS`) in any order and any castable type,
    plus extra ones. ``timestamp`` is the exchange's wall clock without a zone. Columns that the
    vendor does not have are left out."""

    symbol: str
    """The trading symbol. Without ``contract``, the calendar reads it."""

    contract: Contract | None = None
    """The contract, where the reader knows it without reading a symbol. So rows of another
    instrument are told: ``Contract.future("NIFTY", "2025-11")``, ``Contract.future("NIFTY")`` where
    nothing but the rows' days say the month, ``Contract.spot("NIFTY")``. Of a series the frame
    needs ``timestamp`` and ``price`` alone; it keeps the columns that it has."""

    dialect: str = ""
    """The dialect of the symbol, where the reader knows one for this unit; empty for its own. The
    user's ``--dialect`` comes before either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRows:
    """Rows of many option contracts, each one's in the order in which the vendor recorded them:
    the rows of a file of a whole chain. The host takes them as one frame, without a step per
    contract; a reader whose files have many rows of few contracts yields :class:`RawBatch`."""

    frame: pl.DataFrame
    """Columns like those of ``RawBatch.frame``."""

    symbols: pl.Series
    """The trading symbol of each row, text, never null; the calendar reads them."""

    dialect: str = ""
    """Like ``RawBatch.dialect``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A part of a unit that cannot be used; the host quarantines it and goes on."""

    path: Path
    """The file it is from."""

    reason: str
    """What was expected and what was found."""

    rows: int
    """How many rows are lost to it; 0 if nobody can tell."""

    frame: pl.DataFrame | None = None
    """The rows, where they can be shown; kept in the quarantine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A part of a unit that is another instrument's, a table of futures say; the host counts it,
    like a file that no reader claims."""

    path: Path
    """The file it is from."""

    what: str
    """What it is, for messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSpec:
    """A reader of one vendor's files.

    Both functions are module-level functions: reading happens in worker processes.
    """

    name: str
    """Name for ``--reader``."""

    summary: str
    """One line for ``plugins list``."""

    zone: str
    """IANA zone of the wall clock that ``read`` delivers, e.g. ``Asia/Kolkata``. Bringing the
    vendor's stamps to it is the reader's duty."""

    calendar: str
    """Name of the calendar that dates its contracts."""

    discover: Callable[[Path, SourceOptions], Iterable[Unit]]
    """``discover(source, options)``: the units below one source folder (or file), in a stable
    order. It claims files; it does not read them whole."""

    read: Callable[[Unit, SourceOptions], Iterator[RawBatch | RawRows | Rejected | Ignored]]
    """``read(unit, options)``: bounded batches; rows of one contract come in the vendor's order.
    Raises :class:`ReadError` when the unit cannot be read."""

    dialect: str = ""
    """The symbol dialect passed to the calendar; empty for the exchange's own."""

    version: str = "1"
    """Version of the reader's meaning: a new one makes a store read its sources again."""

    extra_columns: tuple[str, ...] = field(default=())
    """Columns beyond the raw schema that it may deliver; for ``plugins list``."""

    read_together: (
        Callable[[Sequence[Unit], SourceOptions], Iterator[tuple[int, Sequence[RawRows]]]] | None
    ) = None
    """``read_together(units, options)``: for units that it can take at once with less work than one
    by one, the place among ``units`` and all that ``read`` would yield of it. What is not plain (a
    file that cannot be read, a row that is no tick) it leaves out: ``read`` is asked for those."""
