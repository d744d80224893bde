"""What a compiled loop is specialised for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tickloom.engine.kernels.columns import column_kind
from tickloom.engine.orders import FillMode, FillModel
from tickloom.schema import STORED_COLUMNS
from tickloom.specs.kernel import KernelSpec

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

    def column_dtypes(self, spec: KernelSpec) -> tuple[str, ...]:
        """The dtype name of each required column of ``spec``."""
        return self.dtypes or tuple(column_kind(name) for name in required_columns(spec, self))


def required_columns(spec: KernelSpec, variant: Variant) -> tuple[str, ...]:
    """The columns to read: the kernel's own in its order, then those of fill and clock."""
    extra = list(variant.book_columns)
    if variant.timed or {"time_of_day", "time_to_expiry"} & set(spec.clock):
        extra.append("timestamp_ns")
    return spec.columns + tuple(name for name in extra if name not in spec.columns)


def hot_dtypes(spec: KernelSpec, variant: Variant) -> tuple[str, ...]:
    """The types that the hot tier stores where values allow: 32 bits, but for times."""
    times = {column.name for column in STORED_COLUMNS if column.type == "datetime"}
    times.add("timestamp_ns")
    return tuple(
        column_kind(name) if name in times else "int32" for name in required_columns(spec, variant)
    )


def is_fused(spec: KernelSpec, variant: Variant) -> bool:
    """Whether a loop of its own reads the variant's stored types.

    That is so for plain runs over float64 and int64, or over the hot tier's usual types. All other
    columns are turned into float64 and int64 before the loop: types that a store's values force
    upon a run would otherwise compile a loop that no build could foresee.
    """
    if not variant.dtypes or spec.kind != "step":
        return True
    whole = spec.ticks == "price"  # a quote's middle is no whole number of hundredths
    return whole and variant.plain and variant.dtypes == hot_dtypes(spec, variant)
