"""Power loss at every system call, with whatever was not fsynced dropped, torn or kept."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.store.crash import session
from tests.store.crash.conftest import FULL, sample
from tests.store.crash.power import (
    Recording,
    Step,
    acknowledged_before,
    crash_state,
    materialise,
)

from tickloom.errors import TickloomError

SEED = 20250801

MakeStore = Callable[[], Path]


class LossError(Exception):
    """A replay found a store that is neither the old one nor the new one."""


class Replay:
    """A recorded session, and the states of the disk that power loss can leave of it."""

    def __init__(self, store: Path, parts: Path, scratch: Path) -> None:
        paths = [store, *store.rglob("*")]
        self.initial = {
            path.relative_to(store.parent).as_posix(): None if path.is_dir() else path.read_bytes()
            for path in paths
        }
        self.times = {
            path.relative_to(store.parent).as_posix(): path.stat().st_mtime_ns for path in paths
        }
        self.parts, self.scratch, self.name = parts, scratch, store.name
        recording = Recording(store)
        session.run(store, parts, recording, recording.acknowledged)
        self.steps = recording.steps

    def look(self, end: int, keep: float, rng: random.Random, steps: Sequence[Step]) -> int:
        """Power is lost behind ``steps[:end]``; the state that recovery finds. Raises LossError."""
        tree = crash_state(self.initial, list(steps[:end]), rng, keep)
        for path, content in tree.items():
            if content is not None and content[1] == 0:
                tree[path] = content[0], self.times.get(path, 1)
        shutil.rmtree(self.scratch, ignore_errors=True)
        materialise(tree, self.scratch)
        store = self.scratch / self.name
        try:
            return session.check(store, self.parts, at_least=acknowledged_before(self.steps[:end]))
        except (AssertionError, TickloomError) as error:
            at = f"{steps[end - 1].kind} {steps[end - 1].path}"
            raise LossError(f"seed {SEED}, call {end} ({at}), keep {keep}: {error!r}") from error


def test_power_loss_at_every_call(
    fresh_store: MakeStore, tmp_path: Path, parts: Path, undisturbed: dict[str, str]
) -> None:
    replay = Replay(fresh_store(), parts, tmp_path / "replay")
    promises = [step.state for step in replay.steps if step.kind == "acknowledged"]
    assert promises == [0, 1, 2, 3, 4, 4]
    rng = random.Random(SEED)
    seen = []
    for end in sample(list(range(len(replay.steps) + 1)), 4):
        for keep in (0.0, 1.0, *([0.5] * (10 if FULL else 1))):
            seen.append(replay.look(end, keep, rng, replay.steps))
            session.rerun_converges(replay.scratch / replay.name, parts, undisturbed)
    assert set(seen) == set(range(len(session.STATES)))
    assert len(seen) >= (800 if FULL else 50)


def test_power_loss_during_the_first_pack(tmp_path: Path, parts: Path) -> None:
    """The store itself, and the folders that it lies in, are new."""
    (tmp_path / "disk").mkdir()
    recording = Recording(tmp_path / "disk" / "new")
    store = tmp_path / "disk" / "new" / "store"
    session.begin(store, parts, recording, recording.acknowledged)
    rng = random.Random(SEED)
    seen = set()
    for end in range(len(recording.steps) + 1):
        for keep in (0.0, *([0.5] * (10 if FULL else 1))):
            root = tmp_path / "replay"
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir()
            materialise(crash_state({}, recording.steps[:end], rng, keep), root)
            promised = acknowledged_before(recording.steps[:end])
            seen.add(session.check_beginning(root / "new" / "store", parts, promised))
    assert seen == {0, 1, 2}


@pytest.mark.parametrize("forgotten", ["fsync", "fsync_dir"])
def test_the_replay_notices_a_missing_fsync(
    fresh_store: MakeStore, tmp_path: Path, parts: Path, forgotten: str
) -> None:
    """The proof above is worth something only if it fails where the protocol is wrong."""
    replay = Replay(fresh_store(), parts, tmp_path / "replay")
    careless = [
        Step("write" if forgotten == "fsync" else "mkdir", step.path, data=step.data)
        if step.kind == forgotten
        else step
        for step in replay.steps
    ]
    rng = random.Random(SEED)

    def replay_all() -> None:
        for end in range(len(careless) + 1):
            replay.look(end, 0.5, rng, careless)

    with pytest.raises(LossError):
        replay_all()
