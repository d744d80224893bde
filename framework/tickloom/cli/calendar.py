"""``tickloom calendar``: build, check and query expiry calendars."""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tickloom.cli.command import FILE, Group, LocalPath
from tickloom.cli.output import say
from tickloom.cli.selection import day

if TYPE_CHECKING:
    from tickloom.expiries.sessions import UnknownHours
    from tickloom.specs import CalendarSpec, Session

_exchange = click.option(
    "--exchange",
    default="tickloom:nse",
    show_default=True,
    metavar="NAME",
    help="The registered calendar to ask.",
)
_json = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
_file = click.option(
    "--calendar",
    "file",
    type=LocalPath(path_type=Path, exists=True, dir_okay=False),
    help="A calendar file in the documented columns; its rows win.",
)


@click.group(cls=Group)
def command() -> None:
    """Build, check and query expiry calendars."""


@command.command()
@click.option("--from", "first", type=int, metavar="YEAR", help="First year [default: all].")
@click.option(
    "--to", "last", type=int, metavar="YEAR", help="Last year [default: five years ahead]."
)
@click.option(
    "--out",
    type=FILE,
    help="File to write [default: stdout].",
)
@_exchange
def build(first: int | None, last: int | None, out: Path | None, exchange: str) -> None:
    """Write the expiry calendar as a CSV in the documented columns.

    It follows from the exchange's rules and holidays. Expiries of years whose holidays are not
    published yet end in ", provisional" in the column Rule.
    """
    from tickloom.errors import TickloomError, UsageError, system_error
    from tickloom.files import SYSTEM
    from tickloom.specs.expiry_rows import format_expiry_rows

    spec = _spec(exchange)
    if spec.build is None:
        raise UsageError(f"the calendar {exchange!r} cannot be built: it has no rules of expiry")
    rows = spec.build(first, last)
    text = format_expiry_rows(rows)
    if out is None:
        sys.stdout.write(text)
        return
    try:
        with SYSTEM.replacing(out) as fresh:
            fresh.write_bytes(text.encode())
    except OSError as error:
        raise TickloomError(f"cannot write the calendar: {system_error(error)}") from error
    provisional = sum(row.provisional for row in rows)
    say(f"{out}: {len(rows)} expiries, {provisional} of them provisional", err=True)


@command.command()
@click.argument("symbols", nargs=-1, required=True, metavar="SYMBOL...")
@click.option(
    "--dialect", default="", help="The vendor's form: nse, angelone, gdfl, aliceblue, kite."
)
@_file
@_exchange
@_json
@click.pass_context
def lookup(
    context: click.Context,
    symbols: tuple[str, ...],
    dialect: str,
    file: Path | None,
    exchange: str,
    as_json: bool,
) -> None:
    """Tell underlying, expiry, kind, strike and right of trading symbols; '-' reads them from
    stdin, one a line.

    Exit code 1 if one of them cannot be read, or has several readings.
    """
    from tickloom.cli.output import print_json
    from tickloom.expiries.lookup import look_up

    names = [name for given in symbols for name in (_lines() if given == "-" else [given])]
    found = look_up(names, _spec(exchange).load(file), dialect)
    if as_json:
        print_json([_without_rules(one) for one in found])
    else:
        _print_found(found)
    context.exit(1 if any("error" in one for one in found) else 0)


@command.command()
@click.argument("path", type=LocalPath(path_type=Path, exists=True), metavar="FILE|STORE")
@_file
@_exchange
@_json
@click.pass_context
def check(
    context: click.Context, path: Path, file: Path | None, exchange: str, as_json: bool
) -> None:
    """Check a calendar file against the exchange's rules, or a store against its calendars.

    Exit code 1 if there is a difference.
    """
    from tickloom.cli.output import print_json
    from tickloom.errors import UsageError

    if path.is_dir():
        problems = _check_store(path, file)
    elif file is not None:
        raise UsageError("--calendar goes with a store; a calendar file is checked by the rules")
    else:
        problems = _check_file(path, _spec(exchange))
    if as_json:
        print_json({"ok": not problems, "problems": problems})
    else:
        for problem in problems:
            say(_sentence(problem))
        plural = "" if len(problems) == 1 else "s"
        say(f"{len(problems) or 'no'} difference{plural}")
    context.exit(1 if problems else 0)


@command.command()
@click.option(
    "--from",
    "first",
    type=day,
    default="2009-01-01",
    show_default=True,
    metavar="DATE",
    help="First day.",
)
@click.option(
    "--to", "last", type=day, metavar="DATE", help="Last day [default: the end of this year]."
)
@_exchange
@_json
def sessions(first: date, last: date | None, exchange: str, as_json: bool) -> None:
    """Tell trading hours, special sessions and settlement by date, with their sources.

    One line for all days of the same hours; with --json one object a day. Times are wall clock of
    the exchange. EVIDENCE is what the hours rest on: the exchange's own circular, or less.
    """
    from tickloom.cli.output import print_json
    from tickloom.errors import UsageError
    from tickloom.expiries.sessions import list_sessions

    last = last or date(date.today().year, 12, 31)
    if last < first:
        raise UsageError(f"expected --from not after --to, found {first} to {last}")
    spec = _spec(exchange)
    found, unknown = list_sessions(spec.load(None), first, last)
    if as_json:
        print_json({"zone": spec.zone, "sessions": found, "unknown": unknown})
    else:
        _print_sessions(found)
        _tell_unknown(unknown)


def _spec(exchange: str) -> CalendarSpec:
    from tickloom.host import get_host

    return get_host().calendars.get(exchange)


def _lines() -> list[str]:
    from tickloom.errors import UsageError

    if sys.stdin is None:
        raise UsageError("'-' reads names from standard input, which is closed; name the symbols")
    lines = (os.fsdecode(line).strip() for line in sys.stdin.buffer)
    return [line for line in lines if line]


def _check_store(path: Path, file: Path | None) -> list[dict[str, Any]]:
    from dataclasses import asdict

    from tickloom.cli.output import counting_bar, progress
    from tickloom.expiries.check import check_expiries

    with progress() as bars:
        found = check_expiries(path, file, progress=counting_bar(bars, "check"))
    return [asdict(problem) for problem in found]


def _check_file(path: Path, spec: CalendarSpec) -> list[dict[str, Any]]:
    from tickloom.errors import UsageError
    from tickloom.specs.expiry_rows import read_expiry_rows

    if spec.differences is None:
        raise UsageError(f"the calendar {spec.name!r} has no rules to check a file by")
    problems = []
    for difference in spec.differences(read_expiry_rows(path)):
        row, expected = difference.row, difference.expected
        about = row or expected
        assert about is not None
        problems.append(
            {
                "path": str(path),
                "instrument": about.instrument,
                "kind": about.kind,
                "month": about.month,
                "found": row.final if row else None,
                "expected": expected.final if expected else None,
                "reason": difference.reason,
            }
        )
    return problems


def _sentence(problem: dict[str, Any]) -> str:
    if "instrument" not in problem:
        return f"{problem['path']}: {problem['reason']}"
    found = problem["found"] or "no row"
    expected = problem["expected"] or "no expiry"
    what = f"{problem['instrument']} {problem['kind']} {problem['month']}"
    return f"{what}: {found}, expected {expected}: {problem['reason']}"


def _without_rules(one: dict[str, Any]) -> dict[str, Any]:
    readings = [_without_rules(reading) for reading in one.get("readings", ())]
    kept = {name: value for name, value in one.items() if name != "rule"}
    return kept | {"readings": readings} if readings else kept


def _print_found(found: list[dict[str, Any]]) -> None:
    from tickloom.cli.output import print_table

    columns = ("symbol", "underlying", "expiry", "kind", "strike", "right", "rule")
    rows = [tuple(_cell(one[name]) for name in columns) for one in found if "error" not in one]
    if rows:
        print_table([name.upper() for name in columns], rows)
    for one in found:
        if "error" in one:
            say(f"{one['symbol']}: {one['error']}", err=True)


def _cell(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _print_sessions(found: list[Session]) -> None:
    from tickloom.cli.output import print_table
    from tickloom.expiries.sessions import alike

    header = ("FIRST", "LAST", "DAYS", "OPEN", "CLOSE", "BREAKS", "SETTLED", "BY", "WHAT")
    rows = []
    for days in alike(found):
        one = days[0]
        breaks = " ".join(f"{stop}-{resumption}" for stop, resumption in one.breaks)
        window = "-".join(str(moment) for moment in dict.fromkeys(one.settlement_window))
        hours = (str(one.open), str(one.close), breaks, str(one.settlement), window, one.name)
        ends = (str(one.date), str(days[-1].date), str(len(days)))
        rows.append((*ends, *hours, one.evidence, one.source))
    print_table((*header, "EVIDENCE", "SOURCE"), rows)
    rules = dict.fromkeys((one.settlement_rule, one.settlement_source) for one in found)
    for rule, source in rules:
        dates = [one.date for one in found if one.settlement_rule == rule]
        say(f"settlement {dates[0]} to {dates[-1]}: {rule} [{source}]")


def _tell_unknown(unknown: list[UnknownHours]) -> None:
    if unknown:
        say(unknown[0].reason, err=True)
    if len(unknown) > 1:
        say(f"days whose hours are not known: {len(unknown)}; --json tells them all", err=True)
