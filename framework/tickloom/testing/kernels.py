"""The conformance kit for kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tickloom.bench.ticks import Ticks
from tickloom.engine.loading.kernel import (
    CompiledKernel,
    ContractResults,
    Variant,
    load_kernel,
)
from tickloom.engine.sweeping.kernel import load_sweep
from tickloom.specs.kernel import KernelSpec
from tickloom.testing.kernel_process import Call, run_elsewhere
from tickloom.testing.kernel_python import check_indices
from tickloom.testing.kernel_sessions import session_ticks
from tickloom.testing.kernel_ticks import slices

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

LEAST_TRADING = 0.1
"""Share of the runs over whole sessions that must trade, a run being one contract with one set of
parameters: where 2 of 146 traded, five planted errors of five went unseen."""


class KernelTests:
    """What the host expects of every kernel. A subclass gives ``kernel`` and ``reference``, and
    ``parameter_sets`` where the defaults alone would not try everything.

    Ticks are of two kinds: adversarial ones, short and drawn by hypothesis, and those of ``ticks``,
    contracts with thousands of ticks through a whole session. A strategy that acts seldom gives
    longer or other ones::

        @pytest.fixture
        def ticks(self, kernel: KernelSpec) -> Ticks:
            return session_ticks(kernel.columns, ticks=20_000)

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

    @pytest.fixture
    def ticks(self, kernel: KernelSpec) -> Ticks:
        """Contracts that are long and lively enough for the strategy to act."""
        return session_ticks(kernel.columns)

    def test_it_trades_through_a_session(
        self, kernel: KernelSpec, parameter_sets: Sequence[Any], ticks: Ticks
    ) -> None:
        """Where hardly a run trades, that all agree shows little."""
        compiled = load_kernel(kernel)
        trades = [run(compiled, ticks, params).trades for params in parameter_sets]
        traded, runs = int(np.count_nonzero(trades)), len(trades) * (len(ticks.offsets) - 1)
        assert traded >= max(1, LEAST_TRADING * runs), (
            f"only {traded} of {runs} runs trade, a run being one contract with one set of "
            f"parameters ({ticks.rows:,} ticks in {len(ticks.offsets) - 1} contracts): agreement "
            "would show little. Let the fixture 'ticks' return contracts on which the strategy "
            "acts, like session_ticks(kernel.columns, ticks=20_000), or give parameter_sets"
        )

    def test_it_equals_its_reference_through_a_session(
        self,
        kernel: KernelSpec,
        reference: Reference,
        parameter_sets: Sequence[Any],
        ticks: Ticks,
    ) -> None:
        """Also compiled with Numba's bounds check. A failure tells the fewest ticks of a contract
        that a few dozen tries found to fail."""
        both = [load_kernel(kernel, variant) for variant in (Variant(), CHECKED)]
        for params in parameter_sets:
            check_sessions(ticks, partial(agree, both, reference, params, rounding=1e-6))

    def test_it_keeps_the_rules_through_a_session(
        self, kernel: KernelSpec, parameter_sets: Sequence[Any], ticks: Ticks
    ) -> None:
        """No read out of bounds; each contract alone, logged and in a sweep gives the same bits."""
        sets = list(parameter_sets)
        single, logged = load_kernel(kernel), load_kernel(kernel, Variant(logged=True))
        sweep = load_sweep(kernel)
        columns = ticks.arrays(sweep.required_columns)
        swept = sweep(sets, ticks.offsets, columns, facts=ticks.facts)
        for number, params in enumerate(sets):
            check_indices(kernel, ticks, params)
            whole = run(single, ticks, params)
            check_equal(whole, run(logged, ticks, params), "a plain run and one with a trade log")
            beside = replace(whole, pnl=swept.pnl[number], trades=swept.trades[number])
            check_equal(whole, beside, f"a run and a sweep, with {params}")
            check_alone(single, ticks, params, whole)

    def test_it_equals_its_reference(
        self, kernel: KernelSpec, reference: Reference, parameter_sets: Sequence[Any]
    ) -> None:
        """Also compiled with Numba's bounds check."""
        both = [load_kernel(kernel, variant) for variant in (Variant(), CHECKED)]

        @ADVERSARIAL
        @given(ticks=slices(kernel.columns), params=st.sampled_from(list(parameter_sets)))
        def check(ticks: Ticks, params: Any) -> None:
            agree(both, reference, params, ticks)

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
            check_alone(compiled, ticks, kernel.params(), run(compiled, ticks, kernel.params()))

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
    columns = ticks.arrays(compiled.required_columns)
    return compiled(params, ticks.offsets, columns, facts=ticks.facts)


def agree(
    compiled: Sequence[CompiledKernel],
    reference: Reference,
    params: Any,
    ticks: Ticks,
    rounding: float = 1e-9,
) -> None:
    """Raise AssertionError where a kernel as it was ``compiled`` and its reference differ;
    ``rounding`` is what profits may differ by, points."""
    found = [run(each, ticks, params) for each in compiled]
    for number in range(len(ticks.offsets) - 1):
        usable = ticks.usable(compiled[0].spec, number)
        pnl, trades = reference(usable, params)
        skipped = int(ticks.offsets[number + 1] - ticks.offsets[number]) - len(usable)
        expected = pytest.approx(pnl, rel=1e-9, abs=rounding)
        where = f"contract {number} with {params}"
        for results in found:
            assert results.trades[number] == trades, f"trades of {where}"
            assert results.pnl[number] == expected, f"profit of {where}"
            assert results.skipped[number] == skipped, f"skipped rows of {where}"


def check_sessions(ticks: Ticks, check: Callable[[Ticks], None]) -> None:
    """``check`` each contract; of the first that fails, tell the fewest ticks that do."""
    for number in range(len(ticks.offsets) - 1):
        contract = ticks.contract(number)
        try:
            check(contract)
        except AssertionError:
            first, end = fewest_ticks(contract, check)
            few = contract.contract(0, first, end)
            shown = {name: column[-5:].tolist() for name, column in few.columns.items()}
            raise AssertionError(
                f"{told(few, check)}\nof ticks {first} to {end - 1} of contract {number} of the "
                f"fixture 'ticks', the last of which are {shown}"
            ) from None


def told(ticks: Ticks, check: Callable[[Ticks], None]) -> str:
    """What ``check`` says of ``ticks``, which fail it."""
    with pytest.raises(AssertionError) as caught:
        check(ticks)
    return str(caught.value)


def fewest_ticks(contract: Ticks, check: Callable[[Ticks], None]) -> tuple[int, int]:
    """First tick and end of a short run of ``contract``'s ticks that fails ``check`` as all of them
    do: halved from behind, then from the front, in no more tries than its length has bits, twice.
    """

    def fails(first: int, end: int) -> bool:
        try:
            check(contract.contract(0, first, end))
        except AssertionError:
            return True
        return False

    low, end = 0, contract.rows
    while low + 1 < end:
        middle = (low + end) // 2
        low, end = (low, middle) if fails(0, middle) else (middle, end)
    first, high = 0, end
    while first + 1 < high:
        middle = (first + high) // 2
        first, high = (middle, high) if fails(middle, end) else (first, middle)
    return first, end


def check_alone(
    compiled: CompiledKernel, ticks: Ticks, params: Any, together: ContractResults
) -> None:
    """Each contract of ``ticks`` alone gives the very bits that it gives ``together``, also where
    an author's loop is called once for all of them."""
    once = run(compiled.together(), ticks, params)
    across = "contracts one by one and all in one call of the loop"
    check_equal(together, once, f"{across} (something of its neighbours reaches it)")
    for number in range(len(ticks.offsets) - 1):
        alone = run(compiled, ticks.contract(number), params)
        one = slice(number, number + 1)
        beside = replace(alone, pnl=together.pnl[one], trades=together.trades[one])
        where = f"contract {number} alone and beside others"
        check_equal(alone, beside, f"{where} (something of its neighbours reaches it)")


def check_equal(one: ContractResults, other: ContractResults, what: str) -> None:
    """Two results of the same contracts have the same bits; ``what`` names the two."""
    assert one.trades.tolist() == other.trades.tolist(), f"trades of {what}"
    assert one.pnl.tobytes() == other.pnl.tobytes(), (
        f"profit of {what}: {one.pnl.tolist()} and {other.pnl.tolist()}"
    )
