"""What the built-in plugins register."""

from __future__ import annotations

from collections.abc import Iterable

from tickloom import ExecutorSpec, ReaderSpec, TransformSpec, WriterSpec, hookimpl

TICKLOOM_API_VERSION = 1


@hookimpl
def tickloom_register_readers() -> Iterable[ReaderSpec]:
    """Readers of raw vendor files."""
    from tickloom_plugins.readers import READERS

    return READERS


@hookimpl
def tickloom_register_transforms() -> Iterable[TransformSpec]:
    """The documented pipeline's transforms."""
    from tickloom_plugins.transforms import TRANSFORMS

    return TRANSFORMS


@hookimpl
def tickloom_register_writers() -> Iterable[WriterSpec]:
    """The Parquet writer."""
    from tickloom_plugins.writers import WRITERS

    return WRITERS


@hookimpl
def tickloom_register_executors() -> Iterable[ExecutorSpec]:
    """Threads and spawned processes."""
    from tickloom_plugins.executors import EXECUTORS

    return EXECUTORS
