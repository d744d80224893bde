"""Times contenders in turn, so that a change of the host hits all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.documented.cross_over import Outcome


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do the work."""

    name: str
    """What the page calls it."""

    work: Callable[[], Outcome]
    """Does it once."""

    strict: bool = True
    """Must its result be the yardstick's? Not so for arithmetic in another order."""


class Rounds:
    """Something that was timed in several rounds."""

    __slots__ = ()

    seconds: Sequence[float]

    @property
    def best(self) -> float:
        """The shortest time, seconds."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """The median time, seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True, slots=True)
class Timing(Rounds):
    """What one contender did."""

    name: str
    """What the page calls it."""

    outcome: Outcome
    """The result, the same in every round."""

    seconds: tuple[float, ...]
    """Wall time of each round."""

    def ratio(self, yardstick: Timing) -> tuple[float, float]:
        """How many times as fast as ``yardstick``: by the best rounds, and the median of the
        ratios within each round."""
        paired = zip(yardstick.seconds, self.seconds, strict=True)
        return yardstick.best / self.best, statistics.median(a / b for a, b in paired)


class ResultsDifferError(Exception):
    """Two contenders that must agree do not: there is nothing to compare."""


def interleave(
    contenders: Sequence[Contender], repeats: int, *, same_rows: bool = True
) -> list[Timing]:
    """Run every contender once untimed, then ``repeats`` rounds of all, in an order that rotates.

    With ``same_rows`` the first contender is the yardstick of the results: rows alike, trades
    alike, PnL to the ninth digit (designs add it up in different orders). Raises
    :class:`ResultsDifferError` otherwise.
    """
    outcomes = [contender.work() for contender in contenders]
    if same_rows:
        for contender, outcome in zip(contenders, outcomes, strict=True):
            _check(contenders[0].name, outcomes[0], contender, outcome)
    seconds: list[list[float]] = [[] for _ in contenders]
    for turn in range(repeats):
        for step in range(len(contenders)):
            i = (turn + step) % len(contenders)
            started = time.perf_counter()
            outcome = contenders[i].work()
            seconds[i].append(time.perf_counter() - started)
            if outcome != outcomes[i]:
                raise ResultsDifferError(
                    f"{contenders[i].name} gave {outcomes[i]} and then {outcome}"
                )
    return [
        Timing(contender.name, outcome, tuple(times))
        for contender, outcome, times in zip(contenders, outcomes, seconds, strict=True)
    ]


def _check(yardstick: str, expected: Outcome, contender: Contender, found: Outcome) -> None:
    same_rows = found.rows == expected.rows
    same_result = found.trades == expected.trades and (
        abs(found.pnl - expected.pnl) <= 1e-9 * max(1.0, abs(expected.pnl))
    )
    if not same_rows or (contender.strict and not same_result):
        raise ResultsDifferError(
            f"{contender.name} gave {found}, {yardstick} gave {expected}: results first"
        )
