"""``tickloom plugins``: what is installed, what is wrong with it, and how to begin one."""

from __future__ import annotations

import click


@click.group()
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
        offers = row.offers or {"-": []}
        for kind, names in offers.items():
            start = (row.name, row.distribution, row.version, row.state)
            lines.append((*start, kind, ", ".join(names) or "-"))
    print_table(("NAME", "DISTRIBUTION", "VERSION", "STATE", "KIND", "OFFERS"), lines)
    if any(row.state == "failed" for row in rows):
        click.echo("some plugins failed: 'tickloom plugins doctor' explains", err=True)


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
            click.echo(f"{finding.severity}: {finding.subject}: {finding.problem}")
            click.echo(f"  cause: {finding.cause}")
            click.echo(f"  do:    {finding.remedy}")
        click.echo(f"{len(host.plugins)} plugins examined, {len(findings)} findings")
    context.exit(0 if ok else 1)
