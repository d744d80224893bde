"""What the user asks of fills: the mode, the latency, and when a quote is too old."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from tickloom.errors import UsageError

FillMode = Literal["last", "touch", "depth"]
"""``last``: at the tick's last traded price. ``touch``: buy at the ask, sell at the bid. ``depth``:
walk the five levels of the book for the wanted size."""

NS_PER_MS: Final = 1_000_000


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


def parse_latency(text: str) -> dict[str, int]:
    """``'3'`` (ticks) or ``'250ms'`` as the field of :class:`FillModel` that it sets.

    Raises :class:`UsageError` for anything else.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms)?", text.strip())
    if found is None or (found[2] is None and "." in found[1]):
        raise UsageError(
            f"latency must be a number of ticks ('3') or milliseconds ('250ms'); found {text!r}"
        )
    if found[2] is None:
        return {"latency_ticks": int(found[1])}
    return {"latency_ns": round(float(found[1]) * NS_PER_MS)}
