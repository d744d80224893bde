"""From rows of text and a mapping to batches of one contract each."""

from __future__ import annotations

import datetime as dt
import functools
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tickloom import RAW_COLUMNS, Contract, RawBatch, RawRows, ReadError, Rejected, SourceOptions
from tickloom_plugins.readers.bars import Bars
from tickloom_plugins.readers.mapping import (
    Clock,
    Mapping,
    Source,
    columns_used,
    sources,
    template_columns,
)
from tickloom_plugins.readers.wall_clock import wall_clock

ZONE: Final = "Asia/Kolkata"
"""The wall clock that rows are brought to."""

_TYPES: Final = {column.name: column.type for column in RAW_COLUMNS}
_SYMBOL: Final = "trading symbol"
_PERIOD: Final = "period of the future"
_ROW: Final = "row"

ROWS_OF_ONE: Final = 1_024
"""With more rows a contract, a batch for each costs no more than one for all."""
_EXACT_INTEGERS: Final = 2**53


class TextRows:
    """Makes batches of the rows of one unit. Raises :class:`tickloom.ReadError` at once where the
    mapping names columns that the rows do not have."""

    def __init__(
        self,
        mapping: Mapping,
        columns: list[str],
        path: Path,
        said: dict[str, str | pl.Series],
        table: pl.DataFrame | None = None,
        own: frozenset[str] = frozenset(),
    ) -> None:
        """``columns`` are the rows' own; ``said`` holds what is the same for all rows (the file's
        name, say) or a text for each, by column; ``table`` is the mapping's look-up table; lines
        that have nothing in any of the ``own`` columns of the store, if there are any, have no
        row."""
        self._mapping = mapping
        self._own = own
        self._path = path
        self._said: dict[str, str | pl.Series] = {**mapping.constants, **said}
        self._table = table
        self._sources = sources(mapping)
        if mapping.same_names:
            for name in _TYPES.keys() & set(columns) - {"timestamp"}:
                self._sources.setdefault(name, Source(name))
        self._clocks = {"timestamp": mapping.clock} | {
            name: _on(mapping.clock, source)
            for name, source in self._sources.items()
            if _TYPES.get(name) == "datetime"
        }
        self._clocks |= mapping.clocks
        summed = [name for name, source in self._sources.items() if source.cumulate]
        self._bars = Bars(_SYMBOL, summed) if summed else None
        self._check(columns)

    def batches(
        self, rows: pl.DataFrame, options: SourceOptions
    ) -> Iterator[RawBatch | RawRows | Rejected]:
        """``rows`` hold text, or numbers where it is known that they are. Rows that are no ticks
        are rejected with their text."""
        text = self._prepared(rows)
        typed, faults = self._typed(text)
        raw = rows[text[_ROW]]
        typed, raw, lost = self._split(typed, raw, faults)
        yield from lost
        if self._bars is not None:
            typed, faults = self._bars.totals(typed)
            typed, raw, lost = self._split(typed, raw, faults)
            yield from lost
        if self._mapping.instrument != "option":
            yield from self._series(typed, options)
            return
        contracts = typed[_SYMBOL].n_unique()
        if contracts > 1 and len(typed) < ROWS_OF_ONE * contracts:
            for part in typed.iter_slices(options.batch_rows):
                yield RawRows(
                    frame=part.drop(_SYMBOL),
                    symbols=part[_SYMBOL],
                    dialect=self._mapping.dialect,
                )
            return
        one = contracts <= 1
        frames = [typed] if one else typed.partition_by(_SYMBOL, maintain_order=True)
        for frame in frames if len(typed) else []:
            symbol = frame[_SYMBOL][0]
            for part in frame.drop(_SYMBOL).iter_slices(options.batch_rows):
                yield RawBatch(frame=part, symbol=symbol, dialect=self._mapping.dialect)

    def _series(self, typed: pl.DataFrame, options: SourceOptions) -> Iterator[RawBatch]:
        """The rows of futures or spots, by underlying and month."""
        for frame in typed.partition_by(_SYMBOL, _PERIOD, maintain_order=True):
            name, period = frame[_SYMBOL][0].upper(), frame[_PERIOD][0]
            is_spot = self._mapping.instrument == "spot"
            contract = Contract.spot(name) if is_spot else Contract.future(name, period)
            for part in frame.drop(_SYMBOL, _PERIOD).iter_slices(options.batch_rows):
                yield RawBatch(frame=part, symbol=name, contract=contract)

    def together(self, rows: pl.DataFrame) -> tuple[RawRows, np.ndarray[Any, Any]] | None:
        """``rows`` of several files at once, and the place among ``rows`` of each; None where one
        of them is no tick."""
        text = self._prepared(rows)
        typed, faults = self._typed(text)
        if faults:
            return None
        frame, symbols = typed.drop(_SYMBOL), typed[_SYMBOL]
        taken = RawRows(frame=frame, symbols=symbols, dialect=self._mapping.dialect)
        return taken, text[_ROW].to_numpy()

    def _split(
        self, typed: pl.DataFrame, raw: pl.DataFrame, faults: list[tuple[str, pl.Series]]
    ) -> tuple[pl.DataFrame, pl.DataFrame, list[Rejected]]:
        """The rows without a fault, typed and as they are in the file, and the others with their
        first fault."""
        if not faults:
            return typed, raw, []
        bad = pl.Series([False]).new_from_index(0, len(typed))
        lost = []
        for reason, mask in faults:
            new = mask.fill_null(False) & ~bad
            bad = bad | new
            if new.any():
                frame = raw.filter(new)
                lost.append(Rejected(path=self._path, reason=reason, rows=len(frame), frame=frame))
        return typed.filter(~bad), raw.filter(~bad), lost

    def _check(self, columns: list[str]) -> None:
        known = set(columns) | self._said.keys()
        if self._table is not None:
            known |= set(self._table.columns)
        for pattern in self._mapping.extract.values():
            known |= re.compile(pattern).groupindex.keys()
        for column, place in columns_used(self._mapping).items():
            if column not in known:
                raise ReadError(
                    f"expected the column {column!r}, which the mapping names for {place}; found "
                    f"{', '.join(columns)}. Check the mapping's names and delimiter."
                )

    def _prepared(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that are kept, trimmed, with nulls and all columns that the mapping names."""
        mapping = self._mapping
        fields = pl.col(pl.String)
        if mapping.trim:
            fields = fields.str.strip_chars()
        if mapping.nulls:
            fields = pl.when(~fields.is_in(list(mapping.nulls))).then(fields)
        text = rows.with_columns(fields).with_row_index(_ROW)
        said = ((n, pl.lit(v) if isinstance(v, str) else v) for n, v in self._said.items())
        text = text.with_columns([value.alias(name) for name, value in said])
        for column, pattern in mapping.extract.items():
            text = text.with_columns(extracted(text[column], pattern))
        if mapping.lookup is not None and self._table is not None:
            text = text.join(self._table, on=mapping.lookup.key, how="left", maintain_order="left")
        for column, texts in mapping.values.items():
            text = text.with_columns(pl.col(column).replace(texts))
        if self._own:
            there = [pl.col(self._sources[name].column).is_not_null() for name in self._own]
            text = text.filter(pl.any_horizontal(there))
        for column, kept in mapping.keep.items():
            # Null is not another instrument but an unknown one: its row is rejected, not dropped.
            text = text.filter(pl.col(column).is_in(list(kept)) | pl.col(column).is_null())
        return text

    def _typed(self, text: pl.DataFrame) -> tuple[pl.DataFrame, list[tuple[str, pl.Series]]]:
        """The rows with the store's types, and which are faulty for what reason."""
        columns: list[pl.Series] = []
        faults: list[tuple[str, pl.Series]] = []
        for name, clock in self._clocks.items():
            joined = pl.concat_str(list(clock.columns), separator=" ")
            stamps = text.select(joined.alias(name)).to_series()
            columns.append(wall_clock(stamps, clock, ZONE))
            faults += _faults(name, "a stamp as the mapping's clock says", stamps, columns[-1])
        for name, source in self._sources.items():
            if name in self._clocks:
                continue
            column = text[source.column].alias(name)
            columns.append(self._number_or_text(column, source))
            faults += _faults(name, _what(name, source), column, columns[-1])
        symbols = self._symbols(text)
        if symbols.null_count():
            faults.append(("expected a symbol; the template found none", symbols.is_null()))
        if self._mapping.instrument != "option":
            periods = self._periods(text)
            if periods.null_count():
                faults.append(("expected a period; the template found none", periods.is_null()))
            return pl.DataFrame([symbols, periods, *columns]), faults
        return pl.DataFrame([symbols, *columns]), faults

    def _periods(self, text: pl.DataFrame) -> pl.Series:
        """The month of each row's future, where the mapping says it."""
        if not self._mapping.period:
            return pl.Series(_PERIOD, ["nearest"]).new_from_index(0, len(text))
        return self._symbols(text, self._mapping.period).alias(_PERIOD)

    def _number_or_text(self, text: pl.Series, source: Source) -> pl.Series:
        kind = _TYPES.get(text.name, source.type)
        if kind in ("symbol", "right", "text") or text.dtype != pl.String:
            return text
        mapping = self._mapping
        if mapping.thousands:
            text = text.str.replace_all(mapping.thousands, "", literal=True)
        if mapping.decimal != ".":
            text = text.str.replace(mapping.decimal, ".", literal=True)
        if kind.startswith("int") and source.divide == 1:
            return whole_numbers(text)
        numbers = text.cast(pl.Float64, strict=False)
        if source.divide != 1:
            # By NumPy: Polars multiplies by the reciprocal, 20500 / 10000 is 2.0500000000000003.
            exact = numbers.to_numpy() / source.divide
            numbers = pl.Series(text.name, exact).zip_with(numbers.is_not_null(), numbers)
        return numbers

    def _symbols(self, text: pl.DataFrame, template: str = "") -> pl.Series:
        template = template or self._mapping.symbol
        parsed = list(string.Formatter().parse(template))
        names = list(dict.fromkeys(template_columns(template)))
        parts = text.select(names)
        is_text = all(dtype == pl.String for dtype in parts.dtypes)
        if is_text and not any(form or conversion for _, _, form, conversion in parsed):
            return parts.select(_plain_symbols(parsed)).to_series()
        combinations = parts.unique(maintain_order=True)
        made = [render(template, row) for row in combinations.to_dicts()]
        table = combinations.with_columns(pl.Series(_SYMBOL, made, dtype=pl.String))
        joined = parts.join(table, on=names, how="left", maintain_order="left", nulls_equal=True)
        return joined[_SYMBOL]


def _plain_symbols(
    parsed: list[tuple[str, str | None, str | None, str | None]],
) -> pl.Expr:
    """What :func:`render` makes of a template without formats, for all rows at once."""
    parts = []
    for literal, name, _, _ in parsed:
        parts += [pl.lit(literal)] if literal else []
        if name is not None:
            parts.append(pl.when(pl.col(name) != "").then(pl.col(name)))
    return pl.concat_str(parts).alias(_SYMBOL)


def whole_numbers(text: pl.Series) -> pl.Series:
    """Integers, also where they are written as floats (``2600.0``); null is what is neither."""
    numbers = text.cast(pl.Int64, strict=False)
    if numbers.null_count() == text.null_count():
        return numbers
    floats = text.cast(pl.Float64, strict=False)
    exact = (floats == floats.floor()) & (floats.abs() <= _EXACT_INTEGERS)
    take = numbers.is_not_null() | ~exact.fill_null(False)
    return numbers.zip_with(take, floats.cast(pl.Int64, strict=False))


def extracted(text: pl.Series, pattern: str) -> pl.DataFrame:
    """The pattern's named groups, a column each; null where the text does not match."""
    compiled = re.compile(pattern)
    texts = text.drop_nulls().unique(maintain_order=True)
    matches = [compiled.search(one) for one in texts]
    columns = []
    for name in compiled.groupindex:
        group = pl.Series([match[name] if match else None for match in matches], dtype=pl.String)
        found = text.replace_strict(texts, group, default=None, return_dtype=pl.String)
        columns.append(found.alias(name))
    return pl.DataFrame(columns)


def render(template: str, row: dict[str, str | None]) -> str | None:
    """The template with the row's texts; None where one is missing or does not fit its format.

    ``{expiry:%d/%m/%Y>%d%b%y}`` reads a date by the first format and writes it by the second;
    ``{strike:g}`` writes a number without needless zeros.
    """
    made = []
    for literal, name, form, _ in string.Formatter().parse(template):
        made.append(literal)
        if name is None:
            continue
        part = _rendered(row[name], form or "")
        if not part:
            return None
        made.append(part)
    return "".join(made)


@functools.lru_cache(maxsize=4096)
def _rendered(text: str | None, form: str) -> str | None:
    if not text or not form:
        return text
    try:
        if form == "g":
            return f"{float(text):.12g}"
        read, _, write = form.partition(">")
        return dt.datetime.strptime(text, read).strftime(write).upper()
    except ValueError:
        return None


def _on(clock: Clock, source: Source) -> Clock:
    """The same clock, read from another column."""
    return Clock(zone=clock.zone, columns=(source.column,), format=clock.format, unit=clock.unit)


def _what(name: str, source: Source) -> str:
    kind = _TYPES.get(name, source.type)
    return "a whole number" if kind.startswith("int") else "a number"


def _faults(name: str, what: str, text: pl.Series, typed: pl.Series) -> list[tuple[str, pl.Series]]:
    """The reason and the rows where ``text`` is not what it should be, if there are any."""
    if typed.null_count() == text.null_count():
        return []
    wrong = typed.is_null() & text.is_not_null()
    found = text.filter(wrong)[0]
    return [(f"expected {what} for {name}; found {found!r}", wrong)]
