"""``ema-cross`` does what the documented strategy does, to the last bit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.engine.tick_slices import in_pieces, random_slice
from tests.oracles.ema_cross import ema_cross

from tickloom.engine.loading.kernel import FillModel, Variant, load_kernel
from tickloom.engine.loops.entry import DECODED_ROWS
from tickloom.engine.sweeping.kernel import load_sweep
from tickloom_kernels.ema_cross import KERNEL, Params

NAMES = ("price", "bp0", "sp0", "volume")


@pytest.mark.parametrize("seed", range(8))
def test_equals_the_documented_loop(seed: int) -> None:
    ticks = random_slice(seed, (400, 1, 2, 0, 57, 3, 1200))
    kernel = load_kernel(KERNEL)
    results = kernel(Params(), ticks.offsets, ticks.arrays(kernel.required_columns))
    expected = [ema_cross(ticks.rows(c, NAMES)) for c in range(ticks.contracts)]
    found = zip(results.pnl, results.trades, results.skipped, strict=True)
    assert [tuple(x.item() for x in row) for row in found] == expected
    assert results.trades.sum() > 0, f"seed {seed} trades nothing"


def test_parameters_reach_the_loop() -> None:
    ticks = random_slice(11, (900, 300))
    kernel = load_kernel(KERNEL)
    params = Params(fast=3, slow=40, max_spread=0.01, min_volume=500)
    results = kernel(params, ticks.offsets, ticks.arrays(kernel.required_columns))
    expected = [ema_cross(ticks.rows(c, NAMES), 3, 40, 0.01, 500) for c in range(2)]
    assert results.pnl.tolist() == [pnl for pnl, _, _ in expected]
    assert results.trades.tolist() == [trades for _, trades, _ in expected]


def test_an_entry_at_the_last_tick_counts_and_earns_nothing() -> None:
    prices = np.array([10.0, 10.0, 11.0])
    quotes = [prices, prices * 0.9999, prices * 1.0001, np.array([1, 1, 1])]
    results = load_kernel(KERNEL)(Params(), np.array([0, 3]), quotes)
    assert (results.trades.item(), results.pnl.item()) == (1, 0.0)


def test_the_first_tick_never_trades() -> None:
    price = np.array([math.nan, 5.0])
    quotes = [price, price * 0.9999, price * 1.0001, np.array([1, 1])]
    results = load_kernel(KERNEL)(Params(), np.array([0, 2]), quotes)
    assert (results.trades.item(), results.skipped.item()) == (0, 1)


def test_read_only_columns_are_taken_and_untouched() -> None:
    ticks = random_slice(3, (200, 100))
    kernel = load_kernel(KERNEL)
    columns = ticks.arrays(kernel.required_columns)
    before = [column.copy() for column in columns]
    for column in columns:
        column.flags.writeable = False
    kernel(Params(), ticks.offsets, columns)
    for column, copy in zip(columns, before, strict=True):
        np.testing.assert_array_equal(column, copy)


def test_hundredths_give_the_same_bits() -> None:
    ticks = random_slice(5, (300, 1, DECODED_ROWS + 1, 1100, 5), gaps=0.1)
    for name in ("price", "bp0", "sp0"):
        ticks.columns[name] = np.round(ticks.columns[name], 2)
    # Prices are decoded so many at a time, from wherever the block before ended.
    for edge in range(DECODED_ROWS, len(ticks.columns["price"]), DECODED_ROWS):
        ticks.columns["price"][edge - 2 : edge + 2] = np.nan
    ticks.hide_ends()
    plain = load_kernel(KERNEL)
    expected = plain(Params(), ticks.offsets, ticks.arrays(plain.required_columns))
    narrow = load_kernel(KERNEL, Variant(dtypes=("int32", "int32", "int32", "int32")))
    columns = [_hundredths(ticks.columns[name]) for name in ("price", "bp0", "sp0")]
    columns.append(ticks.columns["volume"].astype(np.int32))
    for cuts in ([], [DECODED_ROWS], *ticks.cuts()):
        pieces = in_pieces(columns, cuts)
        found = narrow(Params(), ticks.offsets, pieces)
        assert found.pnl.tobytes() == expected.pnl.tobytes()
        assert found.trades.tolist() == expected.trades.tolist()
        assert found.skipped.tolist() == expected.skipped.tolist()
    assert expected.trades.sum() > 0


@pytest.mark.parametrize("fill", [FillModel(), FillModel(mode="touch")], ids=repr)
def test_any_stored_types_give_the_same_bits(fill: FillModel) -> None:
    """Types that no loop was built for are decoded first, and compile nothing."""
    ticks = random_slice(6, (300, 500), gaps=0.1)
    for name in ("price", "bp0", "sp0"):
        ticks.columns[name] = np.round(ticks.columns[name], 2)
    plain = load_kernel(KERNEL, Variant.of(fill))
    expected = plain(Params(), ticks.offsets, ticks.arrays(NAMES), fill=fill)
    stored = [_hundredths(ticks.columns[name]) for name in ("price", "bp0")]
    stored += [ticks.columns["sp0"], ticks.columns["volume"].astype(np.int16)]
    variant = Variant.of(fill, dtypes=[column.dtype.name for column in stored])
    mixed = load_kernel(KERNEL, variant)
    assert mixed.compile_seconds == 0
    for cuts in ([], *ticks.cuts()):
        pieces = in_pieces(stored, cuts)
        found = mixed(Params(), ticks.offsets, pieces, fill=fill)
        assert found.pnl.tobytes() == expected.pnl.tobytes()
        assert found.trades.tolist() == expected.trades.tolist()
    assert expected.trades.sum() > 0
    swept = load_sweep(KERNEL, variant)([Params()] * 9, ticks.offsets, stored, fill=fill)
    assert swept.pnl[8].tobytes() == expected.pnl.tobytes()


def _hundredths(values: np.ndarray) -> np.ndarray:
    lowest = np.iinfo(np.int32).min
    return np.where(np.isnan(values), lowest, np.round(np.nan_to_num(values) * 100)).astype(
        np.int32
    )
