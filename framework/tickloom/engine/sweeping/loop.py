"""Calls a compiled loop over many parameter sets: what all such loops are given and give back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.columns.chunks import Chunks
from tickloom.engine.loading.checks import check_facts, check_slice
from tickloom.engine.loading.code import LoopCode
from tickloom.engine.loading.kernel import CompiledKernel
from tickloom.engine.loading.results import ContractFacts
from tickloom.engine.loops.entry import OK
from tickloom.engine.orders import CostTerms, FillModel
from tickloom.engine.sweeping.one_by_one import Repeated, SweepResults

_NOTHING: Final = np.zeros(1, np.int64)


class SweepLoop:
    """A loop over the sets of a sweep. Threads may share it."""

    def __init__(self, kernel: CompiledKernel, code: LoopCode) -> None:
        self._spec = kernel.spec
        self._code = code
        self._names = kernel.required_columns
        self._dtypes = kernel.kernel.dtypes

    def check(
        self,
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        facts: ContractFacts | None,
        fill: FillModel | None,
        costs: CostTerms | None,
    ) -> None:
        """Raise :class:`ValueError` unless the loop can be called so."""
        if costs is not None or (fill or FillModel()) != FillModel():
            raise ValueError("compiled for plain fills without costs; ask load_sweep for a variant")
        check_slice(offsets, Chunks.whole(columns), self._names, self._dtypes)
        check_facts(facts, len(offsets) - 1, bool(self._spec.clock))

    def __call__(
        self,
        given: Mapping[str, int | NDArray[Any]],
        sets: int,
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        facts: ContractFacts | None,
    ) -> SweepResults | None:
        """Run ``sets`` parameter sets over a slice that was checked; ``given`` are the arguments of
        this loop alone. None where one of them fails: which one, and where, only runs can tell."""
        contracts, pieces = len(offsets) - 1, Chunks.whole(columns)
        results = SweepResults.zeros(sets, contracts)
        every: dict[str, int | NDArray[Any]] = {
            **given,
            "contracts": contracts,
            "bound": self._spec.max_position,
            "offsets": offsets,
            "expiry_day": facts.expiry_day if facts else _NOTHING,
            "strike": facts.strike if facts else _NOTHING,
            "is_call": facts.is_call if facts else _NOTHING,
            "pnl": results.pnl,
            "trades": results.trades,
            "skipped": results.skipped,
            "tables": self._code.tables(pieces, range(len(columns))),
            "pieces": 1,
        }
        status = self._code(every)
        return results if status == OK else None


class OnePass(ABC):
    """A sweep loop that takes many sets through the rows at once."""

    few: ClassVar[int]
    """Sets that are quicker run one by one."""

    def __init__(self, kernel: CompiledKernel, code: LoopCode) -> None:
        self._spec = kernel.spec
        self._alone = Repeated(kernel)
        self._layout = kernel.kernel.layout
        self._loop = SweepLoop(kernel, code)

    def __call__(
        self,
        params: Sequence[Any],
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        *,
        facts: ContractFacts | None,
        fill: FillModel | None,
        costs: CostTerms | None,
    ) -> SweepResults:
        """Each batch of sets in one pass, a few one by one."""
        self._loop.check(offsets, columns, facts, fill, costs)
        return SweepResults.joined(
            [
                self._alone(some, offsets, columns, facts=facts)
                if len(some) <= self.few
                else self._together(some, offsets, columns, facts)
                for some in self._batches(params)
            ]
        )

    @abstractmethod
    def _batches(self, params: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """The sets that go together; one batch at least."""

    @abstractmethod
    def _together(
        self,
        params: Sequence[Any],
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        facts: ContractFacts | None,
    ) -> SweepResults:
        """One pass over a slice that was checked."""
