"""Rows of many contracts, handled as one frame: named, typed, checked, and put into the store's
order without a step for each contract and file.

Whatever is not plain (a name that cannot be read, or in several ways; a row that looks suspicious;
a batch that a transform refuses) is left to the way that batches of one contract go. So there is
one judgement of rows, and this is only a quick way around it for those that need none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tickloom.packing.bins.file import BinFile, compact
from tickloom.packing.bins.mixed import UNIT, MixedBlock
from tickloom.packing.reading.known_names import KnownNames
from tickloom.packing.reading.many_rows import (
    ContractOrder,
    ManyRows,
    UnitReading,
    day_of,
    runs_of,
    store_order,
)
from tickloom.packing.rows.clean import Batch, canonical, crossed_rows
from tickloom.packing.rows.days import day_numbers
from tickloom.packing.rows.many_clean import suspicious_rows
from tickloom.packing.rows.transforms import apply_all, batch_transforms
from tickloom.schema import COMPUTED_COLUMNS, STORED_NAMES
from tickloom.specs import RawRows, ReadError
from tickloom.store.layout import PartitionKey

if TYPE_CHECKING:
    import polars as pl

Ints = npt.NDArray[np.int64]

ENOUGH_ROWS: Final = 32_768
"""Rows of several units that are handled at once: 14 MB, and more than 100,000 rows take no less
time each."""

_COMPUTED: Final = frozenset(column.name for column in COMPUTED_COLUMNS)


@dataclass(slots=True)
class _Waiting:
    """Rows that wait for others."""

    parts: list[tuple[UnitReading, pl.DataFrame, pl.Series]] = field(default_factory=list)
    rows: int = 0


class ManyContracts:
    """The rows of many contracts that the units of one task have."""

    def __init__(
        self, names: KnownNames, is_open: Callable[[int], bool], bins: BinFile, compressed: bool
    ) -> None:
        """``is_open`` says of a day since 1970 whether the exchange traded."""
        self.blocks: list[MixedBlock] = []
        """What was written."""
        self._names = names
        self._is_open = is_open
        self._bins = bins
        self._compressed = compressed
        self._waiting: dict[tuple[object, ...], _Waiting] = {}

    def add(self, unit: UnitReading, part: RawRows) -> None:
        """Take rows, now or when there are enough of them."""
        key = tuple(part.frame.schema.items())
        if self._meets(unit, part, key):
            self.flush()
        waiting = self._waiting.setdefault(key, _Waiting())
        waiting.parts.append((unit, part.frame, part.symbols))
        waiting.rows += part.frame.height
        if sum(each.rows for each in self._waiting.values()) >= ENOUGH_ROWS:
            self.flush()

    def _meets(self, unit: UnitReading, part: RawRows, key: tuple[object, ...]) -> bool:
        """Whether rows of the unit's contracts wait with other columns: they come before these."""
        return any(
            other is unit and bool(part.symbols.is_in(symbols.implode()).any())
            for columns, waiting in self._waiting.items()
            if columns != key
            for other, _, symbols in waiting.parts
        )

    def flush(self) -> None:
        """Take all that waits."""
        waiting, self._waiting = self._waiting, {}
        for each in waiting.values():
            parts = [part for part in each.parts if part[0].result.taken and part[1].height]
            if parts:
                self._take(parts)

    def _take(self, parts: Sequence[tuple[UnitReading, pl.DataFrame, pl.Series]]) -> None:
        import polars as pl

        frame = pl.concat([part[1] for part in parts])
        rows = ManyRows(
            frame=frame,
            symbols=pl.concat([part[2] for part in parts]),
            readings=[part[0] for part in parts],
            owners=np.repeat(np.arange(len(parts)), [part[1].height for part in parts]),
            dialect=self._names.names.dialect,
        )
        if _COMPUTED.intersection(frame.columns):
            rows.leave(np.ones(frame.height, np.bool_))
            return
        ordered = self._in_order(rows)
        if ordered is None:
            return
        try:
            typed = canonical(
                Batch(apply_all(batch_transforms(), ordered.rows.frame, ordered.context))
            )
        except ReadError:
            self._apart(ordered.rows, parts)
            return
        odd = self._odd(ordered, typed)
        if odd.any():
            odd = ordered.whole_groups(odd)
            ordered.rows.leave(odd)
            typed = Batch(typed.frame.filter(~odd))
            ordered = ordered.without(odd)
        if typed.frame.height:
            self._write(ordered, typed.frame)

    def _apart(
        self, rows: ManyRows, parts: Sequence[tuple[UnitReading, pl.DataFrame, pl.Series]]
    ) -> None:
        """After a transform refused rows: unit by unit, contract by contract in the last one."""
        if len(parts) == 1:
            rows.leave(np.ones(rows.frame.height, np.bool_))
            return
        for part in parts:
            self._take([part])

    def _in_order(self, rows: ManyRows) -> ContractOrder | None:
        """The rows whose symbols can be read, contract by contract; the others are left."""
        import polars as pl

        symbols = rows.symbols.unique(maintain_order=True)
        named = self._names.of(symbols.to_list())
        keys = {i: (store_order(one), symbols[i]) for i, one in enumerate(named) if one}
        order = sorted(keys, key=keys.__getitem__)
        ranks = np.full(len(named), -1)
        ranks[order] = np.arange(len(order))
        table = pl.DataFrame({"symbol": symbols, "rank": ranks})
        found = (
            rows.symbols.alias("symbol")
            .to_frame()
            .join(table, on="symbol", how="left", maintain_order="left")["rank"]
            .to_numpy()
        )
        if len(order) < len(named):
            rows.leave(found < 0)
        by_contract = np.argsort(found, kind="stable")
        by_contract = by_contract[np.searchsorted(found[by_contract], 0) :]
        if not len(by_contract):
            return None
        contracts = [one for one in map(named.__getitem__, order) if one is not None]
        texts = [symbols[i] for i in order]
        return ContractOrder(rows.at(by_contract), found[by_contract], texts, contracts)

    def _odd(self, ordered: ContractOrder, typed: Batch) -> npt.NDArray[np.bool_]:
        """Rows that need judgement."""
        odd = suspicious_rows(typed, ordered.contracts, ordered.ranks, self._is_open)
        if "symbol" in ordered.rows.frame.columns:
            odd |= self._strange_symbols(ordered, typed.frame["symbol"])
        return odd

    def _strange_symbols(self, ordered: ContractOrder, said: pl.Series) -> npt.NDArray[np.bool_]:
        """Rows whose own symbol column may name another contract."""
        import polars as pl

        pairs = pl.DataFrame({"rank": ordered.ranks, "said": said.cast(pl.String)})
        strange = [
            (rank, text)
            for rank, text in pairs.unique().iter_rows()
            if self._names.names.others(
                pl.Series([text]), ordered.symbols[rank], ordered.named[rank]
            )
        ]
        if not strange:
            return np.zeros(len(ordered.ranks), np.bool_)
        table = pl.DataFrame(strange, schema=pairs.schema, orient="row").with_columns(odd=True)
        joined = pairs.join(table, on=["rank", "said"], how="left", maintain_order="left")
        return joined["odd"].fill_null(False).to_numpy()

    def _write(self, ordered: ContractOrder, frame: pl.DataFrame) -> None:
        """Write good rows, block by block of one partition."""
        import polars as pl

        units = ordered.rows.units()
        self._note(ordered.rows, frame)
        days = day_numbers(frame)
        ranks = ordered.ranks
        numbered = frame.with_columns(pl.Series(UNIT, units, pl.Int32))
        if np.any(days[1:] != days[:1]):
            order = np.lexsort((ranks, days))
            numbered, days, ranks, units = numbered[order], days[order], ranks[order], units[order]
        underlyings = [named.contract.underlying for named in ordered.named]
        places = {name: i for i, name in enumerate(dict.fromkeys(underlyings))}
        mine = np.array([places[name] for name in underlyings])[ranks]
        for start, end in runs_of(days * len(places) + mine):
            self._write_block(
                numbered.slice(start, end - start),
                PartitionKey(day_of(days[start]), underlyings[ranks[start]]),
                ordered,
                ranks[start:end],
                units[start:end],
            )

    def _write_block(
        self,
        frame: pl.DataFrame,
        key: PartitionKey,
        ordered: ContractOrder,
        ranks: Ints,
        units: Ints,
    ) -> None:
        runs = runs_of(ranks)
        numbers, counts = np.unique(units, return_counts=True)
        self.blocks.append(
            MixedBlock(
                key=key,
                file=self._bins.path,
                compressed=self._compressed,
                block=self._bins.append_alone(compact(frame)),
                contracts=tuple(
                    (ordered.named[ranks[start]].contract, ordered.named[ranks[start]].expiry)
                    for start, _ in runs
                ),
                starts=np.array([*(start for start, _ in runs), len(ranks)]),
                units=dict(zip(numbers.tolist(), counts.tolist(), strict=True)),
            )
        )
        for reading in ordered.rows.readings:
            if reading.result.number in self.blocks[-1].units:
                reading.result.mixed.add(key)

    def _note(self, rows: ManyRows, frame: pl.DataFrame) -> None:
        crossed = np.bincount(rows.owners[crossed_rows(frame)], minlength=len(rows.readings))
        more = frame.select(name for name in frame.columns if name not in STORED_NAMES)
        for owner, (reading, count) in enumerate(zip(rows.readings, crossed.tolist(), strict=True)):
            reading.result.crossed += count
            if more.width:
                reading.note_columns(
                    more if len(rows.readings) == 1 else more.filter(rows.owners == owner)
                )
