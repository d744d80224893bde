"""The strategy keeps the host's rules, and does what the plain loop does."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from acme_tickloom_momentum.kernel import Params, kernel
from reference import momentum

from tickloom import KernelSpec
from tickloom.testing import KernelTests


class TestMomentum(KernelTests):
    @pytest.fixture
    def kernel(self) -> KernelSpec:
        return kernel

    @pytest.fixture
    def reference(self) -> Callable[[Sequence[Any], Any], tuple[float, int]]:
        return momentum

    @pytest.fixture
    def parameter_sets(self) -> Sequence[Params]:
        return [
            Params(),
            Params(fast=2, slow=5, entry=0.0, max_spread=0.2),
            Params(fast=2, slow=5, entry=0.001, exit=0.0005, last_entry=33_310),
        ]
