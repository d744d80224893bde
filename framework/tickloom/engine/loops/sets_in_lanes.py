"""The source of a sweep loop for steps with a state of their own: many parameter sets at each row.

Sets go through the loop in lanes: blocks of a fixed number, so that the compiler knows the inner
loop's length and turns the author's step into vector instructions. Everything that a lane carries
lies in one array a field. Blocks that are not full repeat the last set.
"""

from __future__ import annotations

from typing import Final

from tickloom.engine.loops.accounting import sized_lines
from tickloom.engine.loops.entry import OUT_OF_BOUNDS
from tickloom.engine.loops.expressions import raw, tick, value
from tickloom.engine.loops.shape import LoopShape
from tickloom.engine.loops.text import Lines, indent

LANES: Final = 32
"""Sets in a block."""

FLOAT_SLOTS: Final = 2
"""Rows of the float64 scratch before the state's: entry price, profit."""

INT_SLOTS: Final = 2
"""Rows of the int64 scratch before the state's: position, trades."""

STATE_SLOTS: Final = 62
"""Most fields of one type in a state that a sweep can carry."""

SWEEP_ARGUMENTS: Final = (
    "contracts",
    "offsets",
    "expiry_day",
    "strike",
    "is_call",
    "blocks",
    "constants_f",
    "constants_i",
    "bound",
    "scratch_f",
    "scratch_i",
    "pnl",
    "trades",
    "skipped",
)
"""Arguments of every sweep loop, before its columns."""


def sweep_source(shape: LoopShape) -> str:
    """The module text that defines ``loop``; ``init``, ``step``, ``Tick``, ``settle``,
    ``Constants``, ``load_state`` and ``store_state`` are put into its namespace."""
    out = Lines()
    names = ", ".join((*SWEEP_ARGUMENTS, *(f"at_{name}" for name in shape.columns)))
    out.add(0, f"def loop({names}):")
    out.add(1, "highest = 0", "lowest = 0", "for contract in range(contracts):")
    out.add(2, "first = offsets[contract]", "last = offsets[contract + 1] - 1", "ignored = 0")
    out.add(2, f"while first <= last and not {raw(shape, 'price', 'first')} > 0:")
    out.add(3, "ignored += 1", "first += 1")
    out.add(2, f"while first <= last and not {raw(shape, 'price', 'last')} > 0:")
    out.add(3, "ignored += 1", "last -= 1")
    out.add(2, "for block in range(blocks):")
    _block(out, shape)
    out.add(2, "skipped[contract] = ignored")
    out.add(1, "return 0")
    return out.text()


def _block(out: Lines, shape: LoopShape) -> None:
    fields = len(shape.constants)
    out.add(3, f"record = block * {fields * LANES}", f"set_0 = block * {LANES}", "row = first")
    out.add(3, "missing = 0")
    out.add(
        3, "if row <= last:", f"    price = {value(shape, 'price')}", f"    tick = {tick(shape)}"
    )
    out.add(4, f"for lane in range({LANES}):")
    out.add(5, f"constants = Constants({_constants(shape)})")
    out.add(5, "store_state(scratch_f, scratch_i, lane, settle(init(tick, constants)))")
    out.add(5, *_store({"entry": "0.0", "gross": "0.0", "position": "0", "traded": "0"}))
    out.add(4, "while row < last:", "    row += 1")
    out.add(5, f"if not {raw(shape, 'price')} > 0:", "    missing += 1", "    continue")
    out.add(5, f"price = {value(shape, 'price')}", f"tick = {tick(shape)}")
    out.add(5, f"for lane in range({LANES}):", *indent(_lane(shape)))
    # Before the next row: no step is shown a position that is out of bounds.
    out.add(5, "if highest > bound or lowest < -bound:", f"    return {OUT_OF_BOUNDS}")
    out.add(4, f"for lane in range({LANES}):", *indent(_finish(shape)))
    out.add(3, "ignored += missing if block == 0 else 0")


def _lane(shape: LoopShape) -> list[str]:
    settled = (
        [
            "changed = target != position",
            "gross = gross + position * (price - entry) if changed else gross",
            "entry = price if changed else entry",
            "traded += 1 if changed and target != 0 else 0",
            "position = target",
        ]
        if shape.one
        else ["quote = price", "if target != position:", *indent(sized_lines())]
    )
    return [
        *_load(),
        f"constants = Constants({_constants(shape)})",
        "state = load_state(scratch_f, scratch_i, lane)",
        "state, wanted = step(state, tick, position, constants)",
        "target = signed(wanted)",
        "highest = max(highest, target)",
        "lowest = min(lowest, target)",
        "store_state(scratch_f, scratch_i, lane, state)",
        *settled,
        *_store({name: name for name in ("entry", "gross", "position", "traded")}),
    ]


def _finish(shape: LoopShape) -> list[str]:
    out = "(set_0 + lane) * contracts + contract"
    return [
        *_load(),
        "if position != 0:",
        "    gross += position * (price - entry)",
        f"pnl[{out}] = gross",
        f"trades[{out}] = traded",
    ]


def _load() -> list[str]:
    return [
        "entry = scratch_f[lane]",
        f"gross = scratch_f[{LANES} + lane]",
        "position = scratch_i[lane]",
        f"traded = scratch_i[{LANES} + lane]",
    ]


def _store(values: dict[str, str]) -> list[str]:
    return [
        f"scratch_f[lane] = {values['entry']}",
        f"scratch_f[{LANES} + lane] = {values['gross']}",
        f"scratch_i[lane] = {values['position']}",
        f"scratch_i[{LANES} + lane] = {values['traded']}",
    ]


def _constants(shape: LoopShape) -> str:
    slots = {
        float: "constants_f[record + {0} + lane]",
        int: "constants_i[record + {0} + lane]",
        bool: "constants_i[record + {0} + lane] != 0",
    }
    return ", ".join(slots[kind].format(slot * LANES) for slot, kind in enumerate(shape.constants))
