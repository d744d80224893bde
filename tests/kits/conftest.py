"""What the kits' own tests need."""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings


@pytest.fixture(autouse=True)
def _no_shrinking(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first failure is enough here; an author gets the smallest."""
    from tickloom.testing import kernels  # not before pytest has taken its assertions in hand

    quick = settings(kernels.ADVERSARIAL, phases=[Phase.generate])
    monkeypatch.setattr(kernels, "ADVERSARIAL", quick)
