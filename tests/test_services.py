"""A service that is not there skips its test, and fails it where all are asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.services import REQUIRED

MARKED = """
import pytest

@pytest.mark.services
def test_of_a_browser():
    pytest.skip("needs a browser")

def test_of_nothing_else():
    pass
"""
WHOLE_MODULE = "import pytest\npytest.skip('needs a database', allow_module_level=True)\n"


@pytest.mark.parametrize(("text", "why"), [(MARKED, "a browser"), (WHOLE_MODULE, "a database")])
@pytest.mark.parametrize("required", [True, False])
def test_a_skip_is_a_failure_where_services_are_required(
    text: str, why: str, required: bool, project: Path, tmp_path: Path
) -> None:
    (tmp_path / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "services"]
    command += ["-c", str(project / "pyproject.toml"), "-p", "tests.services", str(tmp_path)]
    env = os.environ | {REQUIRED: "required" if required else "", "PYTHONPATH": str(project)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert f"needs {why}" in done.stdout
    assert (f"{REQUIRED}=required asks" in done.stdout) == required
    assert done.returncode != 0 if required else done.returncode in (0, 5), done.stdout
