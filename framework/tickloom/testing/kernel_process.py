"""A kernel in a new process: loaded from the cache, as a run after a build loads it."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.loading.kernel import ContractFacts, load_kernel
from tickloom.errors import TickloomError, UsageError
from tickloom.host import get_host
from tickloom.specs.kernel import KernelSpec

_PATIENCE: Final = 300
"""Seconds that the process may take."""

_SERVE: Final = (
    "import pickle, sys; "
    "sys.path[:] = pickle.loads(open(sys.argv[1], 'rb').read()); "
    "from tickloom.testing.kernel_process import serve; serve(sys.argv[2], sys.argv[3])"
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a compiled kernel."""

    params: tuple[Any, ...]
    """Values of the parameters."""

    offsets: NDArray[np.int64]
    """Where each contract starts, shape (contracts + 1,)."""

    columns: Sequence[NDArray[Any]]
    """The kernel's required columns, each of shape (rows,)."""

    facts: ContractFacts
    """Expiry, strike and right of each contract."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other process did."""

    compile_seconds: float
    """How long it compiled; 0.0 when the cache had all of it."""

    results: list[tuple[NDArray[np.float64], NDArray[np.int64]]]
    """Profit and trades for each call, each of shape (contracts,)."""


def run_elsewhere(spec: KernelSpec, calls: Sequence[Call], folder: Path) -> Answer:
    """Load ``spec`` in a new process and run ``calls`` there; the files between the two processes
    lie in ``folder``.

    Raises :class:`UsageError` for a kernel that no other process could import, and
    :class:`TickloomError` with the process's words if it fails.
    """
    path, request, answer = (folder / name for name in ("path", "request", "answer"))
    path.write_bytes(pickle.dumps(sys.path))
    request.write_bytes(pickle.dumps((_address(spec), list(calls))))
    command = [sys.executable, "-c", _SERVE, *map(str, (path, request, answer))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    if done.returncode != 0:
        raise TickloomError(
            f"kernel {spec.name!r} fails when another process loads it from the cache (exit code "
            f"{done.returncode}, negative: killed by that signal):\n{done.stderr.strip()}"
        )
    found: Answer = pickle.loads(answer.read_bytes())
    return found


def serve(request: str, answer: str) -> None:
    """What the new process does."""
    address, calls = pickle.loads(Path(request).read_bytes())
    spec = get_host().kernels.get(address) if isinstance(address, str) else pickle.loads(address)
    kernel = load_kernel(spec)
    results = []
    for call in calls:
        found = kernel(spec.params(*call.params), call.offsets, call.columns, facts=call.facts)
        results.append((found.pnl, found.trades))
    Path(answer).write_bytes(pickle.dumps(Answer(kernel.compile_seconds, results)))


def _address(spec: KernelSpec) -> str | bytes:
    """How another process finds ``spec``: by its registered name, else by its functions' names."""
    for offer in get_host().kernels:
        if offer.spec == spec:
            return offer.qualified
    try:
        return pickle.dumps(spec)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(
            f"kernel {spec.name!r} cannot be found by another process ({error}); install the "
            "plugin that offers it, or define its functions and parameters at the top level of a "
            "module"
        ) from error
