"""What a compiled loop is specialised for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tickloom.engine.orders import FillMode, FillModel

LatencyKind = Literal["none", "ticks", "time"]

BOOK_COLUMNS: Final[dict[FillMode, tuple[str, ...]]] = {
    "last": (),
    "touch": ("bp0", "sp0"),
    "depth": tuple(f"{side}{i}" for i in range(5) for side in ("bp", "bq", "sp", "sq")),
}
"""Columns that a fill reads beside ``price``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One specialisation; kernel and variant together name a cache entry."""

    logged: bool = False
    """With a trade log."""

    fill: FillMode = "last"
    """The fill mode."""

    latency: LatencyKind = "none"
    """Orders arrive at once, after a number of ticks, or after a time."""

    stale: bool = False
    """With the stale-quote rule."""

    costs: bool = False
    """With costs and a contract multiplier."""

    dtypes: tuple[str, ...] = ()
    """NumPy dtype name of each required column; empty: float64 and int64 throughout. A float64
    column may come as int16 or int32: hundredths, the type's lowest value standing for NaN. An
    int64 column may come as any integer type."""

    checked: bool = False
    """With Numba's bounds check: for tests."""

    @classmethod
    def of(
        cls,
        fill: FillModel,
        *,
        costs: bool = False,
        logged: bool = False,
        dtypes: Sequence[str] = (),
    ) -> Variant:
        """The variant that a run with ``fill`` needs."""
        latency: LatencyKind = "none"
        if fill.latency_ticks:
            latency = "ticks"
        elif fill.latency_ns:
            latency = "time"
        return cls(
            logged=logged,
            fill=fill.mode,
            latency=latency,
            stale=fill.stale_ns > 0,
            costs=costs,
            dtypes=tuple(dtypes),
        )

    @property
    def book_columns(self) -> tuple[str, ...]:
        """The columns that fills read beside ``price``."""
        return BOOK_COLUMNS[self.fill]

    @property
    def timed(self) -> bool:
        """Whether fills read ``timestamp_ns``."""
        return self.stale or self.latency == "time"

    @property
    def plain(self) -> bool:
        """Whether a run asks for nothing but profits: fills at the last price, at once and free."""
        return self == Variant(dtypes=self.dtypes, checked=self.checked)

    @property
    def form(self) -> Variant:
        """The loop that serves this variant. Plain runs have one of their own, in which what they
        do not ask for costs nothing; all others share one with costs and a log for each fill, with
        or without latency: seven loops a kernel to build instead of sixty."""
        if self.plain:
            return self
        return Variant(
            logged=True,
            fill=self.fill,
            latency="none" if self.latency == "none" else "time",
            stale=self.fill != "last",
            costs=True,
            checked=self.checked,
        )

    @property
    def label(self) -> str:
        """A readable name of a form, part of a cache entry's file name."""
        words = ["plain" if self.plain else "full", self.fill]
        words += ["latency"] if self.latency != "none" else []
        words += ["checked"] if self.checked else []
        return "-".join(words)
