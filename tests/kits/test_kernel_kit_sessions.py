"""The kernel kit finds what only long contracts show: errors in a breakout over ten bars, and
strategies that hardly trade."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest

from tickloom import KernelSpec, array_kernel
from tickloom.testing import KernelTests, session_ticks
from tickloom.testing.kernels import fewest_ticks

KIT = KernelTests()
SECOND = 1_000_000_000
CLOSING = 15 * 3600 + 20 * 60
BARS = 10


class Params(NamedTuple):
    width: int = 60
    bars: int = BARS
    shift: int = 0
    early: int = 0
    equal: bool = False
    forgets_closing: bool = False


def breakout(offsets: Any, columns: Any, constants: Params, wanted: Any) -> None:
    """Long above the highest price of the last ten whole bars, flat below the lowest and from 15:20
    on. ``constants`` plant errors."""
    highs, lows = np.zeros(constants.bars), np.zeros(constants.bars)
    for contract in range(len(offsets) - 1):
        whole, bar, high, low, position = 0, -1, 0.0, 0.0, 0
        for row in range(offsets[contract], offsets[contract + 1]):
            price, second = columns.price[row], columns.time_of_day[row] // 1_000_000_000
            now = (second - constants.shift) // constants.width
            if now == bar:
                high, low = max(high, price), min(low, price)
            else:
                if bar >= 0:
                    highs[whole % constants.bars] = high
                    lows[whole % constants.bars] = low
                    whole += 1
                bar, high, low = now, price, price
            if row == offsets[contract]:
                continue
            if whole >= constants.bars - constants.early:
                above, below = highs.max(), lows.min()
                if position == 0:
                    position = int(price > above or (constants.equal and price == above))
                elif price < below:
                    position = 0
            if second >= 55_200 and not constants.forgets_closing:
                position = 0
            wanted[row] = position


def kernel() -> KernelSpec:
    return array_kernel(
        "breakout", columns=("price",), clock=("time_of_day",), params=Params, loop=breakout
    )


def reference(ticks: Sequence[Any], params: Params) -> tuple[float, int]:
    """The same without the errors that ``params`` plant, written another way."""
    pnl, trades, held = 0.0, 0, 0
    bars: list[tuple[int, float, float]] = []
    for i, tick in enumerate(ticks):
        number = tick.time_of_day // SECOND // params.width
        if bars and bars[-1][0] == number:
            bars[-1] = (number, max(bars[-1][1], tick.price), min(bars[-1][2], tick.price))
        else:
            bars.append((number, tick.price, tick.price))
        if i == 0:
            continue
        pnl += held * (tick.price - ticks[i - 1].price)
        wanted, whole = held, bars[-BARS - 1 : -1]
        if len(whole) == BARS and held == 0 and tick.price > max(bar[1] for bar in whole):
            wanted = 1
        elif len(whole) == BARS and held == 1 and tick.price < min(bar[2] for bar in whole):
            wanted = 0
        if tick.time_of_day >= CLOSING * SECOND:
            wanted = 0
        trades += wanted > held
        held = wanted
    return pnl, trades


PLANTED = {
    "one bar too few": Params(bars=BARS - 1),
    "one bar too many": Params(bars=BARS + 1),
    "before ten bars are whole": Params(early=1),
    "bars that begin a second late": Params(shift=1),
    "at the highest price too": Params(equal=True),
    "held over the closing": Params(forgets_closing=True),
}


@pytest.mark.parametrize("width", [60, 300])
@pytest.mark.parametrize("params", PLANTED.values(), ids=list(PLANTED))
def test_an_error_in_a_breakout_over_ten_bars(params: Params, width: int) -> None:
    spec = kernel()
    ticks = session_ticks(spec.columns)
    with pytest.raises(AssertionError, match=r"(?s)(trades|profit) of contract .*of ticks \d+ to"):
        KIT.test_it_equals_its_reference_through_a_session(
            spec, reference, [params._replace(width=width)], ticks
        )


def test_a_sound_breakout_passes_and_trades() -> None:
    spec, sets = kernel(), [Params(), Params(width=300)]
    ticks = session_ticks(spec.columns)
    KIT.test_it_trades_through_a_session(spec, sets, ticks)
    KIT.test_it_equals_its_reference_through_a_session(spec, reference, sets, ticks)
    KIT.test_it_keeps_the_rules_through_a_session(spec, sets, ticks)


def test_hardly_a_trade_is_no_proof() -> None:
    spec = kernel()
    ticks = session_ticks(spec.columns)
    with pytest.raises(AssertionError, match=r"only 0 of 24 runs trade.*fixture 'ticks'"):
        KIT.test_it_trades_through_a_session(spec, [Params(width=3_000)], ticks)


def test_few_ticks_are_told_after_few_tries() -> None:
    ticks = session_ticks(("price",), ticks=5_000, contracts=1, seed=7)
    tries: list[int] = []

    def check(some: Any) -> None:
        tries.append(some.rows)
        stamps = some.columns["timestamp_ns"]
        assert not (len(stamps) > 3_000 and stamps[0] < stamps[-1]), "too long"

    first, end = fewest_ticks(ticks, check)
    assert end - first == 3_001
    assert len(tries) <= 2 * ticks.rows.bit_length()


def test_sessions_reach_from_the_opening_to_the_close_in_every_column() -> None:
    names = ("price", "bp0", "sp0", "bp4", "sq2", "volume", "vol_delta", "high", "low", "is_weekly")
    ticks = session_ticks(names)
    again = session_ticks(names)
    for name, column in ticks.columns.items():
        assert column.tobytes() == again.columns[name].tobytes(), name
        assert len(column) == ticks.rows > 30_000
    ordered: Callable[[Any], bool] = lambda stamps: bool((np.diff(stamps) >= 0).all())  # noqa: E731
    for number in range(len(ticks.offsets) - 1):
        stamps = ticks.contract(number).columns["timestamp_ns"]
        of_day = stamps // SECOND % 86_400
        assert ordered(stamps)
        assert of_day[0] < 9 * 3600 + 17 * 60
        assert of_day[-1] > 15 * 3600 + 28 * 60
    bid, ask = ticks.columns["bp0"], ticks.columns["sp0"]
    assert 0.9 < np.mean(ask > bid) < 1.0, "some are crossed or missing"
