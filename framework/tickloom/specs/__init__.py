"""What plugins register: one frozen dataclass a kind, every field documented."""

from tickloom.specs.calendar import Calendar, CalendarGapError, CalendarSpec, expiry_of
from tickloom.specs.executor import ExecutorSpec
from tickloom.specs.kernel import Feature, Gate, KernelSpec
from tickloom.specs.reader import (
    Ignored,
    RawBatch,
    RawRows,
    ReadError,
    ReaderSpec,
    Rejected,
    SourceOptions,
    Unit,
)
from tickloom.specs.session import Evidence, Session, SessionCalendar, session_on
from tickloom.specs.transform import ContractSlice, PartitionContext, TransformSpec
from tickloom.specs.writer import FileSummary, WriterSpec, WriteSettings

__all__ = [
    "Calendar",
    "CalendarGapError",
    "CalendarSpec",
    "ContractSlice",
    "Evidence",
    "ExecutorSpec",
    "Feature",
    "FileSummary",
    "Gate",
    "Ignored",
    "KernelSpec",
    "PartitionContext",
    "RawBatch",
    "RawRows",
    "ReadError",
    "ReaderSpec",
    "Rejected",
    "Session",
    "SessionCalendar",
    "SourceOptions",
    "TransformSpec",
    "Unit",
    "WriteSettings",
    "WriterSpec",
    "expiry_of",
    "session_on",
]
