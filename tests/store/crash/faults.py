"""File layers that stop, fail or record at a chosen system call."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tickloom.files import FileLayer

Phase = Literal["before", "during", "after"]
PHASES: tuple[Phase, ...] = ("before", "during", "after")


@dataclass
class Operation:
    """One call of the layer."""

    name: str
    path: Path
    data: bytes = b""
    target: Path | None = None


class Interposed(FileLayer):
    """Calls :meth:`around` for every operation, with the action that carries it out."""

    def around(self, op: Operation, act: Callable[[], None], half: Callable[[], None]) -> None:
        """``half`` carries out the first half, where there is such a thing."""
        act()

    def write(self, path: Path, data: bytes) -> None:
        plain = super()
        self.around(
            Operation("write", path, data),
            lambda: plain.write(path, data),
            lambda: plain.write(path, data[: len(data) // 2]),
        )

    def append(self, path: Path, data: bytes) -> None:
        plain = super()
        self.around(
            Operation("append", path, data),
            lambda: plain.append(path, data),
            lambda: plain.append(path, data[: len(data) // 2]),
        )

    def truncate(self, path: Path, size: int) -> None:
        plain = super()
        self.around(Operation("truncate", path), lambda: plain.truncate(path, size), _nothing)

    def fsync(self, path: Path) -> None:
        plain = super()
        name = "fsync_dir" if path.is_dir() else "fsync"
        self.around(Operation(name, path), lambda: plain.fsync(path), _nothing)

    def rename(self, source: Path, target: Path) -> None:
        plain = super()
        operation = Operation("rename", source, target=target)
        self.around(operation, lambda: plain.rename(source, target), _nothing)

    def unlink(self, path: Path) -> None:
        plain = super()
        self.around(Operation("unlink", path), lambda: plain.unlink(path), _nothing)

    def mkdir(self, path: Path) -> None:
        plain = super()
        self.around(Operation("mkdir", path), lambda: plain.mkdir(path), _nothing)

    def remove_tree(self, path: Path) -> None:
        plain = super()

        def half() -> None:
            for file in [file for file in path.rglob("*") if file.is_file()][::2]:
                file.unlink()

        self.around(Operation("remove_tree", path), lambda: plain.remove_tree(path), half)


def _nothing() -> None:
    pass


class Counted(Interposed):
    """Counts operations, and does something at one of them."""

    def __init__(self, at: int = -1, phase: Phase = "before") -> None:
        self.count = 0
        self.at = at
        self.phase = phase

    def around(self, op: Operation, act: Callable[[], None], half: Callable[[], None]) -> None:
        here = self.count == self.at
        self.count += 1
        if here and self.phase == "before":
            self.strike(op)
        if here and self.phase == "during":
            half()
            self.strike(op)
        act()
        if here and self.phase == "after":
            self.strike(op)

    def strike(self, op: Operation) -> None:
        """What happens at the chosen operation."""


class Killing(Counted):
    """SIGKILL at one operation."""

    def strike(self, op: Operation) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Signalling(Counted):
    """SIGTERM at one operation."""

    def strike(self, op: Operation) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


class Failing(Counted):
    """An I/O error at one operation; ``during`` half of it is done, ``after`` all of it."""

    def __init__(self, at: int, phase: Phase, number: int) -> None:
        super().__init__(at, phase)
        self.number = number

    def strike(self, op: Operation) -> None:
        raise OSError(self.number, os.strerror(self.number), str(op.path))


class FullDisk(Interposed):
    """No space from the operation ``at`` on: what needs none still works."""

    def __init__(self, at: int) -> None:
        self.count = 0
        self.at = at

    def around(self, op: Operation, act: Callable[[], None], half: Callable[[], None]) -> None:
        self.count += 1
        if self.count > self.at and op.name in ("write", "append", "mkdir"):
            half()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(op.path))
        act()


class DeadDisk(Interposed):
    """Every operation fails from the operation ``at`` on."""

    def __init__(self, at: int) -> None:
        self.count = 0
        self.at = at

    def around(self, op: Operation, act: Callable[[], None], half: Callable[[], None]) -> None:
        self.count += 1
        if self.count > self.at:
            half()
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(op.path))
        act()
