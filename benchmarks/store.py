"""The store: commits, verification, contract indexes."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
import time
from pathlib import Path

from benchmarks import calibration, sampling, sizes

COMMITS = 5
OPENS = 400
VERIFIES = 3
SCANS = 5


class Calibration(calibration.Calibration):
    """The host while this topic runs."""

    timer = time.perf_counter


def setup_cache() -> str:
    """A store of four partitions, and the documented script's files of the same rows."""
    from benchmarks.table.data import make_raw, make_stores

    folder = Path.cwd()
    make_stores(folder, make_raw(folder, sizes.scaled(800_000), strikes=16), executor="threads")
    return str(folder)


class Store(sampling.WallTimed):
    """What the store does around the rows."""

    repeat = sizes.repeats(3)

    def setup(self, folder: str) -> None:
        from tickloom import open_store

        self.store = Path(folder, "store")
        self.documented = Path(folder, "documented")
        self.partition = open_store(self.store).partitions()[0]
        # The first look at rows compiles the check of their order.
        open_store(self.documented).partitions()[0].index()
        shutil.rmtree("committed", ignore_errors=True)

    def time_commit(self, folder: str) -> None:
        """The same partition on several days: read back, digested, renamed into place."""
        from tickloom.store.layout import PartitionKey
        from tickloom.store.writer import StoreWriter

        with StoreWriter.open(Path("committed"), create=True) as writer:
            for day in range(COMMITS):
                date = self.partition.key.date + dt.timedelta(days=day)
                key = PartitionKey(date, self.partition.key.underlying)
                staged = writer.stage(key)
                staged.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.partition.file(), staged)
                writer.commit(key, staged, self.partition.index())

    def time_verify(self, folder: str) -> None:
        from tickloom.store.verify import verify_store

        for _ in range(VERIFIES):
            assert not verify_store(self.store).problems

    def time_index(self, folder: str) -> None:
        """The contract indexes of a store, from its sidecars."""
        from tickloom import open_store

        for _ in range(OPENS):
            for partition in open_store(self.store).partitions():
                assert partition.index().rows == partition.rows

    def time_index_by_scanning(self, folder: str) -> None:
        """The contract indexes of the documented files, which have none."""
        from tickloom import open_store

        for _ in range(SCANS):
            # What a scan found is remembered in the user's cache folder.
            with tempfile.TemporaryDirectory() as empty:
                os.environ["TICKLOOM_CACHE_DIR"] = empty
                for partition in open_store(self.documented).partitions():
                    assert partition.index().rows
