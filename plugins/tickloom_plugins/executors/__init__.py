"""Built-in executors."""

from __future__ import annotations

from typing import Final

from tickloom import ExecutorSpec

EXECUTORS: Final[tuple[ExecutorSpec, ...]] = ()
