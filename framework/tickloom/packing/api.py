"""``tickloom.pack``: raw files into a store."""

from __future__ import annotations

import time
from collections.abc import Iterable
from os import PathLike

from tickloom.errors import UsageError
from tickloom.host import get_host
from tickloom.packing.report import PackReport
from tickloom.packing.workers.budget import budget_for
from tickloom.paths import local_path
from tickloom.progress import Phases, untold_phases

AnyPath = str | PathLike[str]


def pack(
    sources: AnyPath | Iterable[AnyPath],
    store: AnyPath,
    *,
    reader: str | None = None,
    writer: str | None = None,
    mapping: AnyPath | None = None,
    calendar: AnyPath | None = None,
    dialect: str = "",
    memory: int | None = None,
    workers: int | None = None,
    executor: str = "tickloom:processes",
    replace: bool = False,
    rehash: bool = False,
    add_columns: bool = False,
    timeout: float | None = None,
    wait: float = 0.0,
    without: AnyPath | Iterable[AnyPath] = (),
    progress: Phases | None = None,
) -> PackReport:
    """Pack the raw files below ``sources`` into the store at ``store``, which is made if need be.

    ``reader`` names the one reader to ask, otherwise all readers claim what they know. ``writer``
    is the format of a new store's partitions, ``parquet`` by default; a store keeps its own.
    ``mapping`` and ``calendar`` are files for the reader and the calendar, ``dialect`` says how the
    vendor writes symbols: a source keeps it until another is named. ``memory`` bounds all
    processes together, bytes: a quarter of the machine by default, at least 512 MiB. ``workers``
    is one a core by default, ``executor`` what they are. ``replace`` builds the partitions of
    changed sources afresh from all sources that the manifest names; ``rehash`` compares contents
    instead of times; ``add_columns`` lets new columns into an existing store. ``wait`` is how many
    seconds to wait for another writer of the store, ``timeout`` after how many without any result
    from the workers to give up: never by default. ``without`` (then there are no ``sources``)
    names files or folders whose rows are to leave the store: their partitions are built afresh
    from the other sources. ``progress(phase)`` is called as a phase begins
    ('reading', then 'packing'); what it returns is called as ``(done, total)``, with sources, then
    with partitions.

    A script calls this below ``if __name__ == "__main__":``, since spawned workers import it.
    Raises :class:`tickloom.errors.TickloomError` and its kinds; input that cannot be used raises
    nothing, it is in the report.
    """
    from tickloom.packing.pipeline import Packing, Request
    from tickloom.packing.workers.allocators import allocators

    started = time.perf_counter()
    paths = [sources] if isinstance(sources, str | PathLike) else list(sources)
    gone = [without] if isinstance(without, str | PathLike) else list(without)
    if not paths and not gone:
        raise UsageError("expected at least one source folder or file")
    if paths and gone:
        raise UsageError(
            "expected sources to pack, or without=... to take some out; found both. Do one after "
            "the other"
        )
    spec = get_host().executors.get(executor)
    request = Request(
        sources=tuple(local_path(path).resolve() for path in paths),
        store=local_path(store).absolute(),  # a plugin may change the current folder
        reader=reader,
        writer=writer,
        mapping=local_path(mapping).resolve() if mapping else None,
        calendar=local_path(calendar).resolve() if calendar else None,
        dialect=dialect,
        executor=spec,
        budget=budget_for(memory, workers, shares_memory=spec.shares_memory),
        replace=replace,
        rehash=rehash,
        add_columns=add_columns,
        timeout=timeout,
        wait=wait,
        without=tuple(local_path(path).resolve() for path in gone),
    )
    # Around everything: Polars, once imported, does not change its ways any more.
    with allocators(frugal=request.budget.frugal):
        report = Packing(request, progress or untold_phases).run()
    report.elapsed_s = time.perf_counter() - started
    return report
