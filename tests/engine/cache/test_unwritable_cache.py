"""A cache that cannot be written: each command says so in one sentence, and works."""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from tests.engine.run_stores import MONDAY, build, uneven_frame

from tickloom.cli.main import main
from tickloom.engine.cache.folder import clear
from tickloom.engine.loading.build import build_kernel
from tickloom.engine.loading.kernel import load_kernel
from tickloom.errors import CacheWarning, TickloomError
from tickloom.host import get_host

RUN = ("run", "ema-cross-c", "STORE")
SWEEP = ("sweep", "buy-and-hold", "STORE", "--grid", "size=1:40")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with enough contracts to give each worker something."""
    frames = {MONDAY: uneven_frame(MONDAY, 71)}
    return build(tmp_path_factory.mktemp("unwritable") / "store", frames, row_group_rows=50)


@pytest.fixture
def blocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file where the cache folder should be: not even root can write into it."""
    blocked = tmp_path / "a-file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(blocked))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return blocked


@pytest.mark.filterwarnings("default::tickloom.errors.CacheWarning")
@pytest.mark.parametrize("executor", ["threads", "processes"])
@pytest.mark.parametrize(
    ("command", "kernel"), [(RUN, "accounting"), (SWEEP, "buy-and-hold")], ids=["run", "sweep"]
)
def test_a_command_says_so_once_in_one_sentence(
    store: Path,
    blocked: Path,
    command: tuple[str, ...],
    kernel: str,
    executor: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    arguments = [str(store) if word == "STORE" else word for word in command]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--executor", executor, "--workers", "2", "--json"])
    out, err = capfd.readouterr()
    assert ended.value.code == 0
    assert json.loads(out)["contracts"] > 0
    told = [line for line in err.splitlines() if not line.startswith(("compiling", "compiled"))]
    assert told == [
        f"tickloom: the kernel cache {blocked / 'kernels'} cannot be written (Not a directory: "
        f"{blocked / 'kernels' / kernel}); what is compiled now is lost when this process ends, "
        "and compiled anew in the next one. Make it writable, or set TICKLOOM_CACHE_DIR to a "
        "folder that is"
    ]
    assert err.count("\ncompiling ") == err.count("\ncompiled ") == 2  # by one process for all


def test_a_build_that_could_keep_nothing_ends_with_that_sentence(
    blocked: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["kernels", "build", "ema-cross", "ema-cross-c"])
    out, err = capfd.readouterr()
    assert ended.value.code == 1
    assert out == ""
    assert err.splitlines() == [
        f"tickloom: the kernel cache {blocked / 'kernels'} cannot be written (Not a directory: "
        f"{blocked / 'kernels' / 'ema-cross'}): nothing that is built could be kept. Make it "
        "writable, or set TICKLOOM_CACHE_DIR to a folder that is"
    ]


def test_a_build_looks_at_the_folder_of_each_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One may belong to somebody else."""
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(tmp_path))
    theirs = tmp_path / "kernels" / "accounting"
    theirs.parent.mkdir()
    theirs.write_text("not a folder")
    with pytest.raises(TickloomError, match=rf"cannot be written \(.*: {theirs}\): nothing"):
        build_kernel(get_host().kernels.get("ema-cross-array"))


def test_a_build_finds_out_by_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder on a file system that is mounted read-only is there, and its mode says nothing."""

    def refuse(*, dir: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(dir))

    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(TickloomError, match=r"\(Read-only file system: .*buy-and-hold\): nothing"):
        build_kernel(get_host().kernels.get("buy-and-hold"))


def test_a_cache_that_cannot_be_cleared_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(tmp_path))
    (tmp_path / "kernels").mkdir()
    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(TickloomError, match=r"cannot be written \(Permission .* not cleared\. M"):
        clear()


def test_what_plugins_warn_of_looks_as_python_shows_it(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def warn(*_: object, **__: object) -> int:
        warnings.warn("old spelling", FutureWarning, stacklevel=1)
        return 0

    monkeypatch.setattr("tickloom.cli.main.cli.main", warn)
    with pytest.raises(SystemExit), pytest.warns(FutureWarning, match="old spelling"):
        main(["kernels"])
    assert "tickloom: old spelling" not in capfd.readouterr().err


def test_a_full_disk_leaves_the_code_in_memory(
    blocked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    spec = get_host().kernels.get("buy-and-hold")
    with pytest.warns(CacheWarning):
        kernel = load_kernel(spec)
    assert kernel.compile_seconds > 0
    results = kernel(spec.params(), np.array([0, 3]), [np.array([1.0, 2.0, 5.0])])
    assert results.pnl.tolist() == [3.0]
