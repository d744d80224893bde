"""Every hook, spec field, command, option and environment variable is documented."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from docs.reference import DOCS, ROOT, fields_of, fresh

from tickloom.cli.main import cli
from tickloom.host import hookspecs

PLUGIN_PAGES = DOCS / "plugins"

SPECS = {
    "readers": ("ReaderSpec", "SourceOptions", "Unit", "RawBatch", "Rejected"),
    "transforms": ("TransformSpec", "PartitionContext", "ContractSlice"),
    "writers": ("WriterSpec", "WriteSettings", "FileSummary"),
    "kernels": ("KernelSpec",),
    "executors": ("ExecutorSpec",),
    "calendars": (
        *("CalendarSpec", "Calendar", "SessionCalendar", "Session"),
        *("Contract", "Expiry", "NameReading"),
    ),
}
"""Page of a hook to the types that its plugins make or get."""


@pytest.mark.parametrize("page", [path for path, _ in fresh()], ids=lambda page: page.name)
def test_generated_parts_are_fresh(page: Path) -> None:
    wanted = dict(fresh())[page]
    assert page.read_text(encoding="utf-8") == wanted, f"run 'make docs': {page} is not fresh"


def test_every_hook_has_its_page() -> None:
    hooks = [name for name in dir(hookspecs) if name.startswith("tickloom_register_")]
    assert sorted(SPECS) == sorted(hook.removeprefix("tickloom_register_") for hook in hooks)
    for hook in hooks:
        page = PLUGIN_PAGES / f"{hook.removeprefix('tickloom_register_')}.md"
        assert f"`{hook}()`" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "spec"), [(kind, spec) for kind, specs in SPECS.items() for spec in specs]
)
def test_every_field_is_on_its_page(kind: str, spec: str) -> None:
    text = (PLUGIN_PAGES / f"{kind}.md").read_text(encoding="utf-8")
    fields = fields_of(f"tickloom.{spec}")
    assert fields
    for field in fields:
        assert f"| `{field.name}` |" in text, f"{kind}.md lacks {spec}.{field.name}"
        assert field.doc, f"{spec}.{field.name} has no docstring"


def commands(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    yield context.command_path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from commands(child, click.Context(child, info_name=name, parent=context))


def test_every_command_and_option_is_documented() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    context = click.Context(cli, info_name="tickloom")
    for path, command in commands(cli, context):
        _, found, section = text.partition(f"## {path}\n")
        assert found, f"cli.md has no section for '{path}'"
        section = section.partition("\n## ")[0]
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"'{path} {option.opts[0]}' has no help"
                assert option.opts[-1] in section, f"cli.md lacks '{path} {option.opts[-1]}'"


def test_every_environment_variable_is_documented() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md")))
    sources = (ROOT / "framework").rglob("*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    used = set(re.findall(r"\"(TICKLOOM_[A-Z_]+)\"", text)) - {"TICKLOOM_API_VERSION"}
    assert {"TICKLOOM_PLUGINS", "TICKLOOM_DISABLE_PLUGIN_AUTOLOAD", "TICKLOOM_CACHE_DIR"} <= used
    for name in sorted(used):
        assert f"`{name}`" in pages or f"`{name}=" in pages, f"no page explains {name}"
