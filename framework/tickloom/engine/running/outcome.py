"""What every walk tells of itself, whichever loop was inside."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from tickloom.engine.running.job import Job
from tickloom.engine.running.memory import peak_rss
from tickloom.errors import StoreError, TickloomError, system_error
from tickloom.files import SYSTEM

if TYPE_CHECKING:
    import polars as pl

    from tickloom.engine.running.prepare import Preparer


@dataclass(frozen=True, slots=True)
class SkippedPartition:
    """A partition that was left out: a column that the kernel needs has no values there."""

    partition: str
    """``DATE/UNDERLYING``."""

    column: str
    """The first such column."""

    rows: int
    """Selected rows that were left out with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What results of runs and of sweeps have in common."""

    kernel: str
    """Name of the kernel."""

    ticks: str
    """What made a tick: ``price``, a last price; ``quote``, a bid and an ask."""

    fill: str
    """The fill mode."""

    latency: str
    """Between a decision and its order's arrival: ticks (``'3'``) or milliseconds (``'250ms'``)."""

    stale_ms: float
    """Milliseconds after which an unchanged quote fills nothing; 0: never."""

    cost_model: str
    """What fills paid, as ``costs`` takes it, with the amounts that were not said."""

    partitions: int
    """Partitions run over."""

    contracts: int
    """Contracts run over; one on two days counts twice."""

    rows: int
    """Rows run over, skipped ones included."""

    rows_skipped: int
    """Rows that are no ticks, without a usable price or quote, which the kernel never saw."""

    rows_read: int
    """Rows taken from the files: more than ``rows`` where unselected contracts lie between."""

    partitions_skipped: tuple[SkippedPartition, ...]
    """Partitions left out, in the store's order."""

    executor: str
    """What the work was spread over."""

    workers: int
    """How many workers there were."""

    elapsed_s: float
    """Seconds from the first look at the store to the last result, without loading or compiling
    the kernel and without building hot files."""

    compile_s: float
    """Seconds spent compiling; 0 when the kernel came from the cache."""

    peak_rss_mb: float
    """The most memory used, 2**20 bytes; worker processes are added up."""

    table: pl.DataFrame = field(repr=False)
    """What was found, in rows."""

    SUMMARY: ClassVar[str]
    """Names of what ``--json`` prints, in order, without the partitions that were skipped."""

    def summary(self) -> dict[str, Any]:
        """The totals as plain values: what ``--json`` prints."""
        return {name: _plain(getattr(self, name)) for name in self.SUMMARY.split()} | {
            "partitions_skipped": [
                {"partition": each.partition, "column": each.column, "rows": each.rows}
                for each in self.partitions_skipped
            ],
        }

    def write_summary(self, folder: Path) -> None:
        """Write ``result.json`` into ``folder``; raises :class:`OSError`."""
        encoded = msgspec.json.format(msgspec.json.encode(self.summary()), indent=2)
        with SYSTEM.replacing(folder / "result.json") as fresh:
            fresh.write_bytes(encoded + b"\n")


def write_table(table: pl.DataFrame, path: Path) -> None:
    """Write ``table`` as the Parquet file ``path``, whole or not at all. Raises OSError."""
    import polars as pl

    with SYSTEM.replacing(path) as fresh, fresh.open("wb") as file:
        try:
            table.write_parquet(file)
        except pl.exceptions.PolarsError as error:  # also where the disk is full
            raise OSError(f"{path}: {str(error).rpartition('IO error: ')[2]}") from error


def unwritten(folder: Path, error: OSError) -> TickloomError:
    """The error for results that cannot be written."""
    return TickloomError(f"cannot write the results to {folder}: {system_error(error)}")


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def told(
    preparer: Preparer[Any],
    *,
    elapsed_s: float,
    skipped: Sequence[SkippedPartition],
    peaks: Mapping[int, int],
) -> dict[str, Any]:
    """The fields of :class:`Outcome` that do not depend on what was found; ``peaks``: process to
    the most memory that it has used, bytes."""
    job, spread = preparer.job, preparer.spread
    own = os.getpid()
    used = {**peaks, own: max(peak_rss(), peaks.get(own, 0))}
    return {
        "kernel": job.spec.name,
        "ticks": job.spec.ticks,
        "fill": job.fill.mode,
        "latency": job.fill.latency,
        "stale_ms": job.fill.stale_ms,
        "cost_model": job.cost_model,
        "partitions_skipped": tuple(skipped),
        "executor": spread.executor.name,
        "workers": spread.workers,
        "elapsed_s": elapsed_s,
        "compile_s": preparer.compile_s,
        "peak_rss_mb": sum(used.values()) / 2**20,
    }


def no_values(skipped: Sequence[SkippedPartition], job: Job[Any]) -> StoreError:
    """The error for partitions that all lack a column."""
    return StoreError(
        f"kernel {job.spec.name!r} with fill {job.fill.mode!r} needs the columns "
        f"{', '.join(job.names)}; {skipped[0].column!r} holds nothing but nulls in "
        f"{skipped[0].partition}, and every one of the {len(skipped)} selected partitions lacks "
        "one of them; choose other partitions, or a kernel or fill that does without"
    )
