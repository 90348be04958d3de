"""What the hub has seen of the trail stands beside the check of the chain, and a cut trail is told as one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QLabel

from clinic_app.foundation.texts import LANGUAGES
from clinic_app.storage.trail.countersigned import Countersigned
from clinic_app.storage.trail.rows import ChainVerdict
from tests.helpers.clocks import NOON
from tests.helpers.fake_workstation import FakeWorkstation, staffed
from tests.helpers.windows import Desk
from tests.ui.conftest import OpenDesk
from ui import language
from ui.audit.words import hub_words

WHOLE = ChainVerdict(2000, True, None, "ab" * 32)
SEEN = Countersigned(1990, "cd" * 32, "whole", 0, NOON)


def station(verdict: ChainVerdict) -> FakeWorkstation:
    made = staffed()
    made.people.add(None, "auditor", "steppe-wind-7", "Тексеруші", "auditor")
    made.audit_log.verdict = verdict
    return made


def checked(open_desk: OpenDesk, verdict: ChainVerdict) -> Desk:
    desk = open_desk(station(verdict))
    desk.enter("auditor")
    language.use("en")
    desk.click("audit.check")
    return desk


def role(desk: Desk) -> str:
    return str(desk.find("audit.verdict", QLabel).property("role"))


def test_a_trail_the_hub_has_seen_is_told_with_its_word(open_desk: OpenDesk) -> None:
    desk = checked(open_desk, replace(WHOLE, seen=SEEN))
    assert "countersigned 1990" in desk.words("audit.verdict")
    assert role(desk) == "sound"


def test_a_trail_no_hub_has_seen_says_nothing_of_one(open_desk: OpenDesk) -> None:
    desk = checked(open_desk, WHOLE)
    assert "hub" not in desk.words("audit.verdict")
    assert role(desk) == "sound"


@pytest.mark.parametrize(("standing", "told"), [("shorter", "EVENTS ARE MISSING"), ("other", "OTHER EVENTS")])
def test_a_trail_that_was_cut_is_an_alarm_though_its_chain_is_whole(
    open_desk: OpenDesk, standing: str, told: str
) -> None:
    desk = checked(open_desk, replace(WHOLE, seen=SEEN, standing=standing))  # type: ignore[arg-type]
    assert told in desk.words("audit.verdict").splitlines()[0], 'not read after the chain\'s own "whole"'
    assert role(desk) == "broken"


def test_what_the_hub_found_once_is_told_for_ever(open_desk: OpenDesk) -> None:
    desk = checked(open_desk, replace(WHOLE, seen=Countersigned(1990, "cd" * 32, "whole", 2, NOON)))
    assert "2 times" in desk.words("audit.verdict")
    assert role(desk) == "broken"


def test_a_cut_the_hub_knows_already_is_not_counted_twice() -> None:
    known = Countersigned(7, "cd" * 32, "shorter", 1, NOON)
    assert replace(WHOLE, seen=known).breaks == 1
    assert replace(WHOLE, seen=SEEN, standing="other").breaks == 1
    assert WHOLE.breaks == 0


@pytest.mark.parametrize("tongue", LANGUAGES)
def test_every_language_has_the_words(tongue: str) -> None:
    language.use(tongue)
    verdicts = [
        replace(WHOLE, seen=SEEN, standing=standing)  # type: ignore[arg-type]
        for standing in ("whole", "shorter", "other")
    ]
    said = [hub_words(each) for each in verdicts]
    assert len(set(said)) == 3
    assert all("{" not in each for each in said)
    language.use("kk")


@pytest.mark.parametrize(("count", "russian"), [(1, "1 раз "), (2, "2 раза "), (5, "5 раз "), (21, "21 раз ")])
def test_how_often_it_was_found_is_counted_as_people_count(count: int, russian: str) -> None:
    language.use("ru")
    said = hub_words(replace(WHOLE, seen=Countersigned(1990, "cd" * 32, "whole", count, NOON)))
    language.use("kk")
    assert russian in said


def test_the_moment_of_the_hubs_word_is_told_in_a_sentence_of_its_own(open_desk: OpenDesk) -> None:
    desk = checked(open_desk, replace(WHOLE, seen=SEEN))
    whole, seen = desk.words("audit.verdict").splitlines()
    assert whole.startswith("The chain is whole")
    assert seen.startswith("The hub countersigned")
