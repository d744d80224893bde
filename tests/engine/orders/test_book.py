from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from tickloom.engine.orders.book import walk

LOTS = st.sampled_from([1.0, 15.0, 75.0, 0.1, 2.5, 1e-3]) | st.floats(0.01, 1e4)
LEVELS = st.lists(
    st.tuples(
        st.sampled_from([math.nan, 0.0, -1.0]) | st.integers(1, 10**7).map(lambda n: n / 100),
        st.integers(-100, 300) | st.integers(0, 2**50),
    ),
    min_size=5,
    max_size=5,
)


@settings(derandomize=True)
@given(size=st.integers(1, 10**6), lot=LOTS, levels=LEVELS)
def test_walk_takes_whole_contracts_from_the_best_level_on(
    size: int, lot: float, levels: list[tuple[float, int]]
) -> None:
    filled, value, worst = 0, 0.0, math.nan
    for price, quantity in levels:
        taken = min(int(quantity // lot), size - filled)
        if price > 0.0 and taken > 0:
            filled, value, worst = filled + taken, value + taken * price, price
    found = walk(size, lot, *(tuple(side) for side in zip(*levels, strict=True)))
    assert found[:2] == (filled, value)
    assert found[2] == worst or (math.isnan(worst) and math.isnan(found[2]))
