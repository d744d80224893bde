"""Kernels that the interpreter runs: the host's very loops around the author's own functions."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.loading.author_loop import AuthorLoop, WantedRunner, load_author_loop
from tickloom.engine.loading.code import InterpretedCode
from tickloom.engine.loading.loop import Loop
from tickloom.engine.loading.plans import (
    step_shape,
    wanted_shape,
)
from tickloom.engine.loops import stepless
from tickloom.engine.loops.access import as_it_is
from tickloom.engine.loops.entry import RUN_ARGUMENTS
from tickloom.engine.loops.interpreted import constants_in, interpreted_access
from tickloom.engine.loops.one_set import make_loop
from tickloom.engine.loops.whole_step import full_tick, plain_step
from tickloom.errors import PluginError


def interpreted_loop(kernel: Specialised, *, pairs: bool = False) -> Loop:
    """The loop around the kernel's step. ``pairs``: two contracts side by side where compiled
    code does that; otherwise they come in order, as who follows them in a debugger expects."""
    whole, shape = plain_step(kernel.spec), step_shape(kernel)
    access = interpreted_access(shape, kernel.layout.record)
    loop = make_loop(
        as_it_is,
        whole.init,
        whole.step,
        as_it_is,
        access,
        shape,
        pairs=pairs and shape.side_by_side,
    )
    return Loop(kernel, InterpretedCode(kernel.spec.name, loop, RUN_ARGUMENTS))


def interpreted_runner(kernel: Specialised) -> WantedRunner:
    """An array kernel's loop, or a native one's, which stays machine code, and the accounting."""
    shape = wanted_shape(kernel)
    access = interpreted_access(shape, stepless.NoConstants)
    loop = make_loop(as_it_is, *stepless.FUNCTIONS, access, shape)
    accounting = Loop(kernel, InterpretedCode(kernel.spec.name, loop, RUN_ARGUMENTS))
    native = kernel.spec.kind == "native"
    author = load_author_loop(kernel)[0] if native else _author_loop(kernel)
    return WantedRunner(kernel, author, accounting)


def _author_loop(kernel: Specialised) -> AuthorLoop:
    spec, layout = kernel.spec, kernel.layout
    author = getattr(spec.loop, "py_func", spec.loop)
    assert author is not None
    constants_at = constants_in(layout.record, layout.kinds)
    record = full_tick(spec.columns + spec.clock)

    def call(
        offsets: NDArray[np.int64],
        fields: list[NDArray[Any]],
        constants: NDArray[np.float64],
        wanted: NDArray[np.int32],
    ) -> int:
        made = constants_at(constants.tolist(), constants.view(np.int64).tolist(), 0)
        try:
            author(_read_only(offsets), record(*map(_read_only, fields)), made, wanted)
        except Exception as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            raise PluginError(
                f"kernel {spec.name!r}: its loop raised {type(error).__name__} ({error}) at "
                f"{at.filename}, line {at.lineno}"
            ) from error
        return 0

    return call


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view
