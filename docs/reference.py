"""Writes the parts of the docs that the code knows: docs/cli.md, and the tables of spec fields.

``make docs`` runs it; a test compares what it would write with what is there.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import click

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CLI_PAGE = DOCS / "cli.md"

TABLE = re.compile(r"(<!-- fields of (?P<name>[\w.]+) -->\n).*?(<!-- end of fields -->)", re.DOTALL)

CLI_HEAD = """# The command line

Written by `make docs` from the commands themselves.

Exit codes: 0 done, warnings included; 1 failed, or a check found something, or the store is busy
or unsorted; 2 wrong usage; 3 done, but some input is quarantined; 130 or 143 on SIGINT or SIGTERM.
With `--json` a command prints one object on stdout and nothing else there; whatever plugins print
goes to stderr. Where the reader of stdout has gone, as after `| head`, a command ends with 141; a
second Ctrl-C ends one that does not end by the first.

A path is any name that the system takes; what begins with `scheme://` is refused. An option that
takes one value is given once. What a terminal would act on in a name or a message is printed as an
escape.
"""


@dataclass(frozen=True)
class Field:
    """A documented field of a class."""

    name: str
    default: str
    doc: str


def main() -> int:
    """Write whatever is not fresh; print what was written."""
    for path, text in fresh():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(path.relative_to(ROOT))
    return 0


def fresh() -> Iterator[tuple[Path, str]]:
    """Each page with generated parts, and what it should hold."""
    yield CLI_PAGE, cli_page()
    for page in sorted(DOCS.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        if TABLE.search(text):
            yield page, TABLE.sub(lambda found: table(found), text)


def table(found: re.Match[str]) -> str:
    """The table of a class's fields between its markers."""
    rows = ["| field | default | meaning |", "| --- | --- | --- |"]
    for field in fields_of(found["name"]):
        default = f"`{field.default}`" if field.default else ""
        rows.append(f"| `{field.name}` | {default} | {_cell(field.doc)} |")
    return "\n".join([found[1].rstrip("\n"), *rows, found[3]])


def fields_of(name: str) -> list[Field]:
    """Fields, or methods, of the class ``name``, e.g. ``tickloom.ReaderSpec``, with docstrings."""
    module, _, attribute = name.rpartition(".")
    source = dedent(inspect.getsource(getattr(import_module(module), attribute)))
    (node,) = ast.parse(source).body
    assert isinstance(node, ast.ClassDef)
    is_protocol = "Protocol" in map(ast.unparse, node.bases)
    found = []
    for statement, following in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            found.append(Field(statement.target.id, _default(statement), _docstring(following)))
        elif isinstance(statement, ast.FunctionDef) and is_protocol:
            arguments = ", ".join(a.arg for a in statement.args.args if a.arg != "self")
            doc = ast.get_docstring(statement) or ""
            found.append(Field(f"{statement.name}({arguments})", "", doc))
    return found


def _default(statement: ast.AnnAssign) -> str:
    value = statement.value
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "field":
        (given,) = value.keywords
        made = "()" if given.arg == "default_factory" else ""
        return ast.unparse(given.value) + made
    return ast.unparse(value) if value else ""


def _docstring(node: ast.stmt | None) -> str:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return inspect.cleandoc(str(node.value.value)) if is_text else ""  # type: ignore[union-attr]


def _cell(text: str) -> str:
    """A docstring as Markdown on one line."""
    text = re.sub(r":(?:class|func|data|meth):`~?([^`]+)`", r"`\1`", text)
    return " ".join(text.replace("``", "`").split()).replace("|", "\\|")


def cli_page() -> str:
    """All commands with their arguments and options."""
    from tickloom.cli.main import cli

    parts = [CLI_HEAD]
    context = click.Context(cli, info_name="tickloom")
    parts += _section(cli, context)
    for name in cli.list_commands(context):
        parts += _command(cli, name, context)
    return "\n".join(parts)


def _command(group: click.Group, name: str, parent: click.Context) -> Iterator[str]:
    command = group.get_command(parent, name)
    assert command is not None
    context = click.Context(command, info_name=name, parent=parent)
    yield from _section(command, context)
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            yield from _command(command, child, context)


def _section(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"## {context.command_path}\n\n```text\n{usage}\n```\n"
    yield inspect.cleandoc(command.help or "") + "\n"
    options = [o for o in command.get_params(context) if isinstance(o, click.Option)]
    records = [option.get_help_record(context) for option in options]
    rows = [record for record in records if record and "--help" not in record[0]]
    if rows:
        yield "| option | meaning |\n| --- | --- |"
        for names, text in rows:
            yield f"| `{_escape(names)}` | {_escape(' '.join(text.split()))} |"
        yield ""


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
