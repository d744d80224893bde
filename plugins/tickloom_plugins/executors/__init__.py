"""Built-in executors: threads of this process, or spawned processes."""

from __future__ import annotations

from typing import Final

from tickloom import ExecutorSpec
from tickloom_plugins.executors.processes import processes
from tickloom_plugins.executors.threads import threads

EXECUTORS: Final[tuple[ExecutorSpec, ...]] = (processes, threads)
