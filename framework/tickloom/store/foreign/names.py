"""What the trading symbols in an adopted file say: the contract's name, where one can be read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np

from tickloom.arrow import numbers_of
from tickloom.contracts import Contract
from tickloom.host import get_host
from tickloom.specs import Calendar, ReaderSpec, WriterSpec
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.index import ContractIndex, ContractRows
from tickloom.store.partitions.order import read_row_groups

DEFAULT_READER = "nse-parquet"
"""Reader of the documented scripts' raw files; its calendar reads their symbols."""


class NameReader:
    """Reads symbols by a reader's calendar and dialect. Without that reader, no name is known."""

    def __init__(self, reader: str = "") -> None:
        """Raises :class:`UnknownNameError` if a reader is asked for that nobody offers."""
        readers = get_host().readers
        self._spec: ReaderSpec | None = None
        if reader:
            self._spec = readers.get(reader)
        elif DEFAULT_READER in readers:
            self._spec = readers.known(DEFAULT_READER)

    @cached_property
    def _calendar(self) -> Calendar | None:
        calendars = get_host().calendars
        if self._spec is None or self._spec.calendar not in calendars:
            return None
        return calendars.known(self._spec.calendar).load(None)

    def name(
        self, index: ContractIndex, key: PartitionKey, path: Path, writer: WriterSpec
    ) -> ContractIndex:
        """``index`` with the contracts that the symbols of its rows name, as far as they can be
        read and agree with the rows; the others stay unknown."""
        if self._calendar is None or self._spec is None:
            return index
        symbols = _symbols(path, writer, index.contracts)
        listing = sorted(set().union(*symbols)) if symbols else []
        readings = self._calendar.read_names(listing, self._spec.dialect)
        contracts = {reading.symbol: reading.contract for reading in readings}
        return ContractIndex(
            tuple(
                _named(rows, key, [contracts[symbol] for symbol in sorted(names)])
                for rows, names in zip(index.contracts, symbols, strict=True)
            )
        )


def _named(
    rows: ContractRows, key: PartitionKey, contracts: Sequence[Contract | None]
) -> ContractRows:
    names = sorted({contract for contract in contracts if contract is not None})
    agree = all(
        (name.underlying, name.right, float(np.float32(name.strike)))
        == (key.underlying, rows.right, rows.strike)
        for name in names
    )
    if not names or None in contracts or not agree:
        return rows
    return msgspec.structs.replace(rows, contract=names[0], also=tuple(names[1:]))


def _symbols(path: Path, writer: WriterSpec, contracts: Sequence[ContractRows]) -> list[set[str]]:
    """The distinct symbols of each contract's rows."""
    import pyarrow as pa

    starts = np.fromiter((rows.first_row for rows in contracts), np.int64, len(contracts))
    found: list[set[str]] = [set() for _ in contracts]
    first = 0
    for table in read_row_groups(path, writer, ["symbol"]):
        text = table.column("symbol").combine_chunks()
        coded = text if pa.types.is_dictionary(text.type) else text.dictionary_encode()
        names = coded.dictionary.to_pylist()
        codes = numbers_of(coded.indices.cast(pa.int64()).fill_null(-1))
        owners = np.searchsorted(starts, np.arange(first, first + len(codes)), side="right") - 1
        differs = (owners[1:] != owners[:-1]) | (codes[1:] != codes[:-1])
        changes = np.concatenate(([0], np.flatnonzero(differs) + 1))
        for owner, code in zip(owners[changes].tolist(), codes[changes].tolist(), strict=True):
            if code >= 0:
                found[owner].add(names[int(code)])
        first += table.num_rows
    return found
