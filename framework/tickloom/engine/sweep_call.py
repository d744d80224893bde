"""Sweeps: a compiled kernel over many parameter sets at once."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.cache.link import Linked, link
from tickloom.engine.chunks import Chunks
from tickloom.engine.codegen.fill_source import ENTRY, OK, OUT_OF_BOUNDS
from tickloom.engine.codegen.sweep_source import (
    FLOAT_SLOTS,
    INT_SLOTS,
    LANES,
    STATE_SLOTS,
    SWEEP_ARGUMENTS,
)
from tickloom.engine.compiled import CompiledKernel, load_kernel
from tickloom.engine.constants import layout_of, prepare_constants
from tickloom.engine.contract_results import ContractFacts
from tickloom.engine.costs import CostTerms
from tickloom.engine.fills import FillModel
from tickloom.engine.loading import Announce, load_entry, sweep_plan
from tickloom.engine.slice_check import check_facts, check_slice
from tickloom.engine.stored_values import plain_values
from tickloom.engine.variant import Variant, is_fused, required_columns
from tickloom.errors import PluginError
from tickloom.specs.kernel import KernelSpec

_FEW = 8
"""Sets that are quicker run one by one."""

_NOTHING = np.zeros(1, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResults:
    """Results per parameter set and contract of a slice, each of shape (sets, contracts)."""

    pnl: NDArray[np.float64]
    """Profit, as in :class:`~tickloom.engine.contract_results.ContractResults`."""

    trades: NDArray[np.int64]
    """Trades opened."""

    skipped: NDArray[np.int64]
    """Rows without a usable price, shape (contracts,): the same for every set."""


class CompiledSweep:
    """A kernel compiled to be run with many parameter sets. Threads may share it."""

    def __init__(
        self, spec: KernelSpec, variant: Variant, run: Callable[..., SweepResults], seconds: float
    ) -> None:
        self.spec = spec
        """The registry entry."""
        self.variant = variant
        """What it is specialised for."""
        self.compile_seconds = seconds
        """How long compiling took, seconds; 0.0 when it came from the cache."""
        self.required_columns: tuple[str, ...] = required_columns(spec, variant)
        """The columns that a call takes, in this order."""
        self.needs_facts: bool = bool(spec.clock)
        """Whether a call needs ``facts``."""
        self._run = run

    def __call__(
        self,
        params: Sequence[Any],
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        *,
        facts: ContractFacts | None = None,
        fill: FillModel | None = None,
        costs: CostTerms | None = None,
    ) -> SweepResults:
        """Run every record of ``params`` over whole contracts; each gets the very results of a run
        of its own. Arguments and errors are those of a call of
        :class:`~tickloom.engine.compiled.CompiledKernel`."""
        return self._run(params, offsets, columns, facts=facts, fill=fill, costs=costs)


def load_sweep(
    spec: KernelSpec,
    variant: Variant = Variant(),  # noqa: B008
    *,
    announce: Announce | None = None,
) -> CompiledSweep:
    """``spec`` compiled for sweeps: from the cache, or compiled and kept there.

    A step kernel with plain fills carries all sets in one pass over the rows. Where that cannot be
    (array and native kernels, other fills, costs, a state that holds more than numbers), the
    kernel is called once a set.
    """
    if not is_fused(spec, variant):
        plain = load_sweep(spec, replace(variant, dtypes=()), announce=announce)
        return CompiledSweep(spec, variant, _Decoding(plain), plain.compile_seconds)
    kernel = load_kernel(spec, variant, announce=announce)
    if spec.kind == "step" and _is_plain(variant):
        entry, seconds = load_entry(sweep_plan(spec, variant, layout_of(spec)), announce)
        if entry.image:
            one_pass = OnePass(kernel, link(entry.image, entry.needs, ENTRY))
            return CompiledSweep(spec, variant, one_pass, kernel.compile_seconds + seconds)
    return CompiledSweep(spec, variant, _Repeated(kernel), kernel.compile_seconds)


def _is_plain(variant: Variant) -> bool:
    return variant == Variant(dtypes=variant.dtypes)


class OnePass:
    """The sweep loop: all sets at each row."""

    def __init__(self, kernel: CompiledKernel, code: Linked) -> None:
        spec, variant = kernel.spec, kernel.variant
        self._spec = spec
        self._few = _Repeated(kernel)
        self._code = code
        self._layout = layout_of(spec)
        self._names = required_columns(spec, variant)
        self._dtypes = variant.column_dtypes(spec)
        count = len(SWEEP_ARGUMENTS) + len(self._names)
        arguments: list[Any] = [ctypes.c_void_p] * count
        for name in ("contracts", "blocks", "bound"):
            arguments[SWEEP_ARGUMENTS.index(name)] = ctypes.c_int64
        self._call = ctypes.CFUNCTYPE(ctypes.c_int64, *arguments)(code.address)

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
        """Whole blocks of sets in one pass each, a few left over one by one."""
        if costs is not None or (fill or FillModel()) != FillModel():
            raise ValueError("compiled for plain fills without costs; ask load_sweep for a variant")
        # A block costs the same however few of its lanes are used: about eight plain runs.
        alone = len(params) % LANES
        alone = alone if alone <= _FEW else 0
        together = params[: len(params) - alone]
        few = self._few(params[len(together) :], offsets, columns, facts=facts)
        if not together:
            return few
        many = self._blocks(together, offsets, columns, facts)
        return SweepResults(
            pnl=np.concatenate([many.pnl, few.pnl]),
            trades=np.concatenate([many.trades, few.trades]),
            skipped=many.skipped,
        )

    def _blocks(
        self,
        params: Sequence[Any],
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        facts: ContractFacts | None,
    ) -> SweepResults:
        contracts = len(offsets) - 1
        check_slice(offsets, Chunks.whole(columns), self._names, self._dtypes)
        check_facts(facts, contracts, bool(self._spec.clock))
        constants = self._pack(params)
        blocks = len(constants)
        pnl = np.zeros((blocks * LANES, contracts), np.float64)
        trades = np.zeros((blocks * LANES, contracts), np.int64)
        skipped = np.zeros(contracts, np.int64)
        scratch_f = np.zeros((FLOAT_SLOTS + STATE_SLOTS) * LANES, np.float64)
        scratch_i = np.zeros((INT_SLOTS + STATE_SLOTS) * LANES, np.int64)
        arrays = {
            "offsets": offsets,
            "expiry_day": facts.expiry_day if facts else _NOTHING,
            "strike": facts.strike if facts else _NOTHING,
            "is_call": facts.is_call if facts else _NOTHING,
            "constants_f": constants,
            "constants_i": constants,
            "scratch_f": scratch_f,
            "scratch_i": scratch_i,
            "pnl": pnl,
            "trades": trades,
            "skipped": skipped,
        }
        numbers = {"contracts": contracts, "blocks": blocks, "bound": self._spec.max_position}
        fixed = [
            numbers[name] if name in numbers else arrays[name].ctypes.data
            for name in SWEEP_ARGUMENTS
        ]
        status = self._call(*fixed, *(column.ctypes.data for column in columns))
        if status != OK:
            raise self._failure(status)
        sets = len(params)
        return SweepResults(pnl=pnl[:sets], trades=trades[:sets], skipped=skipped)

    def _pack(self, params: Sequence[Any]) -> NDArray[np.float64]:
        """Constants in lanes, shape (blocks, fields, lanes); the last set fills the last block."""
        packed = [self._layout.pack(prepare_constants(self._spec, record)) for record in params]
        blocks = -(-len(packed) // LANES)
        packed += packed[-1:] * (blocks * LANES - len(packed))
        slots = np.array(packed, np.float64).reshape(blocks, LANES, len(self._layout.kinds))
        return np.ascontiguousarray(slots.transpose(0, 2, 1))

    def _failure(self, status: int) -> PluginError:
        if status == OUT_OF_BOUNDS:
            return PluginError(
                f"kernel {self._spec.name!r} wanted a position beyond its max_position of "
                f"{self._spec.max_position} with one of the parameter sets; run them one by one "
                "to see where"
            )
        return PluginError(
            f"kernel {self._spec.name!r} raised an exception with one of the parameter sets; call "
            "its step as plain Python to see it"
        )


class _Repeated:
    """A plain call for each set."""

    def __init__(self, kernel: CompiledKernel) -> None:
        self._kernel = kernel

    def __call__(
        self,
        params: Sequence[Any],
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        **settings: Any,
    ) -> SweepResults:
        contracts = len(offsets) - 1
        pnl = np.zeros((len(params), contracts), np.float64)
        trades = np.zeros((len(params), contracts), np.int64)
        skipped = np.zeros(contracts, np.int64)
        for number, record in enumerate(params):
            results = self._kernel(record, offsets, columns, **settings)
            pnl[number], trades[number] = results.pnl, results.trades
            skipped = results.skipped
        return SweepResults(pnl=pnl, trades=trades, skipped=skipped)


class _Decoding:
    """A sweep for columns in whatever types they are stored."""

    def __init__(self, plain: CompiledSweep) -> None:
        self._plain = plain

    def __call__(
        self,
        params: Sequence[Any],
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        **settings: Any,
    ) -> SweepResults:
        names = self._plain.required_columns
        plain = [plain_values(name, column) for name, column in zip(names, columns, strict=True)]
        return self._plain(params, offsets, plain, **settings)
