"""The lines of a loop that turn wanted positions into fills, and fills into profit.

A fill changes ``position`` (contracts, signed), ``entry`` (average price of what is held) and
``gross`` (profit before costs). Where a position can only be -1, 0 or 1 and nothing is charged or
logged, that is four lines without a branch inside; otherwise an order has a closing and an opening
leg.
"""

from __future__ import annotations

from typing import Final

from tickloom.engine.kernels.variant import Variant
from tickloom.engine.loops.text import indent

LATENCY, STALE, BOUND, BY_TICKS, TIMED = range(5)
"""Slots of ``fill_values``, int64: ticks or nanoseconds; nanoseconds; contracts; is the latency
in ticks; is there a column of times."""

PER_ORDER, PER_CONTRACT, BUY_RATE, SELL_RATE = range(4)
"""Slots of ``terms``, float64: the fields of ``CostTerms`` after the multiplier."""

ROW, WANTED, LOGGED = range(1, 4)
"""Slots of ``place``, int64, after the contract: where a loop stopped, and the trades logged."""

ENTRY: Final = "tickloom_entry"
"""Symbol of the C entry point in every object."""

OK, OUT_OF_BOUNDS, LOG_FULL, RAISED = range(4)
"""What a loop returns."""

LEVELS: Final = range(5)


def reset_lines(variant: Variant) -> list[str]:
    """What a contract starts with."""
    lines = ["position = 0", "entry = 0.0", "gross = 0.0", "trades = 0"]
    if variant.costs:
        lines += ["paid = 0.0", "lot = multiplier[contract]"]
    if variant.fill != "last":
        lines += ["unfilled = 0", "partial = 0"]
    if variant.latency != "none":
        lines += ["target = 0", "sent = 0", "head = 0", "tail = 0", "now = 0"]
    if variant.logged:
        lines += ["trade_gross = 0.0", "trade_paid = 0.0", "entry_row = 0", "peak = 0"]
        lines += ["opened = 0", "opened_value = 0.0", "closed = 0", "closed_value = 0.0"]
    return lines


def tick_lines(variant: Variant, one: bool, decide: list[str], quotes: dict[str, str]) -> list[str]:
    """What happens at each tick but a contract's first: orders arrive and fill, the step decides.

    ``decide`` are the lines that set ``wanted``, ``quotes`` the expression of each column.
    """
    lines = stamp_lines(quotes) if variant.timed else []
    lines += _freshness(quotes) if variant.stale else []
    if variant.latency == "none":
        attempt = ["target = signed(wanted)", *_check_bound(), *_fill(variant, one, quotes)]
        return [*lines, *decide, "if wanted != position:", *indent(attempt)]
    lines += _arrivals()
    lines += ["if target != position:", *indent(_fill(variant, one, quotes))]
    return [*lines, *decide, "if wanted != sent:", *indent(_send())]


def close_lines(variant: Variant, one: bool, quotes: dict[str, str]) -> list[str]:
    """What happens to a position at a contract's last tick, after that tick's own orders."""
    lines = ["target = 0"] if variant.fill != "depth" else ["delta = -position"]
    if variant.fill == "last":
        lines.append("quote = price")
    elif variant.fill == "touch":
        lines += [f"quote = {_touch(variant, '-position', quotes)}"]
        lines += ["if not quote > 0.0:", "    unfilled += 1", "    quote = price"]
    else:
        lines += [*_walk(variant, quotes), "if filled < abs(delta):", "    partial += 1"]
        lines += ["    missing = abs(delta) - filled"]
        lines += ["    value += missing * worse(delta, worst, price)"]
        lines += ["quote = value / abs(delta)"]
    return ["if position != 0:", *indent([*lines, *_settle(variant, one)])]


def result_lines(variant: Variant) -> list[str]:
    """Write a contract's results."""
    lines = ["outcomes[contract] = gross - paid" if variant.costs else "outcomes[contract] = gross"]
    lines.append("counts[contract] = trades")
    if variant.costs:
        lines.append("outcomes[contract + contracts] = paid")
    if variant.fill != "last":
        lines += ["counts[contract + 2 * contracts] = unfilled"]
        lines += ["counts[contract + 3 * contracts] = partial"]
    return lines


def _check_bound() -> list[str]:
    return [
        f"if target > fill_values[{BOUND}] or target < -fill_values[{BOUND}]:",
        f"    place[{ROW}] = row",
        f"    place[{WANTED}] = target",
        f"    return {OUT_OF_BOUNDS}",
    ]


def _freshness(quotes: dict[str, str]) -> list[str]:
    return [
        f"bid = {quotes['bp0']}",
        f"ask = {quotes['sp0']}",
        "if bid != seen_bid or ask != seen_ask:",
        "    seen_bid = bid",
        "    seen_ask = ask",
        "    quoted_at = stamp",
        f"fresh = stamp - quoted_at <= fill_values[{STALE}]",
    ]


def stamp_lines(quotes: dict[str, str]) -> list[str]:
    """Set ``stamp``, nanoseconds; 0 in a run that does not look at times."""
    return [f"stamp = {quotes['timestamp_ns']} if fill_values[{TIMED}] != 0 else 0"]


def _arrivals() -> list[str]:
    return [
        f"now = now + 1 if fill_values[{BY_TICKS}] != 0 else stamp",
        "while head < tail and queue[2 * head] <= now:",
        "    target = queue[2 * head + 1]",
        "    head += 1",
    ]


def _send() -> list[str]:
    bound = [line.replace("target", "signed(wanted)") for line in _check_bound()]
    return [
        *bound,
        f"queue[2 * tail] = now + fill_values[{LATENCY}]",
        "queue[2 * tail + 1] = signed(wanted)",
        "tail += 1",
        "sent = signed(wanted)",
    ]


def _fill(variant: Variant, one: bool, quotes: dict[str, str]) -> list[str]:
    """Fill what separates ``position`` from ``target``, as far as the quotes allow."""
    if variant.fill == "last":
        return ["quote = price", *_settle(variant, one)]
    if variant.fill == "touch":
        filled = ["if quote > 0.0:", *indent(_settle(variant, one)), "else:", "    unfilled += 1"]
        return [f"quote = {_touch(variant, 'target - position', quotes)}", *filled]
    return [
        "delta = target - position",
        *_walk(variant, quotes),
        "if filled == 0:",
        "    unfilled += 1",
        "else:",
        "    if filled < abs(delta):",
        "        partial += 1",
        "        delta = filled if delta > 0 else -filled",
        "    quote = value / filled",
        *indent(_settle(variant, one)),
    ]


def _touch(variant: Variant, delta: str, quotes: dict[str, str]) -> str:
    touch = f"touch_price({delta}, {quotes['bp0']}, {quotes['sp0']})"
    return f"{touch} if fresh else NAN" if variant.stale else touch


def _walk(variant: Variant, quotes: dict[str, str]) -> list[str]:
    lot = "lot" if variant.costs else "1.0"
    book = {
        side: ", ".join(quotes[f"{side}{level}"] for level in LEVELS)
        for side in ("bp", "bq", "sp", "sq")
    }
    usable = f"not crossed({quotes['bp0']}, {quotes['sp0']})"
    if variant.stale:
        usable = f"fresh and {usable}"
    return [
        "filled = 0",
        "value = 0.0",
        "worst = NAN",
        f"if {usable}:",
        f"    prices = ({book['sp']}) if delta > 0 else ({book['bp']})",
        f"    quantities = ({book['sq']}) if delta > 0 else ({book['bq']})",
        f"    filled, value, worst = walk(abs(delta), {lot}, prices, quantities)",
    ]


def _settle(variant: Variant, one: bool) -> list[str]:
    """Book a fill at ``quote``: to ``target`` (last, touch) or by ``delta`` (depth)."""
    if one and variant.fill != "depth" and not (variant.costs or variant.logged):
        return [
            "gross += position * (quote - entry)",
            "entry = quote",
            "position = target",
            "trades += 1 if target != 0 else 0",
        ]
    lines = [] if variant.fill == "depth" else ["delta = target - position"]
    if variant.costs:
        lines.append(f"fee = terms[{PER_ORDER}]")
        lines.append(f"rate = terms[{BUY_RATE}] if delta > 0 else terms[{SELL_RATE}]")
    lines += ["if position != 0 and (position > 0) != (delta > 0):", *indent(_closing(variant))]
    return [*lines, "if delta != 0:", *indent(_opening(variant))]


def sized_lines() -> list[str]:
    """Book a fill of any size at ``quote``, to ``target``, without costs or log."""
    plain = Variant()
    return [
        "delta = target - position",
        "if position != 0 and (position > 0) != (delta > 0):",
        *indent(_closing(plain)),
        "if delta != 0:",
        *indent([line.replace("trades += 1", "traded += 1") for line in _opening(plain)]),
    ]


def _closing(variant: Variant) -> list[str]:
    gain = "leaving * (quote - entry)" + (" * lot" if variant.costs else "")
    lines = [
        "leaving = min(abs(delta), abs(position))",
        "leaving = leaving if position > 0 else -leaving",
        f"gain = {gain}",
        "gross += gain",
    ]
    if variant.costs:
        lines += [*_charge(variant, "abs(leaving)"), "fee = 0.0"]
    if variant.logged:
        lines += ["trade_gross += gain", "closed += abs(leaving)"]
        lines += ["closed_value += quote * abs(leaving)"]
    lines += ["position -= leaving", "delta += leaving"]
    if variant.logged:
        lines += ["if position == 0:", *indent(_log_trade())]
    return lines


def _opening(variant: Variant) -> list[str]:
    lines = ["if position == 0:", "    trades += 1", "    entry = quote"]
    if variant.logged:
        lines += ["    entry_row = row"]
    lines += ["else:", "    held = entry * abs(position) + quote * abs(delta)"]
    lines += ["    entry = held / abs(position + delta)", "position += delta"]
    if variant.costs:
        lines += _charge(variant, "abs(delta)")
    if variant.logged:
        lines += ["opened += abs(delta)", "opened_value += quote * abs(delta)"]
        lines += ["peak = position if abs(position) > abs(peak) else peak"]
    return lines


def _charge(variant: Variant, size: str) -> list[str]:
    lines = [
        f"fee += terms[{PER_CONTRACT}] * {size}",
        f"fee += rate * (quote * {size} * lot)",
        "paid += fee",
    ]
    return [*lines, "trade_paid += fee"] if variant.logged else lines


def _log_trade() -> list[str]:
    written = [
        f"logged = place[{LOGGED}]",
        "if logged >= log_capacity:",
        f"    return {LOG_FULL}",
        "log_i[4 * logged] = contract",
        "log_i[4 * logged + 1] = entry_row",
        "log_i[4 * logged + 2] = row",
        "log_i[4 * logged + 3] = peak",
        "log_f[4 * logged] = opened_value / opened",
        "log_f[4 * logged + 1] = closed_value / closed",
        "log_f[4 * logged + 2] = trade_gross - trade_paid",
        "log_f[4 * logged + 3] = trade_paid",
        f"place[{LOGGED}] = logged + 1",
    ]
    return [
        "if log_capacity >= 0:",
        *indent(written),
        "trade_gross = 0.0",
        "trade_paid = 0.0",
        "opened = 0",
        "opened_value = 0.0",
        "closed = 0",
        "closed_value = 0.0",
        "peak = 0",
    ]
