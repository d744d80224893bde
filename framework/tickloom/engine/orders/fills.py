"""What the user asks of fills: the mode, the latency, and when a quote is too old."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from tickloom.engine import arguments
from tickloom.errors import UsageError

FillMode = Literal["last", "touch", "depth"]
"""``last``: at the tick's last traded price. ``touch``: buy at the ask, sell at the bid. ``depth``:
walk the five levels of the book for the wanted size."""

NS_PER_MS: Final = 1_000_000

LONGEST_MS: Final = 24 * 60 * 60 * 1000
"""Longest latency and age of a quote, a day: contracts' ticks end with it."""

MOST_TICKS: Final = 1_000_000_000
"""Longest latency; added to a tick's number or time it must stay within 64 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillModel:
    """How orders are filled."""

    mode: FillMode = "last"
    """Which price an order gets."""

    latency_ticks: int = 0
    """Ticks of the contract between a decision and its order's arrival."""

    latency_ns: int = 0
    """Nanoseconds between a decision and its order's arrival; the first tick at or after it."""

    stale_ns: int = 0
    """Touch and depth: nanoseconds after which an unchanged best bid and ask fill nothing; 0: they
    never grow stale."""

    def __post_init__(self) -> None:
        if self.mode not in get_args(FillMode):
            listed = ", ".join(get_args(FillMode))
            raise UsageError(f"unknown fill {self.mode!r}; there are: {listed}")
        if min(self.latency_ticks, self.latency_ns, self.stale_ns) < 0:
            raise UsageError("latency and the age of a stale quote must not be negative")
        if self.latency_ticks and self.latency_ns:
            raise UsageError("give the latency in ticks or in milliseconds, not in both")
        if self.stale_ns and self.mode == "last":
            raise UsageError("a stale-quote rule needs quotes: use it with --fill touch or depth")

    @property
    def latency(self) -> str:
        """The latency as :func:`parse_latency` takes it: ``'3'`` or ``'250ms'``."""
        if not self.latency_ns:
            return str(self.latency_ticks)
        return f"{self.latency_ns / NS_PER_MS:.6f}".rstrip("0").rstrip(".") + "ms"

    @property
    def stale_ms(self) -> float:
        """The age of a stale quote, milliseconds."""
        return self.stale_ns / NS_PER_MS


def parse_latency(given: str | int) -> dict[str, int]:
    """``3`` or ``'3'`` (ticks), or ``'250ms'``, as the field of :class:`FillModel` that it sets.

    Raises :class:`UsageError` for anything else.
    """
    written = str(given).strip() if isinstance(given, str) or arguments.is_whole(given) else ""
    pattern = r"(?P<ticks>\d{1,10})|(?P<ms>\d{1,10}(\.\d{1,10})?)ms"
    found = re.fullmatch(pattern, written, re.ASCII)
    if found and found["ticks"] and int(found["ticks"]) <= MOST_TICKS:
        return {"latency_ticks": int(found["ticks"])}
    if found and found["ms"] and float(found["ms"]) <= LONGEST_MS:
        return {"latency_ns": milliseconds("latency", float(found["ms"]))}
    raise arguments.wrong(
        "latency",
        f"a number of ticks, like 3 (up to {MOST_TICKS:,}), or of milliseconds, like '250ms' "
        f"(up to {LONGEST_MS:,})",
        given,
    )


def milliseconds(name: str, given: float) -> int:
    """Nanoseconds, rounded; at least one where ``given`` is not 0.

    Raises :class:`UsageError` unless the argument ``name`` is a number from 0 to a day's.
    """
    if not arguments.is_number(given) or not 0 <= given <= LONGEST_MS:
        raise arguments.wrong(name, f"a number of milliseconds from 0 to {LONGEST_MS:,}", given)
    return max(round(float(given) * NS_PER_MS), int(given > 0))
