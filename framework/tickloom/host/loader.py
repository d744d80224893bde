"""Loads plugins, each in isolation: one broken plugin never stops the others.

pluggy's own ``load_setuptools_entrypoints`` loads in an unsorted bare loop, where the first
exception ends the host; hence this short loader.
"""

from __future__ import annotations

import difflib
import os
import re
import time
import warnings
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Final

import pluggy

from tickloom.errors import PluginError
from tickloom.host import hookspecs
from tickloom.host.discovery import find_plugins
from tickloom.host.folder import kept_folder
from tickloom.host.markers import API_VERSION, PROJECT
from tickloom.host.plugin import BUILT_IN, Failure, Plugin, normalised
from tickloom.host.stdout import diverted_stdout

DISABLE_AUTOLOAD: Final = "TICKLOOM_DISABLE_PLUGIN_AUTOLOAD"
ALLOW_LIST: Final = "TICKLOOM_PLUGINS"
NO_PLUGINS: Final = "--no-plugins"
"""What the option of that name sets the variable to, so that messages name the option."""

_TARGET: Final = re.compile(r"[\w.]+\s*(:\s*[\w.]+\s*)?(\[.*\]\s*)?")
HOOK_NAMES: Final = tuple(name for name in dir(hookspecs) if name.startswith(f"{PROJECT}_"))


class ApiVersionError(PluginError):
    """A plugin was written for another version of the plugin API."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy
        """What the user does about it."""


def new_manager() -> pluggy.PluginManager:
    """A manager that knows the hooks and no plugin."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def load_plugins(
    manager: pluggy.PluginManager, environ: Mapping[str, str] = os.environ
) -> list[Plugin]:
    """Load every allowed plugin into ``manager``, sorted by distribution and name.

    Never raises for a plugin's fault: the returned records tell.
    """
    found = find_plugins()
    for each in found:
        each.plugin.disabled_by = _disabled_by(each.plugin, environ)
        if each.entry is not None and each.plugin.state == "loaded":
            _load(each.plugin, each.entry, manager)
    return [each.plugin for each in found]


def allow_list(environ: Mapping[str, str] = os.environ) -> list[str]:
    """The entries of ``TICKLOOM_PLUGINS``: entry points, distributions or both joined by ``:``."""
    return [name.strip() for name in environ.get(ALLOW_LIST, "").split(",") if name.strip()]


def allows(listed: str, plugin: Plugin) -> bool:
    """Does an entry of the allow-list mean this plugin?"""
    distribution, colon, name = listed.partition(":")
    if colon:
        return (normalised(distribution), name) == (plugin.distribution, plugin.name)
    return listed == plugin.name or normalised(listed) == plugin.distribution


def _disabled_by(plugin: Plugin, environ: Mapping[str, str]) -> str:
    if plugin.distribution == BUILT_IN:
        return ""
    listed = allow_list(environ)
    if listed:
        return "" if any(allows(entry, plugin) for entry in listed) else ALLOW_LIST
    switch = environ.get(DISABLE_AUTOLOAD, "")
    if switch in ("", "0"):
        return ""
    return switch if switch == NO_PLUGINS else DISABLE_AUTOLOAD


def _load(plugin: Plugin, entry: EntryPoint, manager: pluggy.PluginManager) -> None:
    started = time.perf_counter()
    with diverted_stdout() as diverted, kept_folder():
        try:
            _check_target(plugin)
            module = entry.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit included: a plugin does not end the host
            plugin.failures.append(Failure("import", error, _import_remedy(plugin, error)))
            return
        finally:
            plugin.import_seconds = time.perf_counter() - started
            plugin.printed |= diverted.used
    try:
        register(plugin, module, manager)
    except Exception as error:  # dir() and getattr() of a plugin object are the plugin's code
        remedy = f"upgrade {plugin.distribution}; its authors correct it in {plugin.source}"
        if isinstance(error, ApiVersionError):
            remedy = error.remedy
        plugin.failures.append(Failure("registration", error, remedy))
        if manager.get_plugin(plugin.id) is module:
            manager.unregister(name=plugin.id)


def register(plugin: Plugin, module: object, manager: pluggy.PluginManager) -> None:
    """Check an imported plugin and hand it to ``manager``; raises for whatever is wrong with it."""
    _check_version(plugin, module)
    _check_marks(plugin, module)
    if (other := manager.get_name(module)) is not None:
        raise PluginError(f"{plugin.target} is registered as {other} already; keep one entry point")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        manager.register(module, name=plugin.id)
    plugin.notices += [str(warning.message) for warning in caught]
    # After each plugin, so that a misspelled hook is this plugin's failure and no other's.
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(_unknown_hooks(plugin, manager)) from error
    plugin.module = module


def _check_version(plugin: Plugin, module: object) -> None:
    version = getattr(module, "TICKLOOM_API_VERSION", None)
    if version is None:
        raise PluginError(
            f"{plugin.target} does not state the plugin API that it was written for; "
            f"add 'TICKLOOM_API_VERSION = {API_VERSION}' to it"
        )
    if version != API_VERSION:
        newer = isinstance(version, int) and version > API_VERSION
        upgrade = "upgrade tickloom" if newer else f"upgrade {plugin.distribution}"
        raise ApiVersionError(
            f"{plugin} was written for plugin API {version!r}, this tickloom offers "
            f"{API_VERSION}; {upgrade}",
            f"{upgrade}, or remove it: pip uninstall {plugin.distribution}",
        )


def _check_marks(plugin: Plugin, module: object) -> None:
    """A function that looks like a hook must be marked: pluggy passes over one that is not."""
    if not isinstance(module, ModuleType):
        return
    for name in dir(module):
        function = getattr(module, name)
        if name.startswith(f"{PROJECT}_register_") and callable(function):
            options = getattr(function, f"{PROJECT}_impl", None)
            if options is None:
                raise PluginError(f"{plugin.target}.{name} is not marked; decorate it: @hookimpl")
            if options.get("wrapper") or options.get("hookwrapper"):
                raise PluginError(
                    f"{plugin.target}.{name} is a wrapper; hooks return specs: use plain @hookimpl"
                )


def _unknown_hooks(plugin: Plugin, manager: pluggy.PluginManager) -> str:
    unknown = [
        name
        for name, caller in vars(manager.hook).items()
        if isinstance(caller, pluggy.HookCaller) and not caller.has_spec()
        if any(each.plugin_name == plugin.id for each in caller.get_hookimpls())
    ]
    near = difflib.get_close_matches(unknown[0], HOOK_NAMES, n=1)
    guess = f"did you mean {near[0]}? " if near else ""
    return (
        f"{plugin.target} implements {', '.join(unknown)}, which is no hook; "
        f"{guess}hooks: {', '.join(HOOK_NAMES)}"
    )


def _check_target(plugin: Plugin) -> None:
    """importlib.metadata fails on one that it cannot split with an AttributeError of its own."""
    if not _TARGET.fullmatch(plugin.target):
        raise PluginError(
            f"expected an entry point 'module' or 'module:object'; found {plugin.target!r}"
        )


def _import_remedy(plugin: Plugin, error: BaseException) -> str:
    remove = f"or remove it: pip uninstall {plugin.distribution}"
    if isinstance(error, ModuleNotFoundError) and error.name:
        missing = error.name.partition(".")[0]
        if missing == plugin.target.partition(":")[0].partition(".")[0]:
            return f"reinstall it: pip install --force-reinstall {plugin.distribution}, {remove}"
        return f"install the module {missing!r} that it needs into this environment, {remove}"
    if isinstance(error, SystemExit):
        return f"a plugin must not call sys.exit() while it is imported: upgrade it, {remove}"
    return f"upgrade {plugin.distribution} or tell its authors, {remove}"
