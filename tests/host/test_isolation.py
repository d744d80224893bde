"""One broken plugin never stops the others, and its failure says what it was."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pluggy
import pytest
from tests.fake_distributions import Site, offering

from tickloom.errors import PluginError, UnknownNameError
from tickloom.host import Host
from tickloom.host.loader import load_plugins
from tickloom.host.markers import hookspec
from tickloom.host.plugin import Plugin

Load = Callable[[], Host]


def plugin_of(host: Host, distribution: str) -> Plugin:
    (plugin,) = [each for each in host.plugins if each.distribution == distribution]
    return plugin


def only_failure(host: Host, distribution: str) -> str:
    plugin = plugin_of(host, distribution)
    assert plugin.state == "failed"
    (failure,) = plugin.failures
    return failure.cause


@pytest.fixture
def healthy(site: Site) -> None:
    """Sorted before and after any 'mid-*' distribution."""
    site.install("a-first", offering("first"))
    site.install("z-last", offering("last"))


BROKEN = {
    "import error": ("import module_that_is_not_there", "No module named"),
    "exception at import": ("raise RuntimeError('boom')", "RuntimeError: boom"),
    "syntax error": ("def (:", "SyntaxError"),
    "sys.exit at import": ("import sys; sys.exit(7)", "SystemExit: 7"),
    "no API version": (
        "from tickloom import hookimpl",
        "does not state the plugin API that it was written for; add 'TICKLOOM_API_VERSION = 1'",
    ),
    "newer API": ("TICKLOOM_API_VERSION = 99", "plugin API 99, this tickloom offers 1; upgrade t"),
    "older API": ("TICKLOOM_API_VERSION = 0", "plugin API 0, this tickloom offers 1; upgrade mid"),
    "misspelled hook": (
        """
        from tickloom import hookimpl
        TICKLOOM_API_VERSION = 1
        @hookimpl
        def tickloom_register_executers():
            return []
        """,
        "tickloom_register_executers, which is no hook; did you mean tickloom_register_executors?",
    ),
    "hook without mark": (
        """
        TICKLOOM_API_VERSION = 1
        def tickloom_register_kernels():
            return []
        """,
        "tickloom_register_kernels is not marked; decorate it: @hookimpl",
    ),
    "wrapper": (
        """
        from tickloom import hookimpl
        TICKLOOM_API_VERSION = 1
        @hookimpl(wrapper=True)
        def tickloom_register_kernels():
            return (yield)
        """,
        "is a wrapper; hooks return specs",
    ),
    "wrong signature": (
        """
        from tickloom import hookimpl
        TICKLOOM_API_VERSION = 1
        @hookimpl
        def tickloom_register_kernels(config):
            return []
        """,
        "{'config'} are declared in the hookimpl but can not be found in the hookspec",
    ),
}


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize("fault", BROKEN)
def test_a_plugin_that_cannot_load_fails_alone(site: Site, load: Load, fault: str) -> None:
    source, cause = BROKEN[fault]
    site.install("mid-broken", source)
    host = load()
    assert cause in only_failure(host, "mid-broken")
    assert host.executors.get("first").name == "first"
    assert host.executors.get("last").name == "last"
    assert "mid-broken" not in host.loaded_versions()
    assert host.loaded_versions()["a-first"] == "1.0"


HOOK = """
from tickloom import ExecutorSpec, KernelSpec, hookimpl
TICKLOOM_API_VERSION = 1
@hookimpl
def tickloom_register_executors():
    {body}
@hookimpl
def tickloom_register_kernels():
    return []
"""

BROKEN_HOOKS = {
    "exception": ("raise RuntimeError('boom')", "RuntimeError: boom"),
    "sys.exit": ("raise SystemExit(3)", "SystemExit: 3"),
    "while iterating": ("yield 1 / 0", "ZeroDivisionError"),
    "not iterable": (
        "return None",
        "must return an iterable of ExecutorSpec objects; found NoneType",
    ),
    "wrong spec": (
        "return [KernelSpec(name='k', kind='step', columns=(), params=tuple)]",
        "must return ExecutorSpec objects; found KernelSpec",
    ),
    "needless argument": ("return [ExecutorSpec(nme='x')]", "unexpected keyword argument 'nme'"),
    "bad name": (
        "return [ExecutorSpec(name='a:b', summary='', create=None, shares_memory=True)]",
        "offers the name 'a:b'; a name is letters, digits",
    ),
}


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize("fault", BROKEN_HOOKS)
def test_a_hook_that_fails_takes_only_its_own_offers_away(
    site: Site, load: Load, fault: str
) -> None:
    body, cause = BROKEN_HOOKS[fault]
    site.install("mid-broken", HOOK.format(body=body))
    host = load()
    assert list(host.kernels) == [o for o in host.kernels if o.plugin.distribution != "mid-broken"]
    assert plugin_of(host, "mid-broken").state == "loaded"
    assert {"first", "last"} <= {offer.spec.name for offer in host.executors}
    assert cause in only_failure(host, "mid-broken")
    assert host.loaded_versions()["mid-broken"] == "1.0"


def test_a_failed_look_up_has_the_broken_plugin_as_its_cause(site: Site, load: Load) -> None:
    site.install("b-broken", "raise RuntimeError('of b')")
    site.install("c-broken", "raise RuntimeError('of c')")
    host = load()
    with pytest.raises(UnknownNameError, match=r"doctor'\): b-broken 1\.0: .*of b .*; c-br") as e:
        host.executors.get("theirs")
    assert str(e.value.__cause__) == "of b"
    with pytest.raises(UnknownNameError) as e:
        host.executors.get("C_Broken:theirs")
    assert str(e.value.__cause__) == "of c"


REFUSED = """
from typing import NamedTuple
from tickloom import hookimpl, step_kernel
TICKLOOM_API_VERSION = 1
class Params(NamedTuple):
    size: int = 1
def register():
    return step_kernel(
        "refused", columns=("price", "bid"), params=Params, init=len, step=len
    )
@hookimpl
def tickloom_register_kernels():
    {body}
"""


@pytest.mark.parametrize(
    ("body", "line", "cause"),
    [
        ("return [register()]", 8, "kernel 'refused': init must be a plain function"),
        (
            "class Wrong(NamedTuple):\n        a: int = 1\n        b: int",
            13,
            "TypeError: Non-defau",
        ),
    ],
    ids=["refused by the framework", "refused by the standard library"],
)
def test_what_a_registration_does_wrong_is_told_with_its_author_s_line(
    site: Site, load: Load, body: str, line: int, cause: str
) -> None:
    site.install("refused", REFUSED.format(body=body))
    with pytest.raises(UnknownNameError) as caught:
        load().kernels.get("refused")
    assert f": refused 1.0: {cause}" in str(caught.value).replace("UsageError: ", "")
    assert f"refused_plugin.py, line {line})" in str(caught.value)


def test_a_hook_that_fails_is_a_cause_for_its_own_kind_alone(site: Site, load: Load) -> None:
    site.install("b-broken", HOOK.format(body="raise RuntimeError('boom')"))
    host = load()
    with pytest.raises(UnknownNameError, match="Broken plugins") as e:
        host.executors.get("theirs")
    assert str(e.value.__cause__) == "boom"
    with pytest.raises(UnknownNameError) as e:
        host.calendars.get("theirs")
    assert e.value.__cause__ is None
    assert "Broken plugins" not in str(e.value)


def test_one_malformed_metadata_file_does_not_hide_the_others(site: Site, load: Load) -> None:
    site.install("a-first", offering("first"))
    site.install("mid-broken", "", entry_points="[tickloom]\nthis line has no equals sign\n")
    site.install("mid-foreign", "", entry_points="[console_scripts]\nneither has this\n")
    host = load()
    assert host.executors.get("first").name == "first"
    assert "readable" in only_failure(host, "mid-broken")
    assert not [plugin for plugin in host.plugins if plugin.distribution == "mid-foreign"]
    assert plugin_of(host, "mid-broken").failures[0].remedy.endswith("mid-broken")


@pytest.mark.parametrize("metadata", ["", "Metadata-Version: 2.1\n"])
def test_a_distribution_without_name_or_version_is_refused(
    site: Site, load: Load, metadata: str
) -> None:
    site.install("a-first", offering("first"))
    module = site.install("mid-broken", offering("mid"), metadata="Metadata-Version: 2.1\n")
    (site.folder / "mid_broken-1.0.dist-info" / "METADATA").write_text(metadata)
    host = load()
    assert host.executors.get("first").name == "first"
    (plugin,) = [each for each in host.plugins if each.target == module]
    assert plugin.state == "failed"
    assert plugin.failures[0].where == "metadata"


def test_two_entry_points_of_one_name_do_not_cost_the_first(site: Site, load: Load) -> None:
    site.install("b-other", offering("other"))
    site.install(
        "a-twice",
        offering("twice"),
        entry_points="[tickloom]\none = a_twice_plugin\ntwo = a_twice_plugin\n",
    )
    host = load()
    assert host.executors.get("twice").name == "twice"
    one, two = [each for each in host.plugins if each.distribution == "a-twice"]
    assert (one.state, two.state) == ("loaded", "failed")
    assert "registered as a-twice:one already; keep one entry point" in two.failures[0].cause


def test_a_leftover_of_an_older_version_does_not_load_twice(site: Site, load: Load) -> None:
    site.install("a-first", offering("first"))
    site.install("a.first", offering("first"), version="0.9")
    host = load()
    assert plugin_of(host, "a-first").state == "loaded"
    assert host.executors.get("first").name == "first"


def test_plugins_come_in_the_order_of_distribution_and_name(site: Site, load: Load) -> None:
    for name in ("a-b", "a", "B.c"):
        site.install(name, offering("x"))
    ids = [plugin.id for plugin in load().plugins if plugin.distribution != "tickloom"]
    assert ids == ["a:main", "a-b:main", "b-c:main"]


def test_a_plugin_may_be_an_object(site: Site, load: Load) -> None:
    source = """
    from tickloom import ExecutorSpec, hookimpl
    class Plugin:
        TICKLOOM_API_VERSION = 1
        @hookimpl
        def tickloom_register_executors(self):
            yield ExecutorSpec(name="object", summary="", create=None, shares_memory=True)
    plugin = Plugin()
    """
    points = "[tickloom]\nmain = a_object_plugin:plugin\n"
    site.install("a-object", source, entry_points=points)
    assert load().executors.get("object").name == "object"


def test_names_collide_only_when_they_are_used(site: Site, load: Load) -> None:
    site.install("acme", offering("same"), version="1.0")
    site.install("Zeta_Team", offering("same"), version="2.5")
    site.install("other", offering("other"))
    host = load()
    assert host.executors.get("other").name == "other"
    with pytest.raises(PluginError) as e:
        host.executors.get("same")
    assert "acme 1.0" in str(e.value)
    assert "zeta-team 2.5" in str(e.value)
    assert str(e.value).endswith("say which: acme:same or zeta-team:same")
    assert host.executors.offer("acme:same").plugin.distribution == "acme"
    assert host.executors.offer("Zeta_Team:same").plugin.version == "2.5"
    assert {"acme:same", "zeta-team:same", "other"} <= set(host.executors.names())


def test_one_distribution_that_offers_a_name_twice_is_told_to_rename(
    site: Site, load: Load
) -> None:
    site.install(
        "acme",
        offering("same"),
        entry_points="[tickloom]\na = acme_plugin\nb = acme_too_plugin\n",
    )
    (site.folder / "acme_too_plugin.py").write_text(offering("same"))
    with pytest.raises(PluginError, match=r"offered twice .* must rename one"):
        load().executors.get("acme:same")


def test_an_unknown_name_lists_what_there_is(site: Site, load: Load) -> None:
    site.install("acme", offering("momentum"))
    with pytest.raises(UnknownNameError) as e:
        load().executors.get("momentun")
    assert "unknown executor 'momentun'; did you mean 'momentum'? registered: " in str(e.value)
    assert e.value.exit_code == 2


def test_a_deprecated_hook_still_works_and_is_noticed(site: Site, load: Load) -> None:
    site.install("acme", HOOK.format(body="return []"))
    load()  # puts the distribution on sys.path
    sys.modules.pop("acme_plugin")
    manager = pluggy.PluginManager("tickloom")

    class Deprecated:
        @hookspec(warn_on_impl=DeprecationWarning("use tickloom_register_other"))
        def tickloom_register_executors(self) -> None: ...

        @hookspec
        def tickloom_register_kernels(self) -> None: ...

    manager.add_hookspecs(Deprecated)
    (plugin,) = [p for p in load_plugins(manager) if p.distribution == "acme"]
    assert plugin.state == "loaded"
    assert plugin.notices == ["use tickloom_register_other"]


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        ("TICKLOOM_API_VERSION = 99", "upgrade tickloom, or remove it: pip uninstall mid-broken"),
        ("TICKLOOM_API_VERSION = 0", "upgrade mid-broken, or remove it: pip uninstall mid-broken"),
        (
            "TICKLOOM_API_VERSION = 1\nfrom tickloom import hookimpl\n"
            "@hookimpl\ndef tickloom_register_reader():\n    return []\n",
            "upgrade mid-broken; its authors correct it in mid_broken_plugin",
        ),
    ],
)
def test_the_remedy_is_one_that_a_user_can_follow(
    site: Site, load: Load, source: str, remedy: str
) -> None:
    site.install("mid-broken", source)
    (failure,) = plugin_of(load(), "mid-broken").failures
    assert failure.remedy == remedy


def test_an_entry_point_that_names_no_module_is_explained(site: Site, load: Load) -> None:
    site.install("mid-broken", "", entry_points="[tickloom]\nmain = not a module!\n")
    assert only_failure(load(), "mid-broken") == (
        "expected an entry point 'module' or 'module:object'; found 'not a module!'"
    )
