"""The host: loaded plugins and, for each kind, a registry of what they offer."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable
from functools import cache, cached_property
from typing import Any, TypeVar

from tickloom.errors import PluginError
from tickloom.host.loader import Plugin, load_plugins, new_manager
from tickloom.host.registry import Named, Offer, Registry
from tickloom.specs import (
    CalendarSpec,
    ExecutorSpec,
    KernelSpec,
    ReaderSpec,
    TransformSpec,
    WriterSpec,
)

S = TypeVar("S", bound=Named)


class Host:
    """All plugins of this process. Hooks are called when their kind is first asked for."""

    def __init__(self) -> None:
        self._manager = new_manager()
        self.plugins: list[Plugin] = load_plugins(self._manager)

    @cached_property
    def readers(self) -> Registry[ReaderSpec]:
        """Readers of raw files."""
        return self._registry("reader", "tickloom_register_readers", ReaderSpec)

    @cached_property
    def transforms(self) -> Registry[TransformSpec]:
        """Transforms of ticks."""
        return self._registry("transform", "tickloom_register_transforms", TransformSpec)

    @cached_property
    def writers(self) -> Registry[WriterSpec]:
        """Partition file formats."""
        return self._registry("writer", "tickloom_register_writers", WriterSpec)

    @cached_property
    def kernels(self) -> Registry[KernelSpec]:
        """Strategy kernels."""
        return self._registry("kernel", "tickloom_register_kernels", KernelSpec)

    @cached_property
    def executors(self) -> Registry[ExecutorSpec]:
        """Executors."""
        return self._registry("executor", "tickloom_register_executors", ExecutorSpec)

    @cached_property
    def calendars(self) -> Registry[CalendarSpec]:
        """Exchange calendars."""
        return self._registry("calendar", "tickloom_register_calendars", CalendarSpec)

    def loaded_versions(self) -> dict[str, str]:
        """Distribution to version of every loaded plugin: for manifests."""
        return {p.distribution: p.version for p in self.plugins if p.state == "loaded"}

    def _registry(self, what: str, hook: str, spec_type: type[S]) -> Registry[S]:
        offers: list[Offer[S]] = []
        by_id = {plugin.id: plugin for plugin in self.plugins}
        implementations = getattr(self._manager.hook, hook).get_hookimpls()
        for implementation in sorted(implementations, key=lambda impl: impl.plugin_name):
            plugin = by_id[implementation.plugin_name]
            try:
                offers += _call(plugin, implementation.function, hook, spec_type)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # one plugin's fault stays its own
                plugin.fail(error)
        failed = [plugin for plugin in self.plugins if plugin.state == "failed"]
        return Registry(what, offers, failed)


def _call(
    plugin: Plugin, function: Callable[[], Iterable[Any]], hook: str, spec_type: type[S]
) -> list[Offer[S]]:
    with contextlib.redirect_stdout(sys.stderr):
        specs = list(function())
    for spec in specs:
        if not isinstance(spec, spec_type):
            raise PluginError(
                f"{hook} of {plugin} must return {spec_type.__name__} objects; "
                f"found {type(spec).__name__}"
            )
    return [Offer(spec, plugin) for spec in specs]


@cache
def get_host() -> Host:
    """The host of this process, loaded once."""
    return Host()
