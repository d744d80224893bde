"""Rows of ``VALUES (…),(…)``: cut from a dump's bytes and rewritten as CSV, by whole arrays.

The rows of a dump are found by where its quotes, brackets and semicolons are: a bracket is a row's
when an even number of quotes precedes it. Whatever could fool that (comments, double quotes) is
left to :func:`cut_exactly`, which reads token by token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tickloom import ReadError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Positions = NDArray[np.int64]

QUOTE: Final = ord("'")
BACKSLASH: Final = ord("\\")
OPEN, CLOSE, COMMA, SEMICOLON, SPACE, NEWLINE = (ord(mark) for mark in "(),; \n")

SPECIAL: Final = (b'"', b"/*", b"--", b"#")
"""What only a reading token by token understands."""

ESCAPES: Final = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}
"""MySQL's escapes that are not the escaped character itself (Reference Manual, String Literals)."""

_ESCAPED: Final = np.arange(256, dtype=np.uint8)
for _letter, _meant in ESCAPES.items():
    _ESCAPED[ord(_letter)] = ord(_meant)

_TOKEN: Final = re.compile(
    rb"(?P<string>'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\")"
    rb"|(?P<blank>\s+|/\*.*?\*/|--[ \t\r\n][^\n]*\n|\#[^\n]*\n)"
    rb"|(?P<mark>[(),;])"
    rb"|(?P<word>(?:(?!--[ \t\r\n])[^\s(),;'\"#/])+|/(?!\*))",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(rb"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows that were cut off the front of some bytes."""

    csv: bytes
    """The rows as CSV: a line each, strings in single quotes that are doubled within."""

    rows: int
    """Number of rows."""

    used: int
    """Bytes that are done with."""

    finished: bool
    """Whether the statement ended; its semicolon is not among the bytes used."""


def cut_rows(data: bytes, head: bytes) -> Cut:
    """The complete rows at the front of ``data``, which lies within a list of values.

    Statements that repeat ``head`` (``INSERT INTO t VALUES``) continue the list. Raises
    :class:`tickloom.ReadError` where a value is no literal.
    """
    text = np.frombuffer(data, np.uint8)
    escapes = _escapes(text) if b"\\" in data else np.empty(0, np.int64)
    quotes = np.flatnonzero(text == QUOTE)
    if len(escapes):
        quotes = quotes[~np.isin(quotes, escapes + 1)]
    text = _join_statements(text, data, head, quotes)
    semicolons = _outside(np.flatnonzero(text == SEMICOLON), quotes)
    finished = bool(len(semicolons))
    stop = int(semicolons[0]) if finished else len(data)
    opens = _outside(np.flatnonzero(text[:stop] == OPEN), quotes)
    closes = _outside(np.flatnonzero(text[:stop] == CLOSE), quotes)
    end = stop if finished or not len(closes) else int(closes[-1]) + 1
    if any(data.find(special, 0, end) >= 0 for special in SPECIAL):
        return cut_exactly(data)
    if not len(closes):
        return Cut(b"", 0, end if finished else 0, finished)
    csv = _as_csv(text, opens[: len(closes)], closes, quotes, escapes)
    return cut_exactly(data) if csv is None else Cut(csv, len(closes), end, finished)


def cut_exactly(data: bytes) -> Cut:
    """Like :func:`cut_rows`, token by token: any string, any comment."""
    lines: list[bytes] = []
    fields: list[bytes] | None = None
    used = 0
    after_rows = False  # ON DUPLICATE KEY UPDATE … may have brackets too
    scanner = _TOKEN.scanner(data)  # type: ignore[attr-defined]
    while token := scanner.match():
        kind, text = token.lastgroup, token.group()
        if text == b";" and fields is None:
            return Cut(_lines(lines), len(lines), token.start(), True)
        if kind == "blank" or after_rows:
            continue
        if fields is None:
            fields = [] if text == b"(" else None
            after_rows = fields is None and text != b","
        elif text == b"(":
            near = data[max(token.start() - 40, 0) : token.end() + 20]
            raise ReadError(
                f"expected numbers, strings and NULL as values; found an expression near {near!r}."
            )
        elif text == b")":
            lines.append(b"".join(fields))
            fields, used = None, token.end()
        else:
            fields.append(_csv_string(text) if kind == "string" else text)
    return Cut(_lines(lines), len(lines), used, False)


def _lines(lines: list[bytes]) -> bytes:
    return b"\n".join(lines) + b"\n" if lines else b""


def _csv_string(text: bytes) -> bytes:
    quote = text[:1]
    plain = text[1:-1].replace(quote * 2, quote)
    plain = _ESCAPE.sub(lambda match: _unescaped(match.group(1)), plain)
    return b"'" + plain.replace(b"'", b"''") + b"'"


def _unescaped(letter: bytes) -> bytes:
    if letter in b"%_":  # MySQL keeps the backslash before a wildcard
        return b"\\" + letter
    return bytes([_ESCAPED[letter[0]]])


def _escapes(text: NDArray[np.uint8]) -> Positions:
    """Backslashes that escape: every other one of a run, from its first."""
    at = np.flatnonzero(text == BACKSLASH)
    starts_run = np.ones(len(at), bool)
    starts_run[1:] = at[1:] != at[:-1] + 1
    run_start = np.maximum.accumulate(np.where(starts_run, np.arange(len(at)), 0))
    escaping: Positions = at[(np.arange(len(at)) - run_start) % 2 == 0]
    return escaping


def _outside(at: Positions, quotes: Positions) -> Positions:
    """Those that are in no string."""
    outside: Positions = at[np.searchsorted(quotes, at) % 2 == 0]
    return outside


def _join_statements(
    text: NDArray[np.uint8], data: bytes, head: bytes, quotes: Positions
) -> NDArray[np.uint8]:
    """The text with a comma in place of each semicolon that the same statement follows."""
    spans = [match.span() for match in re.finditer(rb";\s*" + re.escape(head), data)]
    if not spans:
        return text
    joined = text.copy()
    outside = np.searchsorted(quotes, [start for start, _ in spans]) % 2 == 0
    for (start, end), is_outside in zip(spans, outside, strict=True):
        if is_outside:
            joined[start:end] = SPACE
            joined[start] = COMMA
    return joined


def _as_csv(
    text: NDArray[np.uint8],
    opens: Positions,
    closes: Positions,
    quotes: Positions,
    escapes: Positions,
) -> bytes | None:
    """A line each, without what lies between rows and around values. None where there is more than
    rows, or a row with brackets in it."""
    if len(opens) < len(closes) or (closes < opens + 2).any() or (opens[1:] < closes[:-1]).any():
        return None
    out = text[: closes[-1] + 1].copy()
    change = np.zeros(len(out), np.int8)
    change[opens + 1] = 1
    change[closes] = -1
    keep = np.cumsum(change, dtype=np.int8).view(bool)
    between = out[~keep]
    brackets = (between == OPEN) | (between == CLOSE)
    if not (brackets | (between == COMMA) | (between <= SPACE)).all():
        return None
    out[closes] = NEWLINE
    keep[closes] = True
    keep[_outside(np.flatnonzero(text[: len(out)] <= SPACE), quotes)] = False
    escapes = escapes[escapes < len(out)]
    if len(escapes):
        _unescape(out, keep, escapes)
    csv: bytes = out[keep].tobytes()
    return csv


def _unescape(text: NDArray[np.uint8], keep: NDArray[np.bool_], escapes: Positions) -> None:
    """Replace what each backslash escapes; an escaped quote becomes a doubled one."""
    letters = text[escapes + 1]
    text[escapes + 1] = _ESCAPED[letters]
    keep[escapes[~np.isin(letters, np.frombuffer(b"'%_", np.uint8))]] = False
    text[escapes[letters == QUOTE]] = QUOTE
