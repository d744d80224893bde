"""The modules of the built-in plugins pass the kit that everybody's must pass."""

from __future__ import annotations

from types import ModuleType

import pytest

import tickloom_calendars.plugin
import tickloom_kernels.plugin
import tickloom_plugins.plugin
from tickloom.testing import PluginTests


class TestCalendars(PluginTests):
    @pytest.fixture
    def plugin(self) -> ModuleType:
        return tickloom_calendars.plugin


class TestKernels(PluginTests):
    @pytest.fixture
    def plugin(self) -> ModuleType:
        return tickloom_kernels.plugin


class TestPlugins(PluginTests):
    @pytest.fixture
    def plugin(self) -> ModuleType:
        return tickloom_plugins.plugin
