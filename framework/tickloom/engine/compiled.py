"""Compiled kernels: loaded from the host's cache, or compiled into it, and called on slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.contract_results import TRADE_DTYPE, ContractFacts, ContractResults
from tickloom.engine.costs import CostTerms
from tickloom.engine.fills import FillModel
from tickloom.engine.variant import Variant, required_columns
from tickloom.specs.kernel import KernelSpec

__all__ = [
    "TRADE_DTYPE",
    "CompiledKernel",
    "ContractFacts",
    "ContractResults",
    "Variant",
    "load_kernel",
    "required_columns",
]


class CompiledKernel:
    """A kernel, compiled for one variant. Threads may share it; calls hold no GIL."""

    def __init__(self, spec: KernelSpec, variant: Variant, compile_seconds: float) -> None:
        self.spec = spec
        """The registry entry."""
        self.variant = variant
        """What the loop is specialised for."""
        self.compile_seconds = compile_seconds
        """How long compiling took, seconds; 0.0 when it came from the cache."""
        self.required_columns: tuple[str, ...] = required_columns(spec, variant)
        """The columns that a call takes, in this order."""
        self.needs_facts: bool = bool(spec.clock)
        """Whether a call needs ``facts``."""

    def __call__(
        self,
        params: Any,
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        *,
        facts: ContractFacts | None = None,
        fill: FillModel | None = None,
        costs: CostTerms | None = None,
    ) -> ContractResults:
        """Run over whole contracts.

        ``offsets`` is of shape (contracts + 1,): contract c owns rows ``offsets[c]`` up to
        ``offsets[c + 1]`` of every column (rows outside are not read). Columns are C-contiguous,
        read-only allowed, with the dtypes of the variant. ``fill`` and ``costs`` give the values
        of what the variant was compiled for.
        """
        raise NotImplementedError


def load_kernel(spec: KernelSpec, variant: Variant = Variant()) -> CompiledKernel:  # noqa: B008
    """``spec`` compiled for ``variant``: from the cache, or compiled and kept there."""
    raise NotImplementedError
