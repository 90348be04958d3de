"""Passwords for tests that are not about their cost: a workstation hashes them with the least Argon2id takes.

One hash as a clinic has it takes a tenth of a second of a processor and 64 MiB. Children of the tests (the program, the
hub, the drills) are processes of their own and have it; a test that is about the cost takes the fixture ``full_cost``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from clinic_app.access import Passwords
from clinic_app.keys.slots import KeySlots
from clinic_app.keys.wrapping import SlotCost

LEAST: Final = SlotCost(memory_kib=8, passes=1)
_FULL: Final[tuple[Any, Any]] = (Passwords.__init__.__kwdefaults__, KeySlots.__init__.__defaults__)


@pytest.fixture(autouse=True, scope="session")
def _passwords_are_quick() -> Iterator[None]:
    """Let every hash cost the least; explicit costs stay as they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Passwords.__init__, "__kwdefaults__", {"memory_kib": LEAST.memory_kib, "passes": LEAST.passes})
        patch.setattr(KeySlots.__init__, "__defaults__", (LEAST,))
        yield


@pytest.fixture
def full_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let passwords cost what they cost in a clinic."""
    monkeypatch.setattr(Passwords.__init__, "__kwdefaults__", _FULL[0])
    monkeypatch.setattr(KeySlots.__init__, "__defaults__", _FULL[1])
