"""The conformance kit for kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tickloom.engine.loading.kernel import (
    CompiledKernel,
    ContractResults,
    Variant,
    load_kernel,
    required_columns,
)
from tickloom.engine.sweeping.kernel import load_sweep
from tickloom.specs.kernel import KernelSpec
from tickloom.testing.kernel_process import Call, run_elsewhere
from tickloom.testing.kernel_python import check_indices
from tickloom.testing.kernel_ticks import Ticks, slices

Reference = Callable[[Sequence[Any], Any], tuple[float, int]]
"""``reference(ticks, params)``: profit and trades of one contract."""

ADVERSARIAL = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
"""The same examples in every run; a failure prints the smallest one that was found."""

CHECKED = Variant(checked=True)


class KernelTests:
    """What the host expects of every kernel. A subclass gives ``kernel`` and ``reference``, and
    ``parameter_sets`` where the defaults alone would not try everything.

    The reference is a plain Python loop over one contract's ticks (NamedTuples of the kernel's
    columns and clock fields; rows without a price are left out). Fills are at the last price, a
    trade counts when it is opened, the first tick never trades, and what is held at the last tick
    is sold there.
    """

    @pytest.fixture
    def kernel(self) -> KernelSpec:
        """The kernel under test."""
        raise NotImplementedError("give a fixture 'kernel' that returns the KernelSpec")

    @pytest.fixture
    def reference(self) -> Reference:
        """The plain Python reference: ``reference(ticks, params) -> (pnl, trades)``."""
        raise NotImplementedError("give a fixture 'reference': (ticks, params) -> (pnl, trades)")

    @pytest.fixture
    def parameter_sets(self, kernel: KernelSpec) -> Sequence[Any]:
        """The parameter records to try; the defaults unless overridden."""
        return [kernel.params()]

    def test_it_equals_its_reference(
        self, kernel: KernelSpec, reference: Reference, parameter_sets: Sequence[Any]
    ) -> None:
        """Also compiled with Numba's bounds check."""
        loaded = [load_kernel(kernel, variant) for variant in (Variant(), CHECKED)]

        @ADVERSARIAL
        @given(ticks=slices(kernel.columns), params=st.sampled_from(list(parameter_sets)))
        def check(ticks: Ticks, params: Any) -> None:
            for compiled in loaded:
                results = run(compiled, ticks, params)
                for number in range(len(ticks.offsets) - 1):
                    usable = ticks.usable(kernel, number)
                    pnl, trades = reference(usable, params)
                    rows = int(ticks.offsets[number + 1] - ticks.offsets[number])
                    where = f"contract {number} with {params}"
                    assert results.trades[number] == trades, f"trades of {where}"
                    assert results.pnl[number] == pytest.approx(pnl, rel=1e-9, abs=1e-9), (
                        f"profit of {where}"
                    )
                    assert results.skipped[number] == rows - len(usable), f"skipped rows of {where}"

        check()

    def test_it_reads_nothing_out_of_bounds(
        self, kernel: KernelSpec, parameter_sets: Sequence[Any]
    ) -> None:
        """Run by the interpreter, with whatever its functions call."""

        @ADVERSARIAL
        @given(ticks=slices(kernel.columns), params=st.sampled_from(list(parameter_sets)))
        def check(ticks: Ticks, params: Any) -> None:
            check_indices(kernel, ticks, params)

        check()

    def test_a_contract_does_not_see_its_neighbours(self, kernel: KernelSpec) -> None:
        """Each contract alone gives the very bits that it gives within a slice."""
        compiled = load_kernel(kernel)

        @ADVERSARIAL
        @given(ticks=slices(kernel.columns))
        def check(ticks: Ticks) -> None:
            together = run(compiled, ticks, kernel.params())
            for number in range(len(ticks.offsets) - 1):
                alone = run(compiled, ticks.contract(number), kernel.params())
                one = slice(number, number + 1)
                beside = replace(alone, pnl=together.pnl[one], trades=together.trades[one])
                where = f"contract {number} alone and beside others"
                check_equal(alone, beside, f"{where} (something of its neighbours reaches it)")

        check()

    def test_it_is_deterministic_and_leaves_its_input_alone(self, kernel: KernelSpec) -> None:
        """Twice the same bits, from read-only columns that are the same afterwards."""
        compiled = load_kernel(kernel)

        @ADVERSARIAL
        @given(ticks=slices(kernel.columns))
        def check(ticks: Ticks) -> None:
            before = {name: column.tobytes() for name, column in ticks.columns.items()}
            for column in ticks.columns.values():
                column.flags.writeable = False
            first = run(compiled, ticks, kernel.params())
            second = run(compiled, ticks, kernel.params())
            check_equal(first, second, "the first run and the second, of one kernel on one input")
            changed = [
                name for name, data in before.items() if ticks.columns[name].tobytes() != data
            ]
            assert changed == [], f"the kernel wrote into its input: {', '.join(changed)}"

        check()

    def test_the_trade_log_adds_up(self, kernel: KernelSpec) -> None:
        """A logged run has the same bits, and of each contract one line a trade, which together
        earn what the contract does."""
        single, logging = load_kernel(kernel), load_kernel(kernel, Variant(logged=True))

        @ADVERSARIAL
        @given(ticks=slices(kernel.columns))
        def check(ticks: Ticks) -> None:
            plain = run(single, ticks, kernel.params())
            logged = run(logging, ticks, kernel.params())
            check_equal(plain, logged, "a plain run and one with a trade log")
            assert logged.log is not None
            contracts = len(plain.trades)
            lines = np.bincount(logged.log["contract"], minlength=contracts)
            assert lines.tolist() == plain.trades.tolist(), "lines in the log, and trades"
            earned = np.bincount(logged.log["contract"], logged.log["pnl"], minlength=contracts)
            assert earned.tolist() == pytest.approx(plain.pnl.tolist(), rel=1e-9, abs=1e-6), (
                "profit in the log, and of the contracts"
            )

        check()

    def test_a_sweep_gives_what_single_runs_give(
        self, kernel: KernelSpec, parameter_sets: Sequence[Any]
    ) -> None:
        """The very bits, for each parameter set."""
        sets = list(parameter_sets) * 10  # enough for the loop that carries many sets at once
        sweep, single = load_sweep(kernel), load_kernel(kernel)

        @ADVERSARIAL
        @given(ticks=slices(kernel.columns))
        def check(ticks: Ticks) -> None:
            columns = ticks.arrays(sweep.required_columns)
            swept = sweep(sets, ticks.offsets, columns, facts=ticks.facts)
            for number, params in enumerate(sets):
                alone = run(single, ticks, params)
                beside = replace(alone, pnl=swept.pnl[number], trades=swept.trades[number])
                check_equal(alone, beside, f"a run and a sweep, with {params}")

        check()

    def test_the_cache_gives_back_what_was_built(
        self,
        kernel: KernelSpec,
        parameter_sets: Sequence[Any],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Freshly compiled, loaded again, and loaded by another process: the same bits, and
        nothing is compiled after the first time."""
        from numba.core import event

        monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(tmp_path))
        built = load_kernel(kernel)
        assert built.compile_seconds > 0
        with event.install_recorder("numba:compile") as recorder:
            loaded = load_kernel(kernel)
        anew = "something that its functions or constants refer to changes from {}"
        assert loaded.compile_seconds == 0, "compiled again: " + anew.format("load to load")
        assert recorder.buffer == [], "Numba compiled although the cache had the kernel"

        calls: list[tuple[Ticks, Any]] = []

        @ADVERSARIAL
        @given(ticks=slices(kernel.columns), params=st.sampled_from(list(parameter_sets)))
        def check(ticks: Ticks, params: Any) -> None:
            first, second = run(built, ticks, params), run(loaded, ticks, params)
            check_equal(first, second, f"freshly compiled and loaded from the cache, with {params}")
            calls.append((ticks, params))

        check()
        names = built.required_columns
        answer = run_elsewhere(
            kernel,
            [Call(tuple(p), t.offsets, t.arrays(names), t.facts) for t, p in calls],
            tmp_path,
        )
        assert answer.compile_seconds == 0, "compiled again: " + anew.format("process to process")
        for (ticks, params), (pnl, trades) in zip(calls, answer.results, strict=True):
            here = run(built, ticks, params)
            there = replace(here, pnl=pnl, trades=trades)
            check_equal(here, there, f"freshly compiled and in another process, with {params}")

    def test_it_opts_into_no_flag_that_changes_results(self, kernel: KernelSpec) -> None:
        assert kernel.flags == (), (
            f"{kernel.flags} make results differ from one CPU to the next; if that is meant, "
            "override this test"
        )


def run(compiled: CompiledKernel, ticks: Ticks, params: Any) -> ContractResults:
    """Run ``compiled`` over ``ticks``."""
    names = required_columns(compiled.spec, compiled.variant)
    return compiled(params, ticks.offsets, ticks.arrays(names), facts=ticks.facts)


def check_equal(one: ContractResults, other: ContractResults, what: str) -> None:
    """Two results of the same contracts have the same bits; ``what`` names the two."""
    assert one.trades.tolist() == other.trades.tolist(), f"trades of {what}"
    assert one.pnl.tobytes() == other.pnl.tobytes(), (
        f"profit of {what}: {one.pnl.tolist()} and {other.pnl.tolist()}"
    )
