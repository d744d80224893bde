"""``tickloom plugins``: what is installed, what is wrong with it, and how to begin one."""

from __future__ import annotations

from pathlib import Path

import click

from tickloom.cli.command import FOLDER, Group
from tickloom.cli.output import say
from tickloom.scaffold.packages import KINDS, Kind, create_package


@click.group(cls=Group)
def command() -> None:
    """List, examine and create plugins."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def list_(as_json: bool) -> None:
    """Every plugin: name, distribution, version, state, kind and what it offers."""
    from tickloom.cli.output import print_json, print_table
    from tickloom.host import get_host
    from tickloom.host.listing import describe

    rows = describe(get_host())
    if as_json:
        print_json({"plugins": rows})
        return
    lines = []
    for row in rows:
        start = (row.name, row.distribution, row.version, row.state)
        for kind, offers in row.offers.items():
            lines += [(*start, kind, name, summary) for name, summary in offers.items()]
        if not row.offers:
            lines.append((*start, "-", "-", "; ".join(row.problems)))
    header = ("NAME", "DISTRIBUTION", "VERSION", "STATE", "KIND", "OFFERS", "SUMMARY")
    print_table(header, lines)
    if any(row.state == "failed" for row in rows):
        say("some plugins failed: 'tickloom plugins doctor' explains", err=True)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Explain what is wrong with plugins, and what to do.

    Exit code 1 if a plugin failed or two offer one name; warnings alone exit with 0.
    """
    from tickloom.cli.output import print_json
    from tickloom.host import get_host
    from tickloom.host.doctor import examine

    host = get_host()
    findings = examine(host)
    ok = not any(finding.severity == "failure" for finding in findings)
    if as_json:
        print_json({"ok": ok, "plugins": len(host.plugins), "findings": findings})
    else:
        for finding in findings:
            say(f"{finding.severity}: {finding.subject}: {finding.problem}")
            say(f"  cause: {finding.cause}")
            say(f"  do:    {finding.remedy}")
        say(f"{len(host.plugins)} plugins examined, {len(findings)} findings")
    context.exit(0 if ok else 1)


@command.command()
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(KINDS), help="What it offers.")
@click.option(
    "--dir",
    "parent",
    type=FOLDER,
    default=Path(),
    metavar="D",
    help="Folder in which the package's folder is made; the current one if not given.",
)
def new(name: str, kind: Kind, parent: Path) -> None:
    """Write a complete plugin package: a worked example, its tests, README and CI file."""
    files = create_package(name, kind, parent)
    folder = parent / files[0].parts[0]
    for file in files:
        say(parent / file)
    say(f"""
next:
  cd {folder}
  python -m pip install -e ".[test]"
  python -m pytest
  tickloom plugins list""")
