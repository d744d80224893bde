"""Steps with features and gates, and each of them told again as one plain loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tickloom import Feature, Gate, step_kernel


class Params(NamedTuple):
    span: int = 5
    slow: int = 20
    size: int = 2
    most: int = 25
    open: bool = True


class Weight(NamedTuple):
    weight: float


class Trend(NamedTuple):
    mean: float
    ticks: int
    up: bool


class Held(NamedTuple):
    ticks: int
    best: float


def weight(span: int) -> Weight:
    return Weight(1.0 / span)


def start_trend(tick: Any, constants: Weight) -> Any:
    return Trend(0, 1, False)  # the int becomes a float at the second tick


def follow_trend(trend: Any, tick: Any, constants: Weight) -> Trend:
    mean = trend.mean + constants.weight * (tick.price - trend.mean)
    return Trend(mean, trend.ticks + 1, mean > trend.mean)


def start_mean(tick: Any, constants: Any) -> Any:
    return tick.price


def follow_mean(mean: Any, tick: Any, constants: Any) -> Any:
    return mean + (tick.price - mean) / constants.slow


def start_highest(tick: Any, constants: Any) -> Any:
    return tick.price


def follow_highest(highest: Any, tick: Any, constants: Any) -> Any:
    return max(highest, tick.price)


def quiet(tick: Any, limits: Any) -> bool:
    return limits.open and tick.volume % 100 <= limits.most


def never(tick: Any, limits: Any) -> bool:
    return False


def sized(tick: Any, position: int, constants: Params) -> int:
    if tick.trend.ticks < 3:
        return 0
    if tick.trend.up and tick.price > tick.mean:
        return constants.size
    if tick.price < 0.99 * tick.highest and not tick.trend.up:
        return -1 if position > 0 else -constants.size
    return 0 if tick.price == tick.mean else position


def start_held(tick: Any, constants: Params) -> Held:
    return Held(0, tick.highest)


def stopping(state: Held, tick: Any, position: int, constants: Params) -> tuple[Held, int]:
    """Leaves after ``span`` ticks: what it counts, it counts itself."""
    ticks = state.ticks + 1 if position != 0 else 0
    wanted = position
    if position == 0 and tick.price > tick.mean:
        wanted = 1
    elif ticks >= constants.span:
        wanted = 0
    return Held(ticks, max(state.best, tick.price)), wanted


def always(tick: Any, position: int, constants: Params) -> bool:
    return tick.price > 0


def restless(tick: Any, position: int, constants: Params) -> int:
    """Another size at nearly every tick; turns around after ten o'clock."""
    if constants.open and tick.time_of_day > 36_000_000_000_000:
        return -position if position else constants.size
    return tick.volume // 25 % (2 * constants.size + 1) - constants.size


def mean() -> Feature:
    return Feature(params=("slow",), init=start_mean, update=follow_mean)


TREND = Feature(params=("span",), prepare=weight, init=start_trend, update=follow_trend)
HIGHEST = Feature(init=start_highest, update=follow_highest)
QUIET = Gate(params=("most", "open"), allows=quiet)
COLUMNS = ("price", "volume")

SIZED = step_kernel(
    "declared-sized",
    columns=COLUMNS,
    params=Params,
    features={"trend": TREND, "mean": mean(), "highest": HIGHEST},
    gate=QUIET,
    step=sized,
    max_position=3,
)
STOPPING = step_kernel(
    "declared-stopping",
    columns=COLUMNS,
    params=Params,
    features={"mean": mean(), "highest": HIGHEST},
    gate=QUIET,
    init=start_held,
    step=stopping,
)
SHUT = step_kernel(
    "declared-shut", columns=COLUMNS, params=Params, gate=Gate(allows=never), step=always
)
RESTLESS = step_kernel(
    "declared-restless",
    columns=COLUMNS,
    params=Params,
    clock=("time_of_day",),
    step=restless,
    max_position=3,
)
KERNELS = (SIZED, STOPPING, SHUT)


def by_hand(name: str, ticks: Sequence[tuple[float, int]], params: Params) -> list[int]:
    """The wanted position at each usable tick of a contract, ``ticks`` of (price, volume)."""
    wanted, position = [0], 0
    price, _volume = ticks[0]
    trend, count, average, highest = 0.0, 1, price, price
    held = 0
    for price, volume in ticks[1:]:
        before = trend
        trend = trend + (1.0 / params.span) * (price - trend)
        count += 1
        average = average + (price - average) / params.slow
        highest = max(highest, price)
        now = position
        if name == "declared-sized":
            if count < 3:
                now = 0
            elif trend > before and price > average:
                now = params.size
            elif price < 0.99 * highest and not trend > before:
                now = -1 if position > 0 else -params.size
            elif price == average:
                now = 0
        elif name == "declared-stopping":
            held = held + 1 if position != 0 else 0
            if position == 0 and price > average:
                now = 1
            elif held >= params.span:
                now = 0
        else:
            now = 1
        shut = name == "declared-shut" or not (params.open and volume % 100 <= params.most)
        if position == 0 and shut:
            now = 0
        position = now
        wanted.append(now)
    return wanted


def booked(prices: Sequence[float], wanted: Sequence[int]) -> tuple[float, int]:
    """Profit and trades of positions taken at these prices; the rest is sold at the last."""
    cash, trades, held = 0.0, 0, 0
    for price, now in zip(prices, wanted, strict=True):
        trades += now != 0 and (held == 0 or (now > 0) != (held > 0))
        cash -= (now - held) * price
        held = now
    return cash + held * prices[-1], trades
