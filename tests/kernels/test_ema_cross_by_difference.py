"""Averages that move by their difference from the price are left alone by flat prices."""

from __future__ import annotations

import random

import numpy as np
import pytest
from tests.oracles.ema_cross import ema_cross
from tests.programs import needs_cc

from tickloom.engine.loading.kernel import load_kernel
from tickloom.engine.sweeping.kernel import load_sweep
from tickloom.host import get_host

NAMES = [
    "ema-cross",
    "ema-cross-features",
    "ema-cross-array",
    pytest.param("ema-cross-c", marks=needs_cc),
]


def rows(seed: int) -> list[tuple[float, float, float, int]]:
    """A price that moves for a while and then stays, again and again."""
    chance = random.Random(seed)
    found, price = [], 321.15
    for _ in range(60):
        for _ in range(chance.randrange(1, 9)):
            price = round(price + chance.choice([-0.35, -0.05, 0.05, 0.4]), 2)
            found.append(price)
        found += [price] * chance.randrange(40, 400)
    return [(price, price - 0.05, price + 0.05, 1) for price in found]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_the_oracle_of_either_formula(name: str) -> None:
    spec = get_host().kernels.get(name)
    ticks = rows(4)
    columns = [np.array(column) for column in zip(*ticks, strict=True)]
    columns[3] = columns[3].astype(np.int64)
    sets = [
        spec.params(fast=fast, by_difference=chosen) for chosen in (True, False) for fast in (3, 5)
    ]
    offsets = np.array([0, len(ticks)])
    swept = load_sweep(spec)(sets, offsets, columns)
    kernel = load_kernel(spec)
    trades = []
    for number, params in enumerate(sets):
        pnl, wanted, _ = ema_cross(ticks, *params)
        found = kernel(params, offsets, columns)
        assert found.trades[0] == wanted
        assert found.pnl[0] == pytest.approx(pnl, abs=1e-9)
        assert swept.trades[number, 0] == wanted
        assert swept.pnl[number].tobytes() == found.pnl.tobytes()
        trades.append(wanted)
    assert 0 < trades[0] < trades[2], "the documented formula trades rounding noise"
