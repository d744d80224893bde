"""The conformance kit for plugin modules: what the host checks when it loads one."""

from __future__ import annotations

from types import ModuleType

import pytest

from tickloom.host.host import Host
from tickloom.host.loader import new_manager, register
from tickloom.host.plugin import Plugin


class PluginTests:
    """What the host expects of the module that an entry point names. A subclass gives ``plugin``.

    It needs no installation: the module is registered as if a distribution named it.
    """

    @pytest.fixture
    def plugin(self) -> ModuleType:
        """The module with the hooks."""
        raise NotImplementedError("give a fixture 'plugin' that returns the module with the hooks")

    def test_the_host_takes_it(self, plugin: ModuleType) -> None:
        record, _ = _load(plugin)
        assert record.module is plugin

    def test_its_hooks_offer_specs(self, plugin: ModuleType) -> None:
        record, host = _load(plugin)
        offers = [offer for registry in host.registries() for offer in registry]
        assert not record.failures, "; ".join(failure.cause for failure in record.failures)
        assert offers, f"{plugin.__name__} implements no hook that returns a spec"

    def test_it_keeps_stdout_free(self, plugin: ModuleType) -> None:
        record, host = _load(plugin)
        assert len(host.registries()) == 6
        assert not record.printed, "a hook prints to stdout, which belongs to the command's output"


def _load(plugin: ModuleType) -> tuple[Plugin, Host]:
    record = Plugin("plugin", "plugin-under-test", "0", plugin.__name__)
    manager = new_manager()
    register(record, plugin, manager)
    return record, Host(manager, [record])
