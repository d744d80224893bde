"""The kit for plugin modules catches planted faults, each for the right reason."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tickloom import ExecutorSpec, hookimpl
from tickloom.errors import PluginError
from tickloom.testing import PluginTests

KIT = PluginTests()


def module(**attributes: Any) -> ModuleType:
    made = ModuleType("acme.plugin")
    made.TICKLOOM_API_VERSION = 1  # type: ignore[attr-defined]
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def offering(specs: Any) -> ModuleType:
    def tickloom_register_executors() -> Any:
        return specs() if callable(specs) else specs

    return module(tickloom_register_executors=hookimpl(tickloom_register_executors))


SPEC = ExecutorSpec(name="x", summary="s", create=lambda n: None, shares_memory=True)  # type: ignore[arg-type,return-value]


def test_a_good_module_passes() -> None:
    KIT.test_the_host_takes_it(offering([SPEC]))
    KIT.test_its_hooks_offer_specs(offering([SPEC]))
    KIT.test_it_keeps_stdout_free(offering([SPEC]))


def test_another_api_version() -> None:
    with pytest.raises(PluginError, match="plugin API 9"):
        KIT.test_the_host_takes_it(module(TICKLOOM_API_VERSION=9))


def test_a_hook_that_offers_nothing() -> None:
    with pytest.raises(AssertionError, match="no hook that returns a spec"):
        KIT.test_its_hooks_offer_specs(offering([]))


def test_a_hook_that_offers_something_else() -> None:
    with pytest.raises(AssertionError, match="must return ExecutorSpec objects; found str"):
        KIT.test_its_hooks_offer_specs(offering(["x"]))


def test_a_hook_that_prints() -> None:
    with pytest.raises(AssertionError, match="prints to stdout"):
        KIT.test_it_keeps_stdout_free(offering(lambda: print("hello") or [SPEC]))
