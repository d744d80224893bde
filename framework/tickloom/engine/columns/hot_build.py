"""Builds hot files: looks at every value first, tells the size, then writes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tickloom.arrow import array_of
from tickloom.engine.columns.hot_file import HOT, KEY, HotFacts, describe, find, hot_path
from tickloom.engine.columns.hot_types import Array, fitting, narrowed, widest
from tickloom.engine.columns.slices import cut
from tickloom.engine.columns.stored import stored_columns
from tickloom.engine.columns.values import as_numbers
from tickloom.engine.kernels.columns import column_kind
from tickloom.errors import StoreError, UsageError
from tickloom.files import SYSTEM
from tickloom.progress import Progress, counted, untold
from tickloom.store.api import Partition, Store
from tickloom.store.layout import CONTROL_DIR

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS: Final = ("price", "bp0", "sp0", "volume")
"""What is built unless columns are named: what strategies on the best quotes read."""

BATCH_ROWS: Final = 1_000_000
"""Rows that are held at a time. A batch is whole contracts, so that none lies across an edge."""

Done = Callable[[int], None]
"""``done(rows)``: called from any thread with the rows that are done since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSurvey:
    """What building the hot tier will write."""

    missing: tuple[tuple[Partition, tuple[str, ...]], ...]
    """Partitions without a current hot file of the columns, each with what its file will have."""

    current: int
    """Partitions that have one already."""

    types: Mapping[str, str]
    """The type of each column."""

    nulls: tuple[Mapping[str, int], ...]
    """Nulls by column, for each of ``missing``."""

    size: int
    """Bytes that will be written."""


def examine(
    store: Store,
    partitions: Sequence[Partition],
    columns: Sequence[str],
    *,
    workers: int,
    progress: Progress = untold,
) -> HotSurvey:
    """Look at every value of ``columns`` in the partitions that need a hot file.

    A file that is replaced keeps its columns. ``progress`` counts rows. Raises
    :class:`UsageError` for a column that does not exist or a store without a manifest.
    """
    columns = stored_columns(store, columns)
    for name in columns:
        column_kind(name)
    if not store.managed:
        raise UsageError(
            f"{store.path} has no manifest, whose digests a hot tier is tied to; make one with "
            "'tickloom adopt STORE'"
        )
    missing = []
    for partition in partitions:
        if find(store.path, partition, columns) is None:
            missing.append((partition, _with_present(store, partition, columns)))
    done = counted(progress, sum(partition.rows for partition, _ in missing))
    with ThreadPoolExecutor(workers, thread_name_prefix="tickloom-hot") as pool:
        looks = list(pool.map(lambda pair: _look(pair[0], pair[1], done), missing))
    names = {name for _, wanted in missing for name in wanted}
    # One type per column for the whole store, so that one compiled loop serves all partitions.
    types = {n: widest(look.types[n] for look in looks if n in look.types) for n in sorted(names)}
    size = sum(p.rows * sum(np.dtype(types[n]).itemsize for n in cols) for p, cols in missing)
    return HotSurvey(
        missing=tuple(missing),
        current=len(partitions) - len(missing),
        types=types,
        nulls=tuple(look.nulls for look in looks),
        size=size,
    )


def build(store: Store, survey: HotSurvey, *, workers: int, progress: Progress = untold) -> None:
    """Write the files of ``survey``, each whole or not at all, and remove those of other days;
    ``progress`` counts rows.

    Raises :class:`StoreError` if the disk has no room for them or they cannot be written.
    """
    folder = store.path / CONTROL_DIR / HOT
    try:
        folder.mkdir(exist_ok=True)
        free = shutil.disk_usage(folder).free
        if survey.size > free:
            raise StoreError(
                f"the hot tier needs {survey.size:,} bytes; {folder} has {free:,} free. Name fewer "
                "columns or days, or make room"
            )
        _remove_orphans(store)
        done = counted(progress, sum(partition.rows for partition, _ in survey.missing))
        _write_all(store, survey, workers, done)
    except OSError as error:
        raise StoreError(
            f"the hot tier cannot be written to {folder}: {error}; runs do without it (--no-hot)"
        ) from error


def _write_all(store: Store, survey: HotSurvey, workers: int, done: Done) -> None:
    with ThreadPoolExecutor(workers, thread_name_prefix="tickloom-hot") as pool:
        jobs = [
            pool.submit(_write, store.path, partition, names, survey.types, nulls, done)
            for (partition, names), nulls in zip(survey.missing, survey.nulls, strict=True)
        ]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            for job in jobs:
                job.cancel()
            raise


@dataclass(frozen=True, slots=True)
class _Look:
    types: Mapping[str, str]
    nulls: Mapping[str, int]


def _with_present(store: Store, partition: Partition, columns: Sequence[str]) -> tuple[str, ...]:
    """``columns`` and those of the file that will be replaced."""
    path = hot_path(store.path, partition.key)
    file = describe(path) if path.exists() else None
    present = stored_columns(store, file[0].types) if file else ()
    return tuple(sorted({*columns, *present}))


def _look(partition: Partition, names: Sequence[str], done: Done) -> _Look:
    types: dict[str, list[str]] = {name: [column_types(name)[0]] for name in names}
    nulls = dict.fromkeys(names, 0)
    for table in _batches(partition, names):
        for name in names:
            column = table.column(name)
            nulls[name] += column.null_count
            types[name].append(fitting(_values(table, name)))
        done(table.num_rows)
    return _Look({name: widest(found) for name, found in types.items()}, nulls)


def column_types(name: str) -> tuple[str, ...]:
    """The types that a column can have in the tier, the narrowest first."""
    return ("int32", "float64") if column_kind(name) == "float64" else ("int32", "int64")


def _write(
    store: Path,
    partition: Partition,
    names: Sequence[str],
    types: Mapping[str, str],
    nulls: Mapping[str, int],
    done: Done,
) -> None:
    import pyarrow as pa

    assert partition.entry is not None
    path = hot_path(store, partition.key)
    path.parent.mkdir(exist_ok=True)
    facts = HotFacts(sha256=partition.entry.sha256, nulls=dict(nulls))
    schema = pa.schema(
        [pa.field(n, pa.from_numpy_dtype(np.dtype(types[n])), nullable=False) for n in names],
        metadata={KEY: msgspec.json.encode(facts)},
    )
    # A name must not become durable before its content: that would be a stale answer.
    with SYSTEM.replacing(path, durable=True) as unfinished:
        with unfinished.open("wb") as file, pa.ipc.new_file(file, schema) as writer:
            for table in _batches(partition, names):
                arrays = [array_of(narrowed(_values(table, n), types[n])) for n in names]
                writer.write_batch(pa.record_batch(arrays, schema=schema))
                done(table.num_rows)
        partition.confirm()


def _batches(partition: Partition, names: Sequence[str]) -> Iterator[pa.Table]:
    """The partition's rows in tables of whole contracts."""
    contracts = partition.contracts()
    file = partition.file()
    parts = cut(0, partition.key, file, contracts, BATCH_ROWS) if len(contracts) else ()
    ranges = [(int(part.starts[0]), part.total) for part in parts]
    yield from partition.writer.scan(file, names, ranges)


def _values(table: pa.Table, name: str) -> Array:
    chunks = [as_numbers(chunk, name) for chunk in table.column(name).chunks]
    return np.concatenate(chunks)


def _remove_orphans(store: Store) -> None:
    """Remove hot files whose partition is gone."""
    known = {hot_path(store.path, partition.key) for partition in store.partitions()}
    for path in (store.path / CONTROL_DIR / HOT).glob("*/*.arrow"):
        if path not in known:
            path.unlink(missing_ok=True)
