"""The host: loaded plugins and, for each kind, a registry of what they offer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import islice
from threading import RLock
from typing import Any, Final, TypeVar

import pluggy

from tickloom.errors import PluginError
from tickloom.host.folder import kept_folder
from tickloom.host.guard import guarded
from tickloom.host.loader import load_plugins, new_manager
from tickloom.host.plugin import Failure, Plugin
from tickloom.host.registry import Named, Offer, Registry
from tickloom.host.stdout import diverted_stdout
from tickloom.specs import (
    CalendarSpec,
    ExecutorSpec,
    KernelSpec,
    ReaderSpec,
    TransformSpec,
    WriterSpec,
)

S = TypeVar("S", bound=Named)

MOST_SPECS: Final = 10_000
"""Specs that one hook may return."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Host:
    """All plugins of this process. Hooks are called when their kind is first asked for."""

    def __init__(self, manager: pluggy.PluginManager, plugins: Sequence[Plugin]) -> None:
        self._manager = manager
        self.plugins = plugins
        self._registries: dict[str, Registry[Any]] = {}
        self._asking = RLock()

    @classmethod
    def of_installed(cls) -> Host:
        """The host of all plugins that are installed and allowed."""
        manager = new_manager()
        return cls(manager, load_plugins(manager))

    @property
    def readers(self) -> Registry[ReaderSpec]:
        """Readers of raw files."""
        return self._registry("reader", "tickloom_register_readers", ReaderSpec)

    @property
    def transforms(self) -> Registry[TransformSpec]:
        """Transforms of ticks."""
        return self._registry("transform", "tickloom_register_transforms", TransformSpec)

    @property
    def writers(self) -> Registry[WriterSpec]:
        """Partition file formats."""
        return self._registry("writer", "tickloom_register_writers", WriterSpec)

    @property
    def kernels(self) -> Registry[KernelSpec]:
        """Strategy kernels."""
        return self._registry("kernel", "tickloom_register_kernels", KernelSpec)

    @property
    def executors(self) -> Registry[ExecutorSpec]:
        """Executors."""
        return self._registry("executor", "tickloom_register_executors", ExecutorSpec)

    @property
    def calendars(self) -> Registry[CalendarSpec]:
        """Exchange calendars."""
        return self._registry("calendar", "tickloom_register_calendars", CalendarSpec)

    def registries(self) -> tuple[Registry[Any], ...]:
        """All six kinds, in the order in which data walks."""
        return (
            self.readers,
            self.transforms,
            self.writers,
            self.kernels,
            self.executors,
            self.calendars,
        )

    def loaded_versions(self) -> dict[str, str]:
        """Distribution to version of every plugin that is in use: for manifests."""
        return {p.distribution: p.version for p in self.plugins if p.module is not None}

    def _registry(self, kind: str, hook: str, spec_type: type[S]) -> Registry[S]:
        with self._asking:  # a hook is called once, also where several threads ask at a time
            known = self._registries.get(kind)
            if known is None:
                known = self._registries[kind] = self._ask(kind, hook, spec_type)
            return known

    def _ask(self, kind: str, hook: str, spec_type: type[S]) -> Registry[S]:
        offers: list[Offer[S]] = []
        functions = {
            implementation.plugin_name: implementation.function
            for implementation in getattr(self._manager.hook, hook).get_hookimpls()
        }
        for plugin in self.plugins:
            if plugin.id not in functions:
                continue
            try:
                specs = _call(plugin, functions[plugin.id], hook, spec_type)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # one plugin's fault stays its own
                plugin.failures.append(Failure(hook, error, _remedy(plugin, error)))
            else:
                offers += [Offer(guarded(spec, plugin), plugin) for spec in specs]
        return Registry(kind, hook, offers, self.plugins)


def _call(
    plugin: Plugin, function: Callable[[], Iterable[Any]], hook: str, spec_type: type[S]
) -> list[S]:
    with diverted_stdout() as diverted, kept_folder():
        try:
            specs = function()
            if not isinstance(specs, Iterable):
                raise PluginError(
                    f"{hook} of {plugin} must return an iterable of {spec_type.__name__} objects; "
                    f"found {type(specs).__name__}"
                )
            specs = list(islice(specs, MOST_SPECS + 1))
            if len(specs) > MOST_SPECS:
                raise PluginError(
                    f"{hook} of {plugin} yields more than {MOST_SPECS:,} specs; it may never end"
                )
        finally:
            plugin.printed |= diverted.used
    for spec in specs:
        if not isinstance(spec, spec_type):
            raise PluginError(
                f"{hook} of {plugin} must return {spec_type.__name__} objects; "
                f"found {type(spec).__name__}"
            )
        if not _NAME.fullmatch(spec.name):
            raise PluginError(
                f"{hook} of {plugin} offers the name {spec.name!r}; a name is letters, digits, "
                "'.', '_' and '-', and starts with a letter or digit"
            )
    return specs


def _remedy(plugin: Plugin, error: BaseException) -> str:
    if isinstance(error, PluginError):
        return f"upgrade {plugin.distribution}; its authors correct it in {plugin.source}"
    if isinstance(error, SystemExit):
        return f"a hook must not call sys.exit(): upgrade {plugin.distribution} or remove it"
    return f"upgrade {plugin.distribution}, tell its authors, or remove it"


def kernels() -> dict[str, KernelSpec]:
    """Every registered kernel by the name that :func:`tickloom.run` takes: its parameters, their
    units and bounds, the columns that it reads. Of a name that two plugins offer, both, as
    ``distribution:name``."""
    registry = get_host().kernels
    return {name: registry.get(name) for name in registry.names()}


_loading: Final = RLock()


def get_host() -> Host:
    """The host of this process, loaded once, also where several threads ask for it at a time."""
    with _loading:
        return _host()


@cache
def _host() -> Host:
    return Host.of_installed()
