"""tickloom takes the module that the entry point names."""

from types import ModuleType

import acme_tickloom_momentum.plugin
import pytest

from tickloom.testing import PluginTests


class TestPlugin(PluginTests):
    @pytest.fixture
    def plugin(self) -> ModuleType:
        return acme_tickloom_momentum.plugin
