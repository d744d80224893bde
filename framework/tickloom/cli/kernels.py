"""``tickloom kernels``: what strategies there are, and their compiled code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tickloom.cli.command import Group
from tickloom.cli.output import announce, print_json, print_table, say

if TYPE_CHECKING:
    from tickloom.host.registry import Offer
    from tickloom.specs import KernelSpec


@click.group(cls=Group)
def command() -> None:
    """List, build and clear strategy kernels."""


@command.command("list")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_(name: str | None, as_json: bool) -> None:
    """List the kernels, or show the whole entry of NAME with its C signature and cache."""
    from tickloom.host import get_host

    if name is not None:
        entry = _entry(get_host().kernels.offer(name))
        if as_json:
            print_json(entry)
        else:
            _show(entry)
        return
    offers = list(get_host().kernels)
    if as_json:
        print_json({"kernels": [_summary(offer) for offer in offers]})
        return
    rows = [
        (o.spec.name, o.spec.kind, o.spec.version, str(o.plugin), o.spec.summary) for o in offers
    ]
    print_table(("KERNEL", "KIND", "VERSION", "OFFERED BY", "SUMMARY"), rows)


@command.command()
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def build(names: tuple[str, ...], as_json: bool) -> None:
    """Compile the kernels NAMES (default: all), for every fill, with and without costs, log and
    latency, and for sweeps. A run after it compiles nothing."""
    from tickloom.engine.loading.build import build_kernel
    from tickloom.host import get_host

    registry = get_host().kernels
    seconds = {}
    for name in names or registry.names():
        spec = registry.get(name)
        seconds[name] = build_kernel(spec, announce)
    if as_json:
        print_json({"built": [{"kernel": n, "compile_s": s} for n, s in seconds.items()]})
        return
    for name, took in seconds.items():
        say(f"{name}: " + (f"built in {took:.1f} s" if took else "was built already"))


@command.command()
@click.argument("names", nargs=-1)
def clear(names: tuple[str, ...]) -> None:
    """Delete the compiled code of the kernels NAMES (default: of all, unknown ones included)."""
    from tickloom.engine.cache.folder import cache_folder
    from tickloom.engine.cache.folder import clear as clear_folder
    from tickloom.host import get_host

    if names:
        count = sum(clear_folder(get_host().kernels.get(name).name) for name in names)
    else:
        count = clear_folder()
    say(f"deleted {count} compiled loops and libraries from {cache_folder()}")


@command.command()
def header() -> None:
    """Print tickloom.h, the C header of native kernels."""
    from tickloom.engine.compiling.c_source import header_text

    click.echo(header_text(), nl=False)


def _summary(offer: Offer[KernelSpec]) -> dict[str, Any]:
    spec = offer.spec
    return {
        "name": spec.name,
        "kind": spec.kind,
        "version": spec.version,
        "summary": spec.summary,
        "distribution": offer.plugin.distribution,
        "distribution_version": offer.plugin.version,
        "reproducible": not spec.flags,
    }


def _entry(offer: Offer[KernelSpec]) -> dict[str, Any]:
    from tickloom.engine.cache.folder import cache_folder
    from tickloom.engine.kernels.c_signature import c_signature
    from tickloom.engine.kernels.columns import CLOCK_FIELDS, column_kind
    from tickloom.engine.loading.build import built

    spec = offer.spec
    ready, wanted = built(spec)
    units, bounds = dict(spec.units), {name: (low, high) for name, low, high in spec.bounds}
    return _summary(offer) | {
        "columns": {name: column_kind(name) for name in spec.columns},
        "clock": {name: CLOCK_FIELDS[name] for name in spec.clock},
        "features": {name: feature.params for name, feature in spec.features},
        "gate": None if spec.gate is None else spec.gate.params,
        "parameters": [
            {
                "name": name,
                "type": type(default).__name__,
                "default": default,
                "unit": units.get(name, ""),
                "bounds": bounds.get(name),
            }
            for name, default in spec.params._field_defaults.items()
        ],
        "max_position": spec.max_position,
        "flags": spec.flags,
        "c_signature": c_signature(spec),
        "cache": {"folder": cache_folder() / spec.name, "built": ready, "to_build": wanted},
    }


def _show(entry: dict[str, Any]) -> None:
    provider = f"{entry['distribution']} {entry['distribution_version']}"
    say(f"{entry['name']} {entry['version']} ({entry['kind']} kernel of {provider})")
    say(f"  {entry['summary']}\n")
    fields = {**entry["columns"], **entry["clock"]}
    say("Tick: " + ", ".join(f"{name} {kind}" for name, kind in fields.items()))
    if entry["features"]:
        listed = (f"{name} ({', '.join(of)})" for name, of in entry["features"].items())
        say("Features: " + ", ".join(listed))
    if entry["gate"] is not None:
        say(f"Gate: ({', '.join(entry['gate'])})")
    say(f"Position: -{entry['max_position']} to {entry['max_position']}")
    if entry["flags"]:
        flags = ", ".join(entry["flags"])
        say(f"Flags: {flags}. NOT reproducible across CPUs")
    else:
        say("Flags: none; reproducible to the last bit")
    if entry["parameters"]:
        say("\nParameters:")
        rows = [
            (p["name"], p["type"], str(p["default"]), _range(p["bounds"]), p["unit"])
            for p in entry["parameters"]
        ]
        print_table(("NAME", "TYPE", "DEFAULT", "BOUNDS", "UNIT"), rows)
    say(f"\nC signature (see 'tickloom kernels header'):\n\n{entry['c_signature']}\n")
    cache = entry["cache"]
    say(f"Cache: {cache['built']} of {cache['to_build']} loops built, in {cache['folder']}")


def _range(bounds: tuple[float, float] | None) -> str:
    return f"{bounds[0]:g} to {bounds[1]:g}" if bounds else ""
