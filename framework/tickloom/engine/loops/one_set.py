"""The loop over one parameter set that serves a variant."""

from __future__ import annotations

from tickloom.engine.loops.access import Access, Fn, Jit
from tickloom.engine.loops.full import make_full
from tickloom.engine.loops.plain import make_plain
from tickloom.engine.loops.shape import LoopShape


def make_loop(
    jit: Jit,
    init: Fn,
    step: Fn,
    widen: Fn,
    access: Access,
    shape: LoopShape,
    *,
    pairs: bool | None = None,
) -> Fn:
    """``loop`` of the arguments :data:`~tickloom.engine.loops.entry.RUN_ARGUMENTS`.

    ``init(tick, constants)`` and ``step(state, tick, position, constants)`` are the whole step's;
    ``widen`` brings what ``init`` returns to the type that the state has at later ticks.
    ``pairs`` overrules whether a plain loop runs two contracts side by side.
    """
    variant = shape.variant
    if variant.plain:
        return make_plain(
            jit=jit,
            init=init,
            step=step,
            widen=widen,
            access=access,
            one=shape.one,
            pairs=shape.side_by_side if pairs is None else pairs,
            checked=variant.checked,
        )
    return make_full(
        jit=jit,
        init=init,
        step=step,
        widen=widen,
        access=access,
        fill=variant.fill,
        delayed=variant.latency != "none",
        checked=variant.checked,
    )
