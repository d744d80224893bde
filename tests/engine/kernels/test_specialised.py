from __future__ import annotations

import pickle
from typing import NamedTuple

import numpy as np

from tickloom import step_kernel
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.kernels.variant import Variant

PREPARED = np.zeros(1, np.int64)


class Params(NamedTuple):
    span: int = 3


def prepare(params: Params) -> Params:
    PREPARED[0] += 1
    return params


def step(state: float, tick: Params, position: int, constants: Params) -> tuple[float, int]:
    return state, position


def init(tick: Params, constants: Params) -> float:
    return 0.0


SPEC = step_kernel(
    "counts", columns=("price",), params=Params, prepare=prepare, init=init, step=step
)


def test_a_worker_makes_it_once_however_often_it_is_sent() -> None:
    sent = pickle.dumps(Specialised.of(SPEC, Variant(fill="touch")))
    before = int(PREPARED[0])
    found = [pickle.loads(sent) for _ in range(3)]
    assert PREPARED[0] == before + 1
    assert found[0] is found[1] is found[2]
    assert found[0].columns == ("price", "bp0", "sp0")
