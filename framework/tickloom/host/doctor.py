"""What ``plugins doctor`` finds: each problem with its cause and what to do."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

from tickloom.errors import PluginError
from tickloom.host.discovery import installed_versions
from tickloom.host.host import Host
from tickloom.host.loader import ALLOW_LIST, allow_list, allows
from tickloom.host.plugin import Plugin

SLOW_IMPORT_SECONDS: Final = 1.0
"""Every command pays for a plugin's import; the built-in ones take milliseconds."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem."""

    severity: Literal["failure", "warning"]
    """A failure takes something away from the user; a warning does not."""

    subject: str
    """The plugin, or the name, that it is about."""

    problem: str
    """What the user sees of it."""

    cause: str
    """Why."""

    remedy: str
    """What to do."""


def examine(host: Host, environ: Mapping[str, str] = os.environ) -> list[Finding]:
    """All findings: failures first, then warnings, each in the order of the plugins."""
    offering = {offer.plugin.id for registry in host.registries() for offer in registry}
    findings = [*_failures(host.plugins), *_collisions(host)]
    findings += [*_suffixes(host), *_transform_order(host)]
    findings += _missing_from_allow_list(host.plugins, environ)
    for plugin in host.plugins:
        findings += _warnings(plugin, offers=plugin.id in offering)
    return sorted(findings, key=lambda finding: finding.severity)


def _failures(plugins: Iterable[Plugin]) -> Iterable[Finding]:
    for plugin in plugins:
        for failure in plugin.failures:
            problem = {
                "metadata": "its installation is damaged, it was not loaded",
                "import": f"it could not be imported from {plugin.target}",
                "registration": "it was imported and refused",
            }.get(failure.where, f"its hook {failure.where} failed; its other hooks are in use")
            yield Finding("failure", _subject(plugin), problem, failure.cause, failure.remedy)


def _collisions(host: Host) -> Iterable[Finding]:
    for registry in host.registries():
        for name, group in groupby(registry, key=lambda offer: offer.spec.name):
            offers = list(group)
            if len(offers) == 1:
                continue
            owners = " and ".join(str(offer.plugin) for offer in offers)
            choices = sorted({offer.qualified for offer in offers})
            remedy = f"say which one: {' or '.join(choices)}; or remove one distribution"
            if len(choices) < len(offers):
                remedy = f"{offers[0].plugin.distribution}'s authors must rename one"
            yield Finding(
                "failure",
                f"{registry.kind} {name!r}",
                "it is refused when used by that name alone",
                f"it is offered by {owners}",
                remedy,
            )


def _suffixes(host: Host) -> Iterable[Finding]:
    """A store finds the writer of a file by its suffix."""
    by_suffix = sorted(host.writers, key=lambda offer: offer.spec.suffix)
    for suffix, group in groupby(by_suffix, key=lambda offer: offer.spec.suffix):
        offers = list(group)
        if len(offers) > 1:
            yield Finding(
                "failure",
                f"suffix {suffix!r}",
                f"no store can be read that has {suffix} files",
                f"writers {' and '.join(offer.qualified for offer in offers)} both write them",
                "remove one of the distributions; each writer needs a suffix of its own",
            )


def _transform_order(host: Host) -> Iterable[Finding]:
    from tickloom.host.transform_order import ordered

    specs = [offer.spec for offer in host.transforms]
    for phase in ("batch", "partition"):
        try:
            ordered(specs, phase)
        except PluginError as error:
            offers = ", ".join(offer.qualified for offer in host.transforms)
            yield Finding(
                "failure",
                "transforms",
                "every pack is refused",
                str(error),
                f"remove one of the distributions that offer them: {offers}",
            )
            return


def _missing_from_allow_list(
    plugins: Iterable[Plugin], environ: Mapping[str, str]
) -> Iterable[Finding]:
    plugins = list(plugins)
    for listed in allow_list(environ):
        if not any(allows(listed, plugin) for plugin in plugins):
            yield Finding(
                "warning",
                f"{ALLOW_LIST}={environ[ALLOW_LIST]}",
                f"{listed!r} loads nothing",
                "no installed plugin or distribution has that name",
                f"install it, or correct {ALLOW_LIST}; "
                f"installed: {', '.join(plugin.id for plugin in plugins)}",
            )


def _warnings(plugin: Plugin, *, offers: bool) -> Iterable[Finding]:
    subject = _subject(plugin)
    upgrade = f"upgrade {plugin.distribution} or tell its authors"
    versions = installed_versions(plugin.distribution)
    if len(versions) > 1:
        yield Finding(
            "warning",
            subject,
            "it is installed more than once",
            f"metadata of the versions {', '.join(versions)} is on sys.path; the first one counts",
            f"run 'pip uninstall {plugin.distribution}' until it is gone, and install it again",
        )
    if plugin.import_seconds >= SLOW_IMPORT_SECONDS:
        yield Finding(
            "warning",
            subject,
            "it makes every command start late",
            f"its import took {plugin.import_seconds:.1f} s; "
            f"expected less than {SLOW_IMPORT_SECONDS:.1f} s",
            f"{upgrade}: a plugin module imports heavy libraries inside its functions",
        )
    if plugin.printed:
        yield Finding(
            "warning",
            subject,
            "it prints while it is loaded; the text went to stderr",
            "its module or a hook writes to stdout, which belongs to the command's output",
            upgrade,
        )
    for notice in plugin.notices:
        yield Finding("warning", subject, "it uses a deprecated hook", notice, upgrade)
    if plugin.state == "loaded" and not offers:
        yield Finding(
            "warning",
            subject,
            "it offers nothing",
            f"{plugin.target} implements no hook that returns a spec",
            "implement a tickloom_register_* hook and decorate it with @hookimpl",
        )


def _subject(plugin: Plugin) -> str:
    return f"{plugin} (entry point {plugin.name!r})"
