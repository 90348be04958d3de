"""The drill of the bad year in short, and that it finds out whoever mends badly."""

from __future__ import annotations

from pathlib import Path

import pytest

from clinic_app.foundation.errors import KeyLockedError
from clinic_app.foundation.texts import Text
from tests.drills import recovery
from tests.drills.recovery import DISASTERS, WAYS, Rehearsal, Ring

pytestmark = pytest.mark.timeout(400)
"""Processes of their own on a computer that may be busy: an end to it, not a measurement."""


def test_every_way_opens_everything_is_mended_and_nobody_else_gets_in() -> None:
    figures, has_held = recovery.run(["--quick", "--tries", "40"])
    assert figures["examples"] == []
    assert (figures["opened"], figures["of"]) == (3, 3)
    assert figures["opened_by"] == list(WAYS)
    assert figures["mended"] == list(DISASTERS)
    assert figures["tried"] == figures["refused"]
    assert figures["mutants_caught"] == list(recovery.MUTANTS)
    assert has_held


def rehearsed(tmp_path: Path) -> Rehearsal:
    """A rehearsal after which all is well."""
    done = Rehearsal(tmp_path, Ring(), 2)
    done.opened, done.mended, done.tried, done.refused = list(WAYS), list(DISASTERS), 5, 5
    return done


def test_a_good_rehearsal_holds(tmp_path: Path) -> None:
    assert rehearsed(tmp_path).has_held


@pytest.mark.parametrize(
    ("name", "flaw"),
    [
        ("opened", ["user", "recovery"]),
        ("mended", ["dead computer"]),
        ("refused", 4),
        ("amiss", ["record Patient p v"]),
    ],
)
def test_any_flaw_fails_the_drill(tmp_path: Path, name: str, flaw: object) -> None:
    done = rehearsed(tmp_path)
    setattr(done, name, flaw)
    assert not done.has_held


def test_without_a_wrong_try_nothing_is_proven(tmp_path: Path) -> None:
    done = rehearsed(tmp_path)
    done.tried = done.refused = 0
    assert not done.has_held


def test_what_opens_and_must_not_is_named(tmp_path: Path) -> None:
    done = rehearsed(tmp_path)
    done._expect(KeyLockedError, "a wrong password", lambda: b"the key")
    assert done.amiss == ["a wrong password opened"]
    assert not done.has_held


def test_one_part_that_breaks_leaves_the_others_their_turn(tmp_path: Path) -> None:
    def breaks() -> None:
        raise KeyLockedError(Text("No."))

    done = rehearsed(tmp_path)
    done._try("the dead computer", breaks)
    assert done.amiss == ["the dead computer: KeyLockedError: No."]


def test_wrong_codes_are_never_the_right_one(tmp_path: Path) -> None:
    done = rehearsed(tmp_path)
    done._code = "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGG-HHHH"
    codes = list(done._wrong_codes())
    assert len(codes) == 6
    assert done._code not in codes
    assert len({len(code) for code in codes[4:]}) == 1


def test_the_keyring_of_the_drill_keeps_and_forgets() -> None:
    ring = Ring()
    ring.set_password("Dala", "slot", "secret")
    assert ring.get_password("Dala", "slot") == "secret"
    ring.delete_password("Dala", "slot")
    assert ring.get_password("Dala", "slot") is None
