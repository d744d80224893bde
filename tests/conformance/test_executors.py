"""The built-in executors pass the kit that everybody's must pass."""

from __future__ import annotations

import pytest

from tickloom import ExecutorSpec
from tickloom.host import get_host
from tickloom.testing import ExecutorTests


class TestThreads(ExecutorTests):
    @pytest.fixture
    def executor(self) -> ExecutorSpec:
        return get_host().executors.get("threads")


class TestProcesses(ExecutorTests):
    @pytest.fixture
    def executor(self) -> ExecutorSpec:
        return get_host().executors.get("processes")
