"""Tests hash quickly, and can have the cost of a clinic where they are about it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from clinic_app.access import Passwords
from clinic_app.keys.slots import KeySlots
from clinic_app.keys.wrapping import SlotCost
from tests.helpers.quick_passwords import LEAST


def test_a_hash_of_a_test_takes_the_least_and_fits(tmp_path: Path) -> None:
    passwords = Passwords()
    kept = passwords.hashed("correct horse")
    assert "m=8,t=1" in kept
    assert passwords.fits(kept, "correct horse")
    assert not passwords.fits(kept, "another horse")
    assert KeySlots(tmp_path)._cost == LEAST


def test_what_a_test_says_itself_counts(tmp_path: Path) -> None:
    assert "m=16,t=2" in Passwords(memory_kib=16, passes=2).hashed("correct horse")
    assert KeySlots(tmp_path, SlotCost(16, 2))._cost == SlotCost(16, 2)


@pytest.mark.usefixtures("full_cost")
def test_who_is_about_the_cost_has_it(tmp_path: Path) -> None:
    begun = time.process_time()
    assert "m=65536,t=3" in Passwords().hashed("correct horse")
    assert time.process_time() > begun
    assert KeySlots(tmp_path)._cost == SlotCost() == SlotCost(65_536, 3)
