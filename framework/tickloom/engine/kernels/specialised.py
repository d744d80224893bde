"""A kernel in one variant: all that is known of it before anything is compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from tickloom.engine.kernels.columns import column_kind
from tickloom.engine.kernels.constants import ConstantsLayout, layout_of
from tickloom.engine.kernels.variant import Variant
from tickloom.schema import STORED_COLUMNS
from tickloom.specs.kernel import KernelSpec


@dataclass(frozen=True, slots=True)
class Specialised:
    """A kernel and what its loop is specialised for; equal where these two are. It can be pickled
    where the kernel's functions can."""

    spec: KernelSpec
    """The registry entry."""

    variant: Variant
    """The specialisation."""

    columns: tuple[str, ...] = field(compare=False)
    """The columns to read: the kernel's own in its order, then those of fill and clock."""

    dtypes: tuple[str, ...] = field(compare=False)
    """The NumPy dtype name of each."""

    layout: ConstantsLayout = field(compare=False)
    """The record of constants."""

    @classmethod
    def of(cls, spec: KernelSpec, variant: Variant = Variant()) -> Specialised:  # noqa: B008
        """``spec`` in ``variant``."""
        columns = _columns(spec, variant)
        dtypes = variant.dtypes or tuple(map(column_kind, columns))
        return cls(spec, variant, columns, dtypes, layout_of(spec))

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        # The class of a record of constants may be made by the host, which no other process finds.
        return _unpickled, (self.spec, self.variant)

    def stored_as(self, dtypes: tuple[str, ...]) -> Specialised:
        """The same over columns of other types; empty: float64 and int64."""
        return Specialised.of(self.spec, replace(self.variant, dtypes=dtypes))

    def hot(self) -> Specialised:
        """The same over what the hot tier stores where values allow: 32 bits, but for times."""
        times = {column.name for column in STORED_COLUMNS if column.type == "datetime"}
        times.add("timestamp_ns")
        return self.stored_as(
            tuple(column_kind(name) if name in times else "int32" for name in self.columns)
        )

    @property
    def is_fused(self) -> bool:
        """Whether a loop of its own reads the stored types.

        That is so for plain runs over float64 and int64, or over the hot tier's usual types. All
        other columns are turned into float64 and int64 before the loop: types that a store's values
        force upon a run would otherwise compile a loop that no build could foresee.
        """
        if not self.variant.dtypes or self.spec.kind != "step":
            return True
        whole = self.spec.ticks == "price"  # a quote's middle is no whole number of hundredths
        return whole and self.variant.plain and self.dtypes == self.hot().dtypes

    @property
    def accounted(self) -> tuple[str, ...]:
        """The columns that the host's accounting of wanted positions reads, without ``wanted``."""
        return _accounted(self.variant)

    @property
    def loop_columns(self) -> tuple[str, ...]:
        """The columns of the loop that serves this, in the order of its arguments."""
        if self.spec.kind == "step":
            return _columns(self.spec, self.variant.form)
        return (*_accounted(self.variant.form), "wanted")


@lru_cache(maxsize=8)
def _unpickled(spec: KernelSpec, variant: Variant) -> Specialised:
    """Made once in a worker process, which is sent it with every slice."""
    return Specialised.of(spec, variant)


def _columns(spec: KernelSpec, variant: Variant) -> tuple[str, ...]:
    extra = list(variant.book_columns)
    if variant.timed or {"time_of_day", "time_to_expiry"} & set(spec.clock):
        extra.append("timestamp_ns")
    return spec.columns + tuple(name for name in extra if name not in spec.columns)


def _accounted(variant: Variant) -> tuple[str, ...]:
    columns = ("price", *variant.book_columns)
    return (*columns, "timestamp_ns") if variant.timed else columns
