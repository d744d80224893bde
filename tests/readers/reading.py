"""Runs a reader over a source and collects what it yields."""

from __future__ import annotations

import pickle
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tickloom import Ignored, RawBatch, ReaderSpec, Rejected, SourceOptions
from tickloom.packing.reading.parts import one_by_one


@dataclass
class Reading:
    """What a reader yielded."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    rejected: list[Rejected] = field(default_factory=list)
    batches: list[RawBatch] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def lost_lines(self) -> list[str]:
        """The text of malformed lines."""
        frames = [one.frame for one in self.rejected if one.frame is not None]
        return [line for frame in frames for line in frame["line"].to_list()]


def read_all(spec: ReaderSpec, source: Path, **options: Any) -> Reading:
    """Read every unit that ``spec`` finds, each after a round through pickle."""
    settings = SourceOptions(**options)
    reading = Reading()
    for unit in spec.discover(source, settings):
        for piece in one_by_one(spec.read(pickle.loads(pickle.dumps(unit)), settings)):
            if isinstance(piece, Rejected):
                reading.rejected.append(piece)
                continue
            if isinstance(piece, Ignored):
                reading.ignored.append(piece.what)
                continue
            assert len(piece.frame) <= settings.batch_rows
            reading.batches.append(piece)
            reading.rows[piece.symbol] += piece.frame.to_dicts()
    return reading
