"""What is killed: a session that drives the store alone, and a real pack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

from tests.store.crash import session

from tickloom.files import FileLayer
from tickloom.packing.api import pack
from tickloom.store.api import open_store
from tickloom.store.verify import verify_store
from tickloom.store.writer import StoreWriter


class Scenario(Protocol):
    """Something that writes into a store."""

    def run(self, store: Path, files: FileLayer) -> None:
        """Do it, through ``files``."""
        ...

    def look(self, store: Path) -> str:
        """After a crash: which state the store is in; fails if it is none, or not whole."""
        ...

    def rerun(self, store: Path) -> None:
        """Do it again, undisturbed; fails if the result is not that of a run that never crashed."""
        ...


class Session:
    """The session of :mod:`tests.store.crash.session`; ``folder`` holds what it needs."""

    def __init__(self, folder: Path) -> None:
        self.parts = folder / "parts"
        self.expected: dict[str, str] = json.loads((folder / "expected.json").read_text())

    def run(self, store: Path, files: FileLayer) -> None:
        session.run(store, self.parts, files)

    def look(self, store: Path) -> str:
        return str(session.check(store, self.parts))

    def rerun(self, store: Path) -> None:
        session.rerun_converges(store, self.parts, self.expected)


class Pack:
    """A pack of two overlapping source folders into a store that has the first one."""

    def __init__(self, folder: Path) -> None:
        self.raw = folder / "raw"
        self.expected: dict[str, str] = json.loads((folder / "expected.json").read_text())
        self.before: dict[str, str] = json.loads((folder / "before.json").read_text())

    def run(self, store: Path, files: FileLayer) -> None:
        # Only in a forked child: the packer opens its writer without a layer.
        StoreWriter.open.__func__.__kwdefaults__["files"] = files  # type: ignore[attr-defined]
        pack_folders([self.raw], store)

    def look(self, store: Path) -> str:
        report = verify_store(store)
        assert report.problems == []
        left = {path.name for path in (store / "_tickloom").iterdir()}
        assert left <= {"manifest.json", "index", "lock", "lock.owner", "quarantine"}, left
        new = 0
        for part in open_store(store).partitions():
            name = part.key.file().as_posix()
            digest = session.tree(store)[name]
            assert digest in (self.before.get(name), self.expected[name]), f"{name} is neither"
            new += digest == self.expected[name]
        return str(new)

    def rerun(self, store: Path) -> None:
        pack_folders([self.raw], store)
        assert verify_store(store).problems == []
        found = session.tree(store)
        assert found == self.expected, set(found.items()) ^ set(self.expected.items())
        again = pack_folders([self.raw], store)
        assert again > 0, "nothing was skipped"


def pack_folders(folders: list[Path], store: Path) -> int:
    """Pack with threads, since forked children may not start processes; the skipped sources."""
    return pack(folders, store, executor="threads", workers=1).sources_skipped


SCENARIOS = {"session": Session, "pack": Pack}
