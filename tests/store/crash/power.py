"""What a disk may hold after power was lost: a replay of recorded calls with unsynced ones dropped.

The model is harsher than any journal: a file's content is there as of its last fsync, and what was
written since is there, torn, zeroed or gone; a name (created, renamed, removed) is sure only once
its folder was fsynced, and each unsure one is dropped or kept by itself.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.store.crash.faults import Interposed, Operation


@dataclass
class Content:
    """The content of one file, over its renames."""

    durable: bytes | None
    """As of the last fsync; None if it never had one."""

    volatile: bytes
    """As written."""

    mtime_ns: int = 0


@dataclass
class Step:
    """One recorded call, or the acknowledgement of a commit."""

    kind: str
    path: str = ""
    target: str = ""
    data: bytes = b""
    mtime_ns: int = 0
    state: int = -1


@dataclass
class Recording(Interposed):
    """Carries everything out and keeps a list of it, with paths relative to the store."""

    store: Path
    steps: list[Step] = field(default_factory=list)

    def around(self, op: Operation, act: Callable[[], None], half: Callable[[], None]) -> None:
        gone = [self.relative(p) for p in op.path.rglob("*")] if op.name == "remove_tree" else []
        existed = op.path.exists()
        act()
        path = self.relative(op.path)
        if op.name == "fsync":
            # A writer plugin made the file: what it wrote is known from its fsync on.
            mtime = op.path.stat().st_mtime_ns
            self.steps.append(Step("fsync", path, data=op.path.read_bytes(), mtime_ns=mtime))
        elif op.name == "remove_tree":
            self.steps += [Step("unlink", name) for name in sorted(gone, reverse=True)]
            self.steps += [Step("unlink", path)] if existed else []
        elif op.name == "rename":
            assert op.target is not None
            self.steps.append(Step("rename", path, target=self.relative(op.target)))
        elif op.name == "truncate" or op.name in ("write", "append"):
            self.steps.append(Step("write", path, data=op.path.read_bytes()))
        else:
            self.steps.append(Step(op.name, path))

    def acknowledged(self, state: int) -> None:
        """Note that a commit returned."""
        self.steps.append(Step("acknowledged", state=state))

    def relative(self, path: Path) -> str:
        name = path.relative_to(self.store.parent).as_posix()
        return "" if name == "." else name


def acknowledged_before(steps: list[Step]) -> int:
    """The state that the last commit in ``steps`` promised."""
    return max((step.state for step in steps), default=0)


def crash_state(
    initial: dict[str, bytes | None], steps: list[Step], rng: random.Random, keep: float
) -> dict[str, tuple[bytes, int] | None]:
    """The tree after power was lost behind ``steps``: path to content and time, folders to None.

    Each call that was not made durable happened with probability ``keep``.
    """
    tree: dict[str, Content | None] = {
        path: None if data is None else Content(data, data) for path, data in initial.items()
    }
    made: dict[str, Content] = {}
    for at, step in enumerate(steps):
        sure = _is_durable(step, steps[at + 1 :])
        happened = sure or rng.random() < keep
        match step.kind:
            case "write" | "fsync":
                content = tree.get(step.path) or made.get(step.path)
                if content is None:
                    content = made[step.path] = Content(None, b"")
                    if happened and _has_folder(tree, step.path):
                        tree[step.path] = content
                content.volatile = step.data
                if step.kind == "fsync":
                    content.durable, content.mtime_ns = step.data, step.mtime_ns
            case "mkdir" if happened and _has_folder(tree, step.path):
                tree.setdefault(step.path, None)
            case "unlink":
                made.pop(step.path, None)
                if happened:
                    tree.pop(step.path, None)
            case "rename":
                source = made.pop(step.path, None)
                if source is not None:
                    made[step.target] = source
                if happened and _has_folder(tree, step.target):
                    # The new name is there with its file, even where the old one never was.
                    moved = tree.pop(step.path, None) or source
                    if moved is not None:
                        tree[step.target] = moved
    return {
        path: None if content is None else (_survivor(content, rng), content.mtime_ns)
        for path, content in tree.items()
        if _has_folder(tree, path)
    }


def materialise(tree: dict[str, tuple[bytes, int] | None], root: Path) -> None:
    """Put the tree on a disk."""
    for path in sorted(tree):
        content = tree[path]
        if content is None:
            (root / path).mkdir(parents=True, exist_ok=True)
        else:
            (root / path).write_bytes(content[0])
            os.utime(root / path, ns=(content[1], content[1]))


def _is_durable(step: Step, later: list[Step]) -> bool:
    name = step.target or step.path
    folder = name.rpartition("/")[0]
    return any(other.kind == "fsync_dir" and other.path == folder for other in later)


def _has_folder(tree: dict[str, Content | None], path: str) -> bool:
    folder = path.rpartition("/")[0]
    while folder:
        if folder not in tree:
            return False
        folder = folder.rpartition("/")[0]
    return True


def _survivor(content: Content, rng: random.Random) -> bytes:
    """What is left of a file: its last durable content, or more or less of what came after."""
    new, old = content.volatile, content.durable
    if new == old:
        return new
    choices = [old or b"", new]
    if old is not None and new.startswith(old):
        cut = rng.randint(len(old), len(new))
        hole = bytes(cut - len(old))
        choices += [new[:cut], old + hole + new[cut:], old + bytes(len(new) - len(old))]
    else:
        choices += [new[: rng.randint(0, len(new))], b"\0" * len(new)]
    return rng.choice(choices)
