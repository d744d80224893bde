"""What compiled code cannot say of an exception: the author's functions, run once more by the
interpreter over the contract in which they raised."""

from __future__ import annotations

import traceback
from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.columns.values import plain_values
from tickloom.engine.kernels.columns import clock_value
from tickloom.engine.kernels.constants import prepare_constants
from tickloom.engine.loading.code import DISABLE_JIT
from tickloom.engine.loading.failure import ROW, KernelFailedError
from tickloom.engine.loading.results import ContractFacts
from tickloom.engine.loops.whole_step import plain_step
from tickloom.specs.kernel import KernelSpec


def explained(
    failure: KernelFailedError,
    spec: KernelSpec,
    params: Any,
    columns: Mapping[str, NDArray[Any]],
    first: int,
    facts: ContractFacts | None,
) -> KernelFailedError:
    """``failure`` with the exception, its file, line and row, as far as the interpreter comes to
    it: what compiled code goes on from (a division by zero) and other fills' positions can lead
    elsewhere. ``columns`` are those of the contract, which begins at row ``first`` of the slice."""
    rows = np.flatnonzero(plain_values("price", columns["price"]) > 0.0)
    fields = _fields(spec, columns, rows, failure.contract, facts)
    constants = prepare_constants(spec, params)
    at: list[int] = []
    try:
        if spec.step is not None:
            _step_through(spec, fields, constants, at)
        elif spec.loop is not None:
            _loop_over(spec, fields, constants)
    except ArithmeticError:
        pass
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        told = f"{type(error).__name__}: {error}, at {frame.filename}, line {frame.lineno}"
        if at:
            row = first + int(rows[at[-1]])
            return failure.adding(f", row {ROW}: {told}", row)
        return failure.adding(f": {told}")
    return failure.adding(f"; run it with {DISABLE_JIT}=1 to see which, and the line")


def _fields(
    spec: KernelSpec,
    columns: Mapping[str, NDArray[Any]],
    rows: NDArray[np.int64],
    contract: int,
    facts: ContractFacts | None,
) -> dict[str, NDArray[Any]]:
    """The fields of the contract's ticks, each of shape (ticks,)."""
    plain = {name: plain_values(name, column)[rows] for name, column in columns.items()}
    fields = {name: plain[name] for name in spec.columns}
    for name in spec.clock:
        value = clock_value(
            name, plain.get("timestamp_ns"), lambda fact: getattr(facts, fact)[contract]
        )
        fields[name] = np.array(np.broadcast_to(value, len(rows)))
    return fields


def _step_through(
    spec: KernelSpec, fields: Mapping[str, NDArray[Any]], constants: Any, at: list[int]
) -> None:
    """Step from tick to tick; ``at`` ends with the number of the last one."""
    whole = plain_step(spec)
    state: Any = None
    position = 0
    for number, tick in enumerate(_ticks(fields)):
        at.append(number)
        if number == 0:
            state = whole.init(tick, constants)
        else:
            state, position = whole.step(state, tick, int(position), constants)


def _ticks(fields: Mapping[str, NDArray[Any]]) -> Iterator[Any]:
    record: Any = namedtuple("Tick", tuple(fields))  # type: ignore[misc]
    for values in zip(*(column.tolist() for column in fields.values()), strict=True):
        yield record(*values)


def _loop_over(spec: KernelSpec, fields: Mapping[str, NDArray[Any]], constants: Any) -> None:
    assert spec.loop is not None
    record: Any = namedtuple("Columns", tuple(fields))  # type: ignore[misc]
    arrays: Sequence[NDArray[Any]] = list(fields.values())
    offsets, wanted = np.array([0, len(arrays[0])]), np.zeros(len(arrays[0]), np.int32)
    with np.errstate(all="ignore"):
        spec.loop(offsets, record(*arrays), constants, wanted)
