"""``tickloom.verify``: a store against what was committed, and against its sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike

from tickloom.packing.conservation import check_conservation
from tickloom.paths import local_path
from tickloom.progress import Phases, untold_phases
from tickloom.store.api import open_store
from tickloom.store.verify import Problem, verify_store


@dataclass(slots=True)
class VerifyReport:
    """What :func:`tickloom.verify` found."""

    files: int
    """Partition files examined."""

    rows: int
    """Rows in them, as far as they could be counted."""

    problems: list[Problem] = field(default_factory=list)
    """Everything that is wrong: a path and a reason each, in the store's order."""

    notes: list[str] = field(default_factory=list)
    """What could not be checked, and why."""

    sources_compared: int | None = None
    """Sources whose rows were looked for in the store; None unless it was asked for."""

    sources_unchecked: int | None = None
    """Sources that could not be compared; ``notes`` say why. None unless it was asked for."""

    @property
    def ok(self) -> bool:
        """True where nothing is wrong."""
        return not self.problems


def verify(
    store: str | PathLike[str], *, deep: bool = False, progress: Phases = untold_phases
) -> VerifyReport:
    """Prove that ``store`` is what was committed: bytes, order, types, row counts.

    ``deep`` also decodes every page, recomputes derived columns, and reads the sources that are
    still there for rows that the store lost. ``progress(phase)`` is called as a phase begins
    ('verify', then 'sources'). Damage is no error but a problem of the report; raises
    :class:`UsageError` if there is no store.
    """
    path = local_path(store)
    found = verify_store(path, deep=deep, progress=progress("verify"))
    report = VerifyReport(found.files, found.rows, found.problems, found.notes)
    if deep and report.ok:
        compared = check_conservation(open_store(path), progress=progress("sources"))
        report.problems += [Problem(path, reason) for path, reason in compared.lost]
        report.notes += compared.unchecked
        report.sources_compared = compared.sources
        report.sources_unchecked = len(compared.unchecked)
    return report
