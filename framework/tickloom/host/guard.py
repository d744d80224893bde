"""Functions of a plugin's specs that name the plugin where they fail.

Readers, transforms and executors are looked after where they are called; what is called in many
places is guarded once, when it is registered.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar

from tickloom.errors import PluginError, StoreError, TickloomError
from tickloom.host.plugin import BUILT_IN, Plugin
from tickloom.specs import CalendarSpec, WriterSpec

S = TypeVar("S")
F = TypeVar("F", bound=Callable[..., Any])


def guarded(spec: S, plugin: Plugin) -> S:
    """``spec`` whose functions raise a :class:`TickloomError` that names ``plugin``, its function
    and the exception, whatever they raise. The built-in ones are as they are."""
    if plugin.distribution == BUILT_IN:
        return spec
    if isinstance(spec, WriterSpec):
        named = f"writer {spec.name!r} of {plugin}"
        return replace(
            spec,
            write=_guarded(spec.write, f"{named} failed in write()", PluginError),
            scan=_guarded_rows(spec.scan, f"{named} failed in scan()"),
            summarise=_guarded(spec.summarise, f"{named} failed in summarise()", StoreError),
            check=_guarded_rows(spec.check, f"{named} failed in check()"),
        )
    if isinstance(spec, CalendarSpec):
        named = f"calendar {spec.name!r} of {plugin}"
        return replace(spec, load=_guarded(spec.load, f"{named} failed in load()", PluginError))
    return spec


def location(error: BaseException) -> str:
    """Where it was raised, for the author of the code."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""


def _guarded(function: F, what: str, kind: type[TickloomError]) -> F:
    @wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except (TickloomError, OSError, KeyboardInterrupt):
            raise
        except BaseException as error:  # SystemExit too: a plugin does not end the host
            raise _failed(what, error, kind) from error

    return call  # type: ignore[return-value]


def _guarded_rows(function: F, what: str) -> F:
    """Of a function that yields; what is wrong may be the file, so it is a store's error."""

    @wraps(function)
    def call(*args: Any, **options: Any) -> Iterator[Any]:
        rows = None
        while True:
            try:
                if rows is None:
                    rows = iter(function(*args, **options))
                row = next(rows)
            except StopIteration:
                return
            except (TickloomError, OSError, KeyboardInterrupt):
                raise
            except BaseException as error:
                raise _failed(what, error, StoreError) from error
            yield row

    return call  # type: ignore[return-value]


def _failed(what: str, error: BaseException, kind: type[TickloomError]) -> TickloomError:
    where = location(error)
    return kind(
        f"{what}: {type(error).__name__}: {error}{where}. The file may be damaged, or the plugin "
        "at fault: 'tickloom plugins list' names its version"
    )
