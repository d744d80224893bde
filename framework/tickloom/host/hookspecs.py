"""The hooks. Each returns specs, an iterable of frozen dataclasses, and does nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tickloom.host.markers import hookspec

if TYPE_CHECKING:
    from tickloom.specs import (
        CalendarSpec,
        ExecutorSpec,
        KernelSpec,
        ReaderSpec,
        TransformSpec,
        WriterSpec,
    )


@hookspec
def tickloom_register_readers() -> Iterable[ReaderSpec]:  # type: ignore[empty-body]
    """Readers of raw vendor files: source folders in, batches of one contract each out."""


@hookspec
def tickloom_register_transforms() -> Iterable[TransformSpec]:  # type: ignore[empty-body]
    """Transforms of ticks on their way into the store, ordered by what they need and give."""


@hookspec
def tickloom_register_writers() -> Iterable[WriterSpec]:  # type: ignore[empty-body]
    """File formats of the store's partitions."""


@hookspec
def tickloom_register_kernels() -> Iterable[KernelSpec]:  # type: ignore[empty-body]
    """Strategy kernels."""


@hookspec
def tickloom_register_executors() -> Iterable[ExecutorSpec]:  # type: ignore[empty-body]
    """Factories of ``concurrent.futures.Executor`` that packing and running spread over."""


@hookspec
def tickloom_register_calendars() -> Iterable[CalendarSpec]:  # type: ignore[empty-body]
    """Calendars: how an exchange names its contracts, when they expire, when it trades."""
