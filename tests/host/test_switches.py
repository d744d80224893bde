"""Which plugins load: a careful user decides."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.fake_distributions import Site, offering

from tickloom.errors import UnknownNameError
from tickloom.host import Host

Load = Callable[[], Host]


@pytest.fixture(autouse=True)
def two_plugins(site: Site) -> None:
    site.install("acme-one", offering("one"))
    site.install("acme-two", offering("two"))


def strangers(host: Host) -> set[str]:
    return {name for name in host.loaded_versions() if name != "tickloom"}


def test_without_switches_everything_loads(load: Load) -> None:
    assert strangers(load()) == {"acme-one", "acme-two"}


@pytest.mark.parametrize("listed", ["acme-one", "Acme_One", "acme-one:main", " acme.one , ,"])
def test_the_allow_list_loads_what_it_names(
    load: Load, monkeypatch: pytest.MonkeyPatch, listed: str
) -> None:
    monkeypatch.setenv("TICKLOOM_PLUGINS", listed)
    host = load()
    assert strangers(host) == {"acme-one"}
    assert host.loaded_versions()["tickloom"]
    with pytest.raises(UnknownNameError, match=r"because of TICKLOOM_PLUGINS: acme-two 1\.0"):
        host.executors.get("two")


def test_an_entry_point_name_loads_all_that_have_it(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKLOOM_PLUGINS", "main")
    assert strangers(load()) == {"acme-one", "acme-two"}


def test_autoload_off_loads_built_ins_alone(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKLOOM_DISABLE_PLUGIN_AUTOLOAD", "1")
    host = load()
    assert strangers(host) == set()
    assert host.loaded_versions()["tickloom"]
    state = {plugin.distribution: plugin.state for plugin in host.plugins}
    assert state["acme-one"] == "disabled"


def test_autoload_off_still_loads_what_the_allow_list_names(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKLOOM_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("TICKLOOM_PLUGINS", "acme-two")
    assert strangers(load()) == {"acme-two"}


def test_a_disabled_plugin_is_not_imported(
    site: Site, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.install("acme-three", "raise RuntimeError('imported')")
    monkeypatch.setenv("TICKLOOM_PLUGINS", "acme-one")
    (plugin,) = [each for each in load().plugins if each.distribution == "acme-three"]
    assert (plugin.state, plugin.failures) == ("disabled", [])


def test_the_option_is_named_where_it_disables(site: Site) -> None:
    done = site.command("--no-plugins", "plugins", "list")
    assert "disabled by --no-plugins" in done.stdout
