"""What the columns of a vendor's Parquet file say about how to read it."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tickloom import RAW_COLUMNS, portable_name

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

REQUIRED: Final = ("timestamp", "price")
CLOCKS: Final = ("timestamp", "ts", "lastTradeTime")

_STORED: Final = frozenset(column.name for column in RAW_COLUMNS)
_INDEX_LEVEL: Final = re.compile(r"__index_level_\d+__")
_UNNAMED: Final = re.compile(r"Unnamed: 0(?:\.\d+)*")
"""What pandas calls the first column of a CSV without a name: the row labels of another frame."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What follows from the types of a file's columns."""

    written: pa.Schema
    """The columns, as the file has them."""

    names: tuple[str, ...]
    """Their names."""

    text: tuple[str, ...]
    """Those that are read as dictionaries."""

    texts_at: tuple[int, ...]
    """Places of the columns whose texts are read with a row group."""

    row_labels: tuple[str, ...]
    """Columns that pandas made of a frame's index: they number the rows and are no part of one."""

    row_bytes: int
    """Size of a decoded row, bytes; text counts as its dictionary index. 0 of what is refused."""

    is_plain: bool
    """Whether Polars and PyArrow read all of them alike."""

    refusal: str
    """Why such a file is not read: a required column is missing, one is there twice or of a type
    that says nothing, or clocks are of several zones. Empty where nothing is wrong."""


_latest: list[Layout] = []
"""The layout that was found last: a vendor's files are all alike, and finding it takes 0.35 ms."""


def open_file(path: Path) -> tuple[pq.ParquetFile, Layout]:
    """The file at ``path`` and its layout."""
    import pyarrow.parquet as pq

    with portable_name(path) as name:
        footer = pq.read_metadata(name)
    written = footer.schema.to_arrow_schema()
    labels = row_labels(written)
    known = next(
        (one for one in _latest if written.equals(one.written) and one.row_labels == labels), None
    )
    # Text as dictionaries, or one long text repeated in every row could outgrow any budget.
    text = known.text if known else tuple(one.name for one in written if _is_text(one.type))
    with portable_name(path) as name:
        file = pq.ParquetFile(
            name, metadata=footer, read_dictionary=text, page_checksum_verification=True
        )
    if known is None:
        known = _layout(written, text, labels, file.schema_arrow)
        _latest[:] = [known]
    return file, known


def row_labels(written: pa.Schema) -> tuple[str, ...]:
    """The columns that hold a pandas index and no column of the store: those that the footer names
    as such, and those whose name only pandas gives, which stays when others write the file again.
    """
    names = set(written.names)
    labels = {name for name in names if _INDEX_LEVEL.fullmatch(name)}
    labels |= {name for name in names if _UNNAMED.fullmatch(name) and _is_whole(written, name)}
    with suppress(ValueError, AttributeError, TypeError):
        said = json.loads((written.metadata or {}).get(b"pandas", b"{}"))
        labels |= {one for one in said.get("index_columns", ()) if isinstance(one, str)} & names
    return tuple(sorted(labels - _STORED))


def _is_whole(written: pa.Schema, name: str) -> bool:
    from pyarrow import types

    places = written.get_all_field_indices(name)
    return all(types.is_integer(written.field(at).type) for at in places)


def _layout(
    written: pa.Schema, text: tuple[str, ...], labels: tuple[str, ...], read: pa.Schema
) -> Layout:
    refusal = _refusal(written)
    return Layout(
        written=written,
        names=tuple(written.names),
        text=text,
        texts_at=tuple(
            place
            for place, field in enumerate(read)
            if _is_category(field.type) or _is_text(field.type)
        ),
        row_labels=labels,
        row_bytes=0 if refusal else _row_bytes(read),
        is_plain=all(map(_is_simple, read)),
        refusal=refusal,
    )


def _is_text(kind: pa.DataType) -> bool:
    from pyarrow import lib

    return kind.id in (lib.Type_STRING, lib.Type_LARGE_STRING, lib.Type_STRING_VIEW)


def _refusal(schema: pa.Schema) -> str:
    from pyarrow import types

    names = schema.names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return f"expected each column once; found several of {', '.join(twice)}."
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        return (
            f"expected the columns {' and '.join(REQUIRED)}; found none called "
            f"{' and '.join(missing)} among {', '.join(names[:8]) or 'no columns'}"
            f"{', …' if len(names) > 8 else ''}."
        )
    for field in schema:
        if types.is_decimal256(field.type):
            return (
                f"expected decimals of at most 38 digits; found {field.name} of type {field.type}. "
                "Write it as decimal128 or double."
            )
        if not _is_known(field.type):
            return (
                f"expected numbers, text, dates or timestamps; found {field.name} of type "
                f"{field.type}."
            )
    return _clock_refusal({name: schema.field(name).type for name in CLOCKS if name in names})


def _is_known(kind: pa.DataType) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    return _is_text(kind) or any(
        is_one(kind)
        for is_one in (
            types.is_integer,
            types.is_floating,
            types.is_decimal32,
            types.is_decimal64,
            types.is_decimal128,
            types.is_boolean,
            types.is_timestamp,
            types.is_date,
            types.is_null,
        )
    )


def _clock_refusal(types: dict[str, pa.DataType]) -> str:
    import pyarrow as pa

    zones: dict[str, str] = {}
    for name, found in types.items():
        if pa.types.is_null(found):
            continue
        if not pa.types.is_timestamp(found):
            return (
                f"expected a timestamp type for {name}; found {found}, which says neither unit nor "
                "zone. Write the column as timestamps, or describe the files by a mapping."
            )
        zones[name] = found.tz or "none"
    if len(set(zones.values())) > 1:
        listed = ", ".join(f"{name}: {zone}" for name, zone in zones.items())
        return f"expected one zone for all clocks of a file; found {listed}."
    return ""


def _row_bytes(schema: pa.Schema) -> int:
    """Bytes of a decoded row; text counts as its dictionary index."""
    from pyarrow import types

    bits = 0
    for field in schema:
        if _is_text(field.type):
            bits += 32
        elif not types.is_null(field.type):
            bits += field.type.bit_width
    return max((bits + 7) // 8, 1)


def _is_category(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_dictionary(kind))


def _is_simple(field: pa.Field) -> bool:
    from pyarrow import types

    kind = field.type
    if types.is_timestamp(kind):
        return kind.tz is None and kind.unit != "s"
    return bool(
        types.is_integer(kind)
        or types.is_float32(kind)
        or types.is_float64(kind)
        or types.is_boolean(kind)
        or (_is_category(kind) and types.is_string(kind.value_type))
    )
