"""Seeded ticks for timing: whole contracts in memory, any of the store's columns."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.columns.quoted import middle
from tickloom.engine.kernels.columns import NS_PER_DAY, clock_value, column_kind
from tickloom.engine.loading.results import ContractFacts
from tickloom.specs.kernel import KernelSpec

DAY: Final = 20_395
"""2025-11-03, days since 1970-01-01."""

_FACTS: Final = ("expiry_day", "strike", "is_call")
_OPENING_NS: Final = DAY * NS_PER_DAY + (9 * 60 + 15) * 60 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Ticks:
    """Whole contracts, one after another."""

    offsets: NDArray[np.int64]
    """Where each contract starts, and where the last one ends: shape (contracts + 1,)."""

    columns: dict[str, NDArray[Any]]
    """Column to its values, float64 or int64, shape (rows,)."""

    facts: ContractFacts
    """Expiry, strike and right of each contract."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.offsets[-1])

    def save(self, path: Path) -> None:
        """Write all of it into one ``.npz`` file."""
        facts = {f"facts {name}": getattr(self.facts, name) for name in _FACTS}
        columns = {f"column {name}": values for name, values in self.columns.items()}
        np.savez(path, allow_pickle=False, offsets=self.offsets, **facts, **columns)

    @classmethod
    def load(cls, path: Path) -> Ticks:
        """What :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as saved:
            columns = {
                name.removeprefix("column "): saved[name]
                for name in saved.files
                if name.startswith("column ")
            }
            facts = ContractFacts(**{name: saved[f"facts {name}"] for name in _FACTS})
            return cls(saved["offsets"], columns, facts)

    def arrays(self, names: Sequence[str]) -> list[NDArray[Any]]:
        """The columns ``names``, in that order."""
        return [self.columns[name] for name in names]

    def first(self, contracts: int, rows: int) -> Ticks:
        """The first ``rows`` ticks of each of the first ``contracts`` contracts."""
        starts, ends = self.offsets[:-1][:contracts], self.offsets[1:][:contracts]
        lengths = np.minimum(ends - starts, rows)
        kept = np.concatenate([np.arange(s, s + n) for s, n in zip(starts, lengths, strict=True)])
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return self._taken(offsets, kept, slice(contracts))

    def contract(self, number: int, first: int = 0, end: int | None = None) -> Ticks:
        """That contract alone, its ticks from ``first`` up to ``end``."""
        start, stop = int(self.offsets[number]), int(self.offsets[number + 1])
        kept = np.arange(start, stop)[first:end]
        return self._taken(np.array([0, len(kept)]), kept, slice(number, number + 1))

    def _taken(
        self, offsets: NDArray[np.int64], rows: NDArray[np.int64], contracts: slice
    ) -> Ticks:
        facts = {name: getattr(self.facts, name)[contracts] for name in _FACTS}
        columns = {name: column[rows] for name, column in self.columns.items()}
        return Ticks(offsets, columns, ContractFacts(**facts))

    def usable(self, spec: KernelSpec, number: int) -> list[Any]:
        """The ticks of that contract as the kernel sees them, plain Python NamedTuples; rows
        without a usable price are left out."""
        one = self.contract(number)
        if spec.ticks == "quote":
            one.columns["price"] = middle(one.columns["bp0"], one.columns["sp0"])
        names = spec.columns + spec.clock
        record: Any = namedtuple("Tick", names)  # type: ignore[misc]
        values = zip(*(one._field(name) for name in names), strict=True)
        ticks: list[Any] = [record(*row) for row in values]
        return [tick for tick in ticks if tick.price > 0]

    def _field(self, name: str) -> list[float | int]:
        """Values of a tick's field, of a slice with one contract."""
        if name in self.columns:
            found = self.columns[name]
        else:
            value = clock_value(
                name, self.columns.get("timestamp_ns"), lambda fact: getattr(self.facts, fact)[0]
            )
            found = np.broadcast_to(value, self.rows)
        values: list[float | int] = found.tolist()
        return values


def make_ticks(
    columns: Iterable[str], *, rows: int = 4_000_000, contracts: int = 400, seed: int = 1
) -> Ticks:
    """About ``rows`` ticks of ``contracts`` contracts, busy and quiet ones; ``price`` is among the
    columns.

    Prices walk in whole steps of 0.05 between 100 and 900, with a spread of one to four steps;
    volumes grow; times run on by a second or stand still.
    """
    random = np.random.default_rng(seed)
    lengths = np.maximum(2, random.lognormal(0, 1, contracts) * rows / contracts / 1.65).astype(int)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    total = int(offsets[-1])
    price = _walk(random, offsets)
    names = dict.fromkeys(("price", *columns))
    values = {name: _column(random, name, price, offsets) for name in names}
    facts = ContractFacts(
        expiry_day=np.full(contracts, DAY + 22, np.int64),
        strike=50_000.0 + 100.0 * np.arange(contracts, dtype=np.float64),
        is_call=np.arange(contracts, dtype=np.int64) % 2,
    )
    assert all(len(column) == total for column in values.values())
    return Ticks(offsets, values, facts)


def _walk(random: np.random.Generator, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Prices in hundredths: multiples of 5, reflected into 100.00 to 900.00."""
    steps = random.choice(np.array([-10, -5, 0, 0, 0, 5, 10]), int(offsets[-1]))
    steps[offsets[:-1]] = 5 * random.integers(2_000, 18_000, len(offsets) - 1)
    walk = np.cumsum(steps)
    before = np.concatenate([[0], walk])[offsets[:-1]]
    walk -= np.repeat(before, np.diff(offsets))
    folded = np.abs(np.mod(walk - 10_000, 160_000) - 80_000)
    return np.asarray(10_000 + folded, np.int64)


def _column(
    random: np.random.Generator, name: str, price: NDArray[np.int64], offsets: NDArray[np.int64]
) -> NDArray[Any]:
    rows = len(price)
    if name == "volume":
        grown = np.cumsum(random.integers(0, 4, rows))
        return grown - np.repeat(grown[offsets[:-1]], np.diff(offsets))
    if name == "timestamp_ns":
        seconds = np.cumsum(random.integers(0, 2, rows))
        within = (seconds - np.repeat(seconds[offsets[:-1]], np.diff(offsets))) % 22_500
        return np.asarray(_OPENING_NS + within * 1_000_000_000, np.int64)
    if column_kind(name) == "int64":
        # Quantities lean for a while: a book that is even on average never makes a strategy act.
        lean = np.repeat(random.lognormal(0, 1.5, rows // 64 + 1), 64)[:rows]
        return np.asarray(lean * random.integers(0, 20, rows), np.int64) * 35
    return (price + _away(random, name, rows)) / 100.0


def _away(random: np.random.Generator, name: str, rows: int) -> NDArray[np.int64]:
    """How far a price column is from the price, hundredths: a bid below it, an ask above it."""
    if len(name) == 3 and name[:2] in ("bp", "sp"):
        level = 5 * random.integers(0, 3, rows) + 5 * int(name[2])
        return level + 5 if name[0] == "s" else -level
    return np.zeros(rows, np.int64)
