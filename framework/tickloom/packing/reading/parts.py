"""What a reader says, checked before anybody believes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tickloom.contracts import Contract
from tickloom.specs import Ignored, RawBatch, RawRows, Rejected

Part = RawBatch | RawRows | Rejected | Ignored


def check_part(part: object) -> None:
    """Raise :class:`TypeError` or :class:`ValueError` for anything but a batch, a rejected or an
    ignored part whose fields are what their documentation says."""
    if isinstance(part, RawBatch):
        _check_batch(part)
    elif isinstance(part, RawRows):
        _check_rows(part)
    elif isinstance(part, Rejected):
        _check_rejected(part)
    elif isinstance(part, Ignored):
        _check_type("Ignored.path", part.path, Path)
        _check_type("Ignored.what", part.what, str)
    else:
        raise TypeError(
            f"read() must yield RawBatch, RawRows, Rejected or Ignored, found {type(part).__name__}"
        )


def rows_of(part: Part) -> int:
    """Rows of the source that the part accounts for."""
    if isinstance(part, Ignored):
        return 0
    return part.rows if isinstance(part, Rejected) else part.frame.height


def _check_batch(batch: RawBatch) -> None:
    import polars as pl

    if not isinstance(batch.frame, pl.DataFrame):
        found = type(batch.frame).__name__
        raise TypeError(f"RawBatch.frame must be a polars DataFrame, found {found}")
    _check_type("RawBatch.symbol", batch.symbol, str)
    if batch.contract is not None:
        _check_type("RawBatch.contract", batch.contract, Contract)


def _check_rows(rows: RawRows) -> None:
    import polars as pl

    if not isinstance(rows.frame, pl.DataFrame):
        found = type(rows.frame).__name__
        raise TypeError(f"RawRows.frame must be a polars DataFrame, found {found}")
    symbols: object = rows.symbols
    if not isinstance(symbols, pl.Series) or symbols.dtype != pl.String:
        raise TypeError(f"RawRows.symbols must be a polars Series of text, found {symbols!r}")
    if len(symbols) != rows.frame.height or symbols.null_count():
        raise ValueError(
            f"RawRows.symbols must have a text for each of the {rows.frame.height} rows; found "
            f"{len(symbols)} of which {symbols.null_count()} are null"
        )


def one_by_one(parts: Iterable[Part]) -> Iterator[RawBatch | Rejected | Ignored]:
    """The parts with rows of many contracts as batches of one contract each."""
    for part in parts:
        if not isinstance(part, RawRows):
            yield part
            continue
        named = part.frame.with_columns(part.symbols.alias(_SYMBOL))
        for frame in named.partition_by(_SYMBOL, maintain_order=True):
            symbol = frame.drop_in_place(_SYMBOL)[0]
            yield RawBatch(frame=frame, symbol=symbol, dialect=part.dialect)


_SYMBOL: Final = "__tickloom_symbol"


def _check_rejected(part: Rejected) -> None:
    import polars as pl

    _check_type("Rejected.path", part.path, Path)
    _check_type("Rejected.reason", part.reason, str)
    _check_type("Rejected.rows", part.rows, int)
    if part.frame is not None and not isinstance(part.frame, pl.DataFrame):
        found = type(part.frame).__name__
        raise TypeError(f"Rejected.frame must be a polars DataFrame, found {found}")
    least = 0 if part.frame is None else part.frame.height
    if part.rows < least:
        what = f"the {least} rows of its frame" if least else "0"
        raise ValueError(f"Rejected.rows must be at least {what}, found {part.rows}")


def _check_type(name: str, value: object, wanted: type) -> None:
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise TypeError(f"{name} must be a {wanted.__name__}, found {value!r}")
