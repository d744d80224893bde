"""Rows on their way into quarantine."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickloom.packing.rows.checks import REASON
from tickloom.packing.sources.units import RejectedPart
from tickloom.paths import legible, portable_name

if TYPE_CHECKING:
    import polars as pl


class RejectedRows:
    """Collects a unit's rejected rows; they are streamed to files, one for each set of columns."""

    def __init__(self, stem: Path) -> None:
        self._stem = stem
        self._counts: Counter[tuple[Path, str, Path | None]] = Counter()
        self._writers: dict[tuple[tuple[str, Any], ...], tuple[Path, Any]] = {}

    def __bool__(self) -> bool:
        """Is anything rejected?"""
        return bool(self._counts)

    def add_rows(self, path: Path, rows: pl.DataFrame) -> None:
        """Reject ``rows``, which have a column ``reason``."""
        kept = self._keep(rows)
        for reason, count in rows[REASON].value_counts(sort=False).iter_rows():
            self._counts[path, reason, kept] += count

    def add_part(self, path: Path, reason: str, rows: int, frame: pl.DataFrame | None) -> None:
        """Reject a part of which ``frame``, if there is one, shows the rows."""
        import polars as pl

        kept = None
        if frame is not None and frame.height:
            kept = self._keep(frame.with_columns(pl.lit(legible(reason)).alias(REASON)))
        self._counts[path, reason, kept] += rows

    def finish(self) -> list[RejectedPart]:
        """Close the files; one entry for each file and reason, in order of appearance."""
        for _, writer in self._writers.values():
            writer.close()
        return [RejectedPart(*key[:2], rows, key[2]) for key, rows in self._counts.items()]

    def discard(self) -> None:
        """Close and remove the files: the whole unit is rejected, and stays where it is."""
        for path, writer in self._writers.values():
            writer.close()
            path.unlink(missing_ok=True)
        self._counts.clear()

    def _keep(self, rows: pl.DataFrame) -> Path:
        import pyarrow.parquet as pq

        key = tuple((name, str(dtype)) for name, dtype in rows.schema.items())
        if key not in self._writers:
            path = self._stem.with_name(f"{self._stem.name}-{len(self._writers)}.parquet")
            schema = _plain(rows).schema
            with portable_name(path, "wb") as name:
                self._writers[key] = path, pq.ParquetWriter(name, schema, compression="zstd")
        path, writer = self._writers[key]
        writer.write_table(_plain(rows))
        return path


def _plain(rows: pl.DataFrame) -> Any:
    """The rows as an Arrow table with text for categories: what any tool reads."""
    import polars as pl

    text = pl.col(pl.Categorical, pl.Enum)
    return rows.with_columns(text.cast(pl.String)).to_arrow()
