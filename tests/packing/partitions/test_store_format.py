"""A store in another plugin's format: packed, verified and run like any other."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from tests.fake_distributions import Site

from tickloom.scaffold.packages import create_package


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """The example writer of ``plugins new``, installed; its suffix is ``.zparquet``."""
    create_package("acme-small", "writer", tmp_path)
    package = tmp_path / "acme-small"
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    info = package / "src" / "acme_small-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: acme-small\nVersion: 0.1.0\n")
    target = project["entry-points"]["tickloom"]["acme-small"]
    (info / "entry_points.txt").write_text(f"[tickloom]\nacme-small = {target}\n")
    return Site(info.parent)


def test_a_store_keeps_the_writer_that_made_it(site: Site, tmp_path: Path) -> None:
    def run(*args: str | Path, status: int = 0) -> str:
        done = site.command(*map(str, args))
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout or done.stderr

    raw, store = tmp_path / "raw", tmp_path / "store"
    run("synth", raw, "--rows", "3000", "--strikes", "2", "--days", "2")
    assert "unknown writer 'acme-smal'" in run(
        "pack", raw, store, "--writer", "acme-smal", status=2
    )
    assert not store.exists()
    packed = json.loads(run("pack", raw, store, "--writer", "acme-small", "--json"))
    files = [path for path in store.glob("2025-*/*/*") if path.is_file()]
    assert {path.suffix for path in files} == {".zparquet"}
    assert len(files) == packed["partitions"] > 0
    run("verify", store)
    assert json.loads(run("run", "buy-and-hold", store, "--json"))["rows"] == packed["rows_written"]

    for path in raw.rglob("*.parquet"):  # a change of time alone: the same rows once more
        path.touch()
    again = json.loads(run("pack", raw, store, "--rehash", "--json"))
    assert again["rows_written"] == 0
    assert "is written by 'acme-small', not by 'parquet'" in run(
        "pack", raw, store, "--writer", "parquet", status=2
    )
