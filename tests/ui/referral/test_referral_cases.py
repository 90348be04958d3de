"""The list of referrals and one case: words for every station, two clocks, and no opinion without a valid signature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.texts import Text
from clinic_app.referral import PROGRESS
from tests.helpers.fake_referral import DOCTOR, OPINION, FakeStation, answer_to, case_for, patient
from tests.helpers.rooms import Room
from tests.helpers.waiting import wait_until
from ui import language
from ui.referral.referral_screen import ReferralScreen
from ui.referral.summary_file import SummaryFiles
from ui.referral.view_model import ReferralViewModel

ABOUT = patient(id="gulnur")


@pytest.fixture
def room(qapp: object) -> Iterator[Room]:
    language.use("en")
    station = FakeStation()
    station.furnish(ABOUT)
    made = Room(ReferralScreen, ReferralViewModel, station, DOCTOR)
    yield made
    made.close()
    language.use("kk")


def _answered(room: Room, *, is_valid: bool = True) -> None:
    case = case_for(ABOUT, progress="answered", evidence=room.station.recordings.documents[:1])
    room.station.referrals.listed.append(case)
    room.station.consultations.answers[case.task.id] = answer_to(case, is_valid=is_valid)
    room.screen.entered()
    room.settle()
    room.open_row("referrals.list")


def test_each_station_has_its_own_word(room: Room) -> None:
    room.station.referrals.listed += [case_for(ABOUT, progress=each, number=i) for i, each in enumerate(PROGRESS)]
    room.screen.entered()
    room.settle()
    words = [room.cell("referrals.list", row, 4) for row in range(6)]
    assert words == ["saved here", "queued", "received by hub", "opened", "answered", "closed"]


def test_a_question_that_waits_has_one_clock_and_a_received_one_has_two(room: Room) -> None:
    room.station.referrals.listed += [case_for(ABOUT, progress="queued"), case_for(ABOUT, progress="received-by-hub")]
    room.screen.entered()
    room.settle()
    clocks = [[room.cell("referrals.list", row, column) for column in (5, 6)] for row in range(2)]
    assert clocks[0][1] == "—"
    assert clocks[1][0] == clocks[0][0]
    assert clocks[1][1] not in ("—", clocks[1][0])


def test_an_empty_list_names_the_next_action(room: Room) -> None:
    assert room.words("referrals.list.empty.action") == "New referral"
    room.click("referrals.list.empty.action")
    assert room.sees("referral.nobody")


def test_a_case_takes_its_patient_in_hand_and_says_where_it_is(room: Room) -> None:
    room.station.referrals.listed.append(case_for(ABOUT, progress="queued"))
    room.screen.entered()
    room.settle()
    room.open_row("referrals.list")
    assert room.hand.patient == ABOUT
    assert room.words("case.progress") == "queued"
    assert room.words("case.hub_received_at") == "—"
    assert "waits for the link" in room.words("case.waiting")
    assert not room.sees("case.read_and_close")


def test_a_problem_of_the_hub_is_told_in_words(room: Room) -> None:
    problem = Text("The hub did not take the evidence of this referral; the question itself has arrived.")
    room.station.referrals.listed.append(case_for(ABOUT, problem=problem))
    room.screen.entered()
    room.settle()
    room.open_row("referrals.list")
    assert room.words("case.problem.text") == problem.render("en")


def test_a_valid_answer_is_read_with_who_signed_it(room: Room) -> None:
    _answered(room)
    assert room.words("case.opinion") == OPINION
    assert room.words("case.verdict") == "Signature valid"
    assert "Сейітқали Айгүл Маратқызы" in room.words("case.signed")


def test_an_invalid_signature_is_refused_and_no_word_of_it_is_shown(room: Room) -> None:
    _answered(room, is_valid=False)
    assert room.words("case.verdict") == "Signature NOT valid"
    assert room.sees("case.refusal")
    assert OPINION.split("\n", maxsplit=1)[0] not in room.all_words()
    assert not room.sees("case.opinion")
    assert not room.sees("case.make_summary")
    room.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert room.model.case.case is not None
    assert room.model.case.case.progress == "answered"


def test_an_opinion_does_not_stay_on_the_screen_of_the_next_case(room: Room) -> None:
    _answered(room)
    room.press(Qt.Key.Key_Escape)
    room.station.referrals.listed.append(case_for(ABOUT, progress="opened", number=5))
    room.screen.open(room.station.referrals.listed[-1])
    assert OPINION not in room.all_words()
    room.settle()
    assert OPINION not in room.all_words()


def test_reading_closes_the_referral(room: Room) -> None:
    _answered(room)
    room.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert room.words("case.progress") == "closed"
    assert not room.find("case.read_and_close").isEnabled()
    room.press(Qt.Key.Key_Escape)
    assert room.cell("referrals.list", 0, 4) == "closed"


def test_the_summary_is_saved_where_the_person_wants_it_and_shown(room: Room, tmp_path: Path) -> None:
    _answered(room)
    shown: list[Path] = []
    names: list[str] = []

    def choose(_parent: object, name: str) -> Path:
        names.append(name)
        return tmp_path / name

    room.screen.case.files = SummaryFiles(choose, shown.append)
    room.choose("case.summary_language", "kk")
    room.click("case.make_summary")
    wait_until(lambda: shown, what="the PDF to be shown")
    assert names == ["YRG-2026-000123-kk.pdf"]
    assert shown[0].read_bytes().startswith(b"%PDF")
    assert room.station.consultations.summaries[0][1] == "kk"


def test_no_file_is_written_when_the_person_changes_his_mind(room: Room, tmp_path: Path) -> None:
    _answered(room)
    room.screen.case.files = SummaryFiles(lambda _parent, _name: None, lambda _path: None)
    room.click("case.make_summary")
    assert list(tmp_path.iterdir()) == []
    assert room.find("case.make_summary").isEnabled()


def test_a_folder_that_refuses_the_file_is_told(room: Room, tmp_path: Path) -> None:
    _answered(room)
    (tmp_path / "file").write_bytes(b"no folder")
    room.screen.case.files = SummaryFiles(lambda _parent, name: tmp_path / "file" / name, lambda _path: None)
    room.click("case.make_summary")
    assert room.notices[-1][1] == "warn"


def test_another_patient_in_hand_leaves_the_case(room: Room) -> None:
    _answered(room)
    room.hand.take(patient("Петров", "Сергей"))
    room.settle()
    assert room.sees("referrals.list")
    assert OPINION not in room.all_words()


def test_news_of_the_core_are_read_while_somebody_looks(room: Room) -> None:
    room.station.referrals.listed.append(case_for(ABOUT, progress="queued"))
    room.events.tell_sync_changed()
    wait_until(lambda: room.model.cases, what="the list to be read anew")
    room.screen.hide()
    before = room.station.referrals.reads
    room.events.tell_sync_changed()
    room.runner.post(room.screen, lambda: room.notices.append(("after the news", "ok")))
    wait_until(lambda: room.notices and room.notices[-1][0] == "after the news", what="the news to have passed")
    assert room.station.referrals.reads == before
    room.screen.show()


def test_a_flock_of_news_is_one_reading(room: Room) -> None:
    before = room.station.referrals.reads
    for _piece in range(50):
        room.events.tell_sync_changed()
    wait_until(lambda: room.station.referrals.reads > before, what="the list to be read anew")
    room.settle()
    assert room.station.referrals.reads == before + 1


def test_an_answer_that_comes_while_the_case_is_open_appears(room: Room) -> None:
    room.station.referrals.listed.append(case_for(ABOUT, progress="opened"))
    room.screen.entered()
    room.settle()
    room.open_row("referrals.list")
    assert not room.sees("case.opinion")
    task_id = room.station.referrals.listed[0].task.id
    room.station.consultations.answers[task_id] = answer_to(room.station.referrals.listed[0])
    room.station.referrals.listed[0] = replace(room.station.referrals.listed[0], progress="answered")
    room.events.tell_sync_changed()
    wait_until(lambda: room.sees("case.opinion"), what="the opinion to appear")


def test_news_of_other_cases_do_not_read_the_open_one(room: Room) -> None:
    room.station.referrals.listed.append(case_for(ABOUT, progress="queued"))
    room.screen.entered()
    room.settle()
    room.open_row("referrals.list")
    before = room.station.referrals.case_reads
    room.screen.entered()
    room.settle()
    assert room.station.referrals.case_reads == before


def test_the_cursor_stays_on_its_case_when_a_newer_one_comes(room: Room) -> None:
    room.station.referrals.listed += [case_for(ABOUT, number=1), case_for(ABOUT, number=2)]
    room.screen.entered()
    room.settle()
    table = room.screen.list.table
    table.view.selectRow(1)
    chosen = table.current_row().task.id
    room.station.referrals.listed.insert(0, case_for(ABOUT, number=3))
    room.screen.entered()
    room.settle()
    assert table.current_row().task.id == chosen


def test_a_core_that_refuses_is_heard(room: Room) -> None:
    room.station.referrals.failure = LinkError(Text("The hub cannot be reached."))
    room.screen.entered()
    room.settle()
    assert room.notices[-1] == ("The hub cannot be reached.", "warn")


def test_every_control_of_a_case_has_a_name(room: Room) -> None:
    assert room.nameless() == []
    _answered(room)
    assert room.nameless() == []


def test_a_case_changes_its_language(room: Room) -> None:
    _answered(room)
    language.use("kk")
    room.settle()
    assert room.words("case.verdict") == "Қолтаңба жарамды"
    assert room.words("case.progress") == "жауап келді"
