"""The built-in kernels pass the kit that everybody's must pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.oracles.ema_cross import ema_cross
from tests.oracles.strategies import account, book_imbalance, long_short_ema, mean_reversion
from tests.programs import needs_cc

from tickloom import KernelSpec
from tickloom.host import get_host
from tickloom.testing import KernelTests
from tickloom.testing.kernels import Reference


def ema_cross_reference(ticks: Sequence[Any], params: Any) -> tuple[float, int]:
    rows = [(tick.price, tick.bp0, tick.sp0, tick.volume) for tick in ticks]
    pnl, trades, _ = ema_cross(rows, *params)
    return pnl, trades


class TestEmaCross(KernelTests):
    name = "ema-cross"

    @pytest.fixture
    def kernel(self) -> KernelSpec:
        return get_host().kernels.get(self.name)

    @pytest.fixture
    def reference(self) -> Reference:
        return ema_cross_reference

    @pytest.fixture
    def parameter_sets(self, kernel: KernelSpec) -> Sequence[Any]:
        return [
            kernel.params(),
            kernel.params(fast=2, slow=5, max_spread=0.01, min_volume=25),
            kernel.params(fast=3, max_spread=0.01, by_difference=True),
        ]


class TestEmaCrossFeatures(TestEmaCross):
    name = "ema-cross-features"


class TestEmaCrossArray(TestEmaCross):
    name = "ema-cross-array"


@needs_cc
class TestEmaCrossC(TestEmaCross):
    name = "ema-cross-c"


class TestEmaCrossShort(KernelTests):
    @pytest.fixture
    def kernel(self) -> KernelSpec:
        return get_host().kernels.get("ema-cross-short")

    @pytest.fixture
    def reference(self) -> Reference:
        return lambda ticks, params: account(
            [tick.price for tick in ticks], long_short_ema([tick.price for tick in ticks], *params)
        )

    @pytest.fixture
    def parameter_sets(self, kernel: KernelSpec) -> Sequence[Any]:
        return [kernel.params(), kernel.params(fast=2, slow=4, band=0.0, size=7)]


class TestMeanReversion(KernelTests):
    @pytest.fixture
    def kernel(self) -> KernelSpec:
        return get_host().kernels.get("mean-reversion")

    @pytest.fixture
    def reference(self) -> Reference:
        return lambda ticks, params: account(
            [tick.price for tick in ticks], mean_reversion([tick.price for tick in ticks], *params)
        )

    @pytest.fixture
    def parameter_sets(self, kernel: KernelSpec) -> Sequence[Any]:
        return [kernel.params(), kernel.params(span=9, entry=1.5, warm_up=3)]


class TestBookImbalance(KernelTests):
    @pytest.fixture
    def kernel(self) -> KernelSpec:
        return get_host().kernels.get("book-imbalance")

    @pytest.fixture
    def reference(self) -> Reference:
        return lambda ticks, params: account(
            [tick.price for tick in ticks], book_imbalance(ticks, *params)
        )


class TestBuyAndHold(KernelTests):
    @pytest.fixture
    def kernel(self) -> KernelSpec:
        return get_host().kernels.get("buy-and-hold")

    @pytest.fixture
    def reference(self) -> Reference:
        return lambda ticks, params: account(
            [tick.price for tick in ticks], [params.size] * len(ticks)
        )

    @pytest.fixture
    def parameter_sets(self, kernel: KernelSpec) -> Sequence[Any]:
        return [kernel.params(), kernel.params(size=-3), kernel.params(size=0)]
