"""Everybody reads which version runs and which one comes; an administrator brings one on a stick."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.sync.program_updates import UpdateLook
from tests.helpers.fake_updates import NEWS, SIZE, FakeUpdates, offered
from tests.helpers.windows import Desk
from ui import language
from ui.people.update_card import UpdateCard


def settings(desk: Desk, role: str = "administrator", look: UpdateLook | None = None) -> UpdateCard:
    if look is not None:
        desk.station.updates = FakeUpdates(look)
    desk.enter(role)
    desk.click("rail.settings")
    desk.settle()
    card = desk.find("updates.words", QLabel).parentWidget()
    assert isinstance(card, UpdateCard)
    return card


def words(card: UpdateCard) -> str:
    return card.findChild(QLabel, "updates.words").text()


READY = UpdateLook("1.2.0", "ready", "1.3.0", offered())


@pytest.mark.parametrize(
    ("look", "said"),
    [
        (UpdateLook("1.2.0", "none"), "Version 1.2.0 of the program"),
        (UpdateLook("1.2.0", "newest"), "Version 1.2.0 of the program; there is nothing newer."),
        (UpdateLook("1.2.0", "coming", "1.3.0", offered(), SIZE // 4), "version 1.3.0 is on its way: 25 %"),
        (READY, "Version 1.3.0 is ready; the computer installs it tonight"),
        (UpdateLook("1.2.0", "returned", "1.3.0"), "Version 1.3.0 did not work on this computer"),
        (
            UpdateLook("1.2.0", "newest", problem=Text("These releases cannot be read.")),
            "These releases cannot be read.",
        ),
    ],
)
def test_everybody_reads_how_it_stands(desk: Desk, look: UpdateLook, said: str) -> None:
    language.use("en")
    assert said in words(settings(desk, "nurse", look))
    assert not desk.sees("updates.take")


def test_what_is_new_is_said_in_the_readers_language(desk: Desk) -> None:
    card = settings(desk, "nurse", READY)
    assert not desk.sees("updates.news")
    desk.click("updates.more")
    assert card.findChild(QLabel, "updates.news").text() == NEWS[language.current()]
    assert desk.sees("updates.news")
    language.use("kk")
    assert card.findChild(QLabel, "updates.news").text() == NEWS["kk"]
    assert "1.3.0 нұсқасы дайын" in words(card)
    desk.click("updates.more")
    assert not desk.sees("updates.news")


def test_an_administrator_brings_a_version_on_a_stick(desk: Desk, tmp_path: Path) -> None:
    language.use("en")
    card = settings(desk, look=UpdateLook("1.2.0", "newest"))
    card.choose = lambda: tmp_path
    told: list[str] = []
    card.noticed.connect(lambda said, _tone: told.append(said))
    desk.click("updates.take")
    desk.settle()
    assert desk.station.updates.taken == [tmp_path]
    assert "Version 1.3.0 is ready" in words(card)
    assert len(told) == 1


def test_what_is_not_believed_is_said_and_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    language.use("en")
    card = settings(desk, look=UpdateLook("1.2.0", "newest"))
    desk.station.updates.refuses = UnreadableFileError(Text("These releases cannot be read."))
    card.choose = lambda: tmp_path
    told: list[tuple[str, str]] = []
    card.noticed.connect(lambda said, tone: told.append((said, tone)))
    desk.click("updates.take")
    desk.settle()
    assert told == [("These releases cannot be read.", "warn")]
    assert "there is nothing newer" in words(card)


def test_whoever_chooses_nothing_changes_nothing(desk: Desk) -> None:
    card = settings(desk, look=UpdateLook("1.2.0", "newest"))
    card.choose = lambda: None
    desk.click("updates.take")
    assert desk.station.updates.taken == []


def test_a_copy_that_takes_no_releases_offers_none(desk: Desk) -> None:
    settings(desk)
    assert not desk.sees("updates.take")
    assert not desk.sees("updates.more")
