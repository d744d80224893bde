"""Tests of what a package index does not have: a browser, a database, an object store, a cluster.

They are marked ``services`` and run by ``make services``, not by ``make test``. Called by hand they
skip where their program cannot be had; ``make services`` asks for all of them, and there a skip is
a failure.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Final

import pytest

REQUIRED: Final = "TICKLOOM_SERVICES"
"""Environment variable; with the value ``required`` nothing may be skipped."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.get_closest_marker("services"):
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that skips itself shows no marks: none may while services are asked for."""
    report = yield
    _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and os.environ.get(REQUIRED) == "required":
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = (
            f"{why}\nexpected every service, as {REQUIRED}=required asks; "
            ".ci/programs installs what is missing"
        )
