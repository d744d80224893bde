"""Finds and imports plugins, each in isolation: one broken plugin never stops the others.

pluggy's own ``load_setuptools_entrypoints`` loads in an unsorted bare loop, where the first
exception ends the host; hence this short loader.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Final, Literal

import pluggy

from tickloom.errors import PluginError
from tickloom.host import hookspecs
from tickloom.host.markers import API_VERSION, PROJECT

DISABLE_AUTOLOAD: Final = "TICKLOOM_DISABLE_PLUGIN_AUTOLOAD"
ALLOW_LIST: Final = "TICKLOOM_PLUGINS"
BUILT_IN: Final = "tickloom"
"""Distribution of the built-in plugins, which no switch turns off."""

State = Literal["loaded", "failed", "disabled"]


@dataclass(slots=True)
class Plugin:
    """One entry point of the group ``tickloom``, and what became of it."""

    name: str
    """Name of the entry point."""

    distribution: str
    """Name of the distribution that ships it."""

    version: str
    """Version of that distribution."""

    target: str
    """``module`` or ``module:object`` that the entry point names."""

    state: State = "disabled"
    """``loaded``, ``failed`` (see ``error``) or ``disabled`` by a switch or the allow-list."""

    error: BaseException | None = None
    """Why it failed."""

    import_seconds: float = 0.0
    """How long its import took."""

    module: object | None = field(default=None, repr=False)
    """The imported plugin."""

    @property
    def id(self) -> str:
        """``distribution:entry point``: unique among plugins."""
        return f"{self.distribution}:{self.name}"

    def fail(self, error: BaseException) -> None:
        """Record why the plugin cannot be used."""
        self.state = "failed"
        self.error = error

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


def load_plugins(
    manager: pluggy.PluginManager, environ: Mapping[str, str] = os.environ
) -> list[Plugin]:
    """Load every allowed plugin into ``manager``, sorted by distribution and name.

    Never raises for a plugin's fault: the returned records tell.
    """
    plugins = []
    for entry in sorted(entry_points(group=PROJECT), key=_sort_key):
        plugin = _record(entry)
        plugins.append(plugin)
        if _allowed(plugin, environ):
            _load(plugin, entry, manager)
    return plugins


def new_manager() -> pluggy.PluginManager:
    """A manager that knows the hooks and no plugin."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def _sort_key(entry: EntryPoint) -> tuple[str, str]:
    return (entry.dist.name if entry.dist else "", entry.name)


def _record(entry: EntryPoint) -> Plugin:
    dist = entry.dist
    return Plugin(
        name=entry.name,
        distribution=dist.name if dist else "unknown",
        version=dist.version if dist else "0",
        target=entry.value,
    )


def _allowed(plugin: Plugin, environ: Mapping[str, str]) -> bool:
    if plugin.distribution == BUILT_IN:
        return True
    listed = {name.strip() for name in environ.get(ALLOW_LIST, "").split(",") if name.strip()}
    if listed:
        return bool(listed & {plugin.name, plugin.distribution, plugin.id})
    return environ.get(DISABLE_AUTOLOAD, "") in ("", "0")


def _load(plugin: Plugin, entry: EntryPoint, manager: pluggy.PluginManager) -> None:
    started = time.perf_counter()
    try:
        # What a plugin prints while it is imported must not end up in a command's output.
        with contextlib.redirect_stdout(sys.stderr):
            module = entry.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit included: a plugin does not end the host
        plugin.fail(error)
        return
    finally:
        plugin.import_seconds = time.perf_counter() - started
    try:
        _check(plugin, module)
        manager.register(module, name=plugin.id)
        # After each plugin, so that a misspelled hook is this plugin's failure and no other's.
        manager.check_pending()
    except (PluginError, pluggy.PluginValidationError, ValueError) as error:
        if manager.get_plugin(plugin.id) is not None:
            manager.unregister(name=plugin.id)
        plugin.fail(error)
        return
    plugin.module = module
    plugin.state = "loaded"


def _check(plugin: Plugin, module: object) -> None:
    version = getattr(module, "TICKLOOM_API_VERSION", None)
    if version is None:
        raise PluginError(
            f"{plugin.target} does not state the plugin API that it was written for; "
            f"add 'TICKLOOM_API_VERSION = {API_VERSION}' to it"
        )
    if version != API_VERSION:
        newer = isinstance(version, int) and version > API_VERSION
        remedy = "upgrade tickloom" if newer else f"upgrade {plugin.distribution}"
        raise PluginError(
            f"{plugin} was written for plugin API {version!r}, this tickloom offers "
            f"{API_VERSION}; {remedy}"
        )
    for name in _unmarked_hooks(module):
        raise PluginError(f"{plugin.target}.{name} is not marked; decorate it with @hookimpl")


def _unmarked_hooks(module: object) -> Iterable[str]:
    for name in dir(module):
        if name.startswith(f"{PROJECT}_register_") and not isinstance(module, ModuleType):
            continue
        if name.startswith(f"{PROJECT}_register_"):
            function = getattr(module, name)
            if callable(function) and not hasattr(function, f"{PROJECT}_impl"):
                yield name
