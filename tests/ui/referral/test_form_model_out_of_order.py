"""The model of the referral form without a window: answers that come late, errors of every kind, other patients."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clinic_app.foundation.errors import ClinicError, InvalidInputError, StorageError
from clinic_app.referral.sending import LONGEST_QUESTION
from clinic_app.terminology.specialties import SPECIALTIES
from tests.helpers.every_error import EVERY_ERROR, SENTENCE, kind_of
from tests.helpers.fake_referral import CENTRE, DOCTOR, FakeStation, patient, renamed
from tests.helpers.late_runner import LateRunner
from ui import language
from ui.referral.view_model_form import Draft, FormViewModel, faults
from ui.shell.patient_in_hand import PatientInHand

FIRST, SECOND = patient(id="first"), patient("Сапарова", id="second")


class Form:
    """The model, what it stands on and what it said."""

    def __init__(self) -> None:
        self.station = FakeStation()
        self.station.furnish(FIRST)
        self.runner = LateRunner()
        self.hand = PatientInHand()
        self.hand.take(FIRST)
        self.model = FormViewModel(self.station, self.runner.as_runner, DOCTOR, self.hand)
        self.notices: list[tuple[str, str]] = []
        self.busy: list[bool] = []
        self.sent: list[object] = []
        self.changes = 0
        self.model.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        self.model.busy_changed.connect(self.busy.append)
        self.model.sent.connect(self.sent.append)
        self.model.changed.connect(self._count)

    def _count(self) -> None:
        self.changes += 1

    def fill(self) -> None:
        self.model.write(specialty="cardiology", urgency="urgent", question="ST?", destination=CENTRE.id)


@pytest.fixture
def form(qapp: object) -> Iterator[Form]:
    language.use("en")
    yield Form()
    language.use("kk")


def test_a_patients_findings_that_come_late_are_not_shown_for_the_next_patient(form: Form) -> None:
    form.model.look()
    form.hand.take(SECOND)
    form.runner.answer_all()
    assert form.model.items == ()
    assert form.model.ticked == ()


def test_nothing_is_read_while_nobody_looks_at_the_form_or_nobody_is_in_hand(form: Form) -> None:
    form.hand.take(SECOND)
    form.hand.take(None)
    form.model.is_watched = True
    form.model.look()
    form.hand.take(None)
    assert form.runner.waiting == []


def test_a_watched_form_reads_the_next_patients_findings_by_itself(form: Form) -> None:
    form.hand.take(SECOND)
    form.model.is_watched = True
    form.hand.take(FIRST)
    form.runner.answer_all()
    assert [item.shape for item in form.model.items] == ["ecg", "ecg", "key-image", "study", "vitals", "vitals"]


def test_a_newer_version_of_the_patient_keeps_findings_and_draft(form: Form) -> None:
    form.model.look()
    form.runner.answer_all()
    form.fill()
    before = form.model.items
    form.hand.take(renamed(FIRST, gender="other"))
    assert form.model.items == before
    assert form.model.draft.question == "ST?"
    assert form.model.patient is not None
    assert form.model.patient.gender == "other"


def test_each_patient_has_a_draft_of_his_own_that_waits_for_him(form: Form) -> None:
    form.fill()
    form.hand.take(SECOND)
    assert form.model.draft == Draft()
    assert not form.model.has_draft()
    form.model.write(question="another one")
    form.hand.take(FIRST)
    assert form.model.draft.question == "ST?"
    form.hand.take(SECOND)
    assert form.model.draft.question == "another one"


def test_blanks_are_no_draft(form: Form) -> None:
    form.model.write(question=" \n\t ")
    assert not form.model.has_draft()


def test_writing_and_ticking_without_a_patient_keeps_nothing(form: Form) -> None:
    form.hand.take(None)
    form.model.write(question="lost")
    form.model.tick("x", True)
    form.model.send()
    assert form.model.draft == Draft()
    assert form.runner.waiting == []


def test_the_newest_recording_and_vital_signs_go_along_until_the_doctor_says_otherwise(form: Form) -> None:
    form.model.look()
    form.runner.answer_all()
    assert [item.shape for item in form.model.ticked] == ["ecg", "vitals"]
    first = form.model.ticked[0]
    assert first == form.model.items[0]
    form.model.tick(first.key, False)
    assert [item.shape for item in form.model.ticked] == ["vitals"]
    form.model.look()
    form.runner.answer_all()
    assert [item.shape for item in form.model.ticked] == ["vitals"]


def test_ticking_what_is_ticked_changes_nothing(form: Form) -> None:
    form.model.look()
    form.runner.answer_all()
    before = form.changes
    form.model.tick(form.model.ticked[0].key, True)
    assert form.changes == before
    assert form.model.draft.ticked is None


def test_a_finding_that_is_gone_does_not_go_along(form: Form) -> None:
    form.model.look()
    form.runner.answer_all()
    for item in form.model.items:
        form.model.tick(item.key, True)
    form.station.recordings.documents.clear()
    form.model.look()
    form.runner.answer_all()
    form.fill()
    form.model.send()
    form.runner.answer_all()
    types = {reference.reference.split("/")[0] for reference in form.station.referrals.sent[0][1].evidence}
    assert types == {"DocumentReference", "ImagingStudy", "Observation"}
    documents = [each for each in form.station.referrals.sent[0][1].evidence if "DocumentReference" in each.reference]
    assert [each.id for each in documents] == [form.station.key_images.listed[0].id]


def test_the_only_hospital_is_chosen_by_itself_but_never_over_a_choice(form: Form) -> None:
    form.station.referrals.places = (CENTRE,)
    form.model.look()
    form.runner.answer_all()
    assert form.model.draft.destination == CENTRE.id
    form.hand.take(SECOND)
    form.model.write(destination="elsewhere")
    form.model.look()
    form.runner.answer_all()
    assert form.model.draft.destination == "elsewhere"


def test_send_pressed_twice_sends_once(form: Form) -> None:
    form.fill()
    form.model.send()
    form.model.send()
    assert len(form.runner.waiting) == 1
    form.runner.answer_all()
    assert len(form.station.referrals.sent) == 1
    assert form.busy == [True, False]


def test_findings_that_cannot_be_read_do_not_open_the_way_to_a_second_send(form: Form) -> None:
    form.model.look()
    form.fill()
    form.model.send()
    form.runner.refuse(StorageError(SENTENCE))
    assert form.model.is_busy
    form.model.send()
    form.runner.answer_all()
    assert len(form.station.referrals.sent) == 1


def test_an_error_of_one_patients_question_is_never_shown_at_the_next_patients_field(form: Form) -> None:
    form.fill()
    form.model.send()
    form.hand.take(SECOND)
    form.runner.refuse(InvalidInputError(SENTENCE, "question"))
    assert form.model.errors == {}
    assert form.notices == [("The disk is full.", "warn")]
    form.hand.take(FIRST)
    assert form.model.draft.question == "ST?"


def test_a_question_sealed_after_the_patient_was_put_away_is_still_told(form: Form) -> None:
    form.fill()
    form.model.send()
    form.hand.take(SECOND)
    form.runner.answer_all()
    assert len(form.sent) == 1
    assert form.notices[-1][1] == "ok"
    form.hand.take(FIRST)
    assert form.model.draft == Draft()


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_what_keeps_a_question_from_being_sealed_is_said_and_the_draft_stays(form: Form, error: ClinicError) -> None:
    form.fill()
    form.model.send()
    form.runner.refuse(error)
    assert form.notices == [("The disk is full.", "warn")]
    assert form.model.draft.question == "ST?"
    assert form.sent == []
    assert form.busy == [True, False]


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_findings_that_cannot_be_read_are_said_and_the_form_can_be_sent_alone(form: Form, error: ClinicError) -> None:
    form.model.look()
    form.runner.refuse(error)
    assert form.notices == [("The disk is full.", "warn")]
    form.fill()
    form.model.send()
    form.runner.answer_all()
    assert form.station.referrals.sent[0][1].evidence == ()


def test_a_fault_of_ours_lets_the_form_go_on(form: Form) -> None:
    form.fill()
    form.station.referrals.failure = ZeroDivisionError()  # type: ignore[assignment]
    form.model.send()
    form.runner.answer_all()
    assert len(form.runner.faults) == 1
    assert form.busy == [True, False]
    form.station.referrals.failure = None
    form.model.send()
    form.runner.answer_all()
    assert len(form.sent) == 1


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("specialty", "specialty"),
        ("urgency", "urgency"),
        ("question", "question"),
        ("evidence", "evidence"),
        ("performer_organization_id", "destination"),
    ],
)
def test_what_the_core_finds_wrong_is_said_at_the_field_it_belongs_to(form: Form, theirs: str, ours: str) -> None:
    form.fill()
    form.model.send()
    form.runner.refuse(InvalidInputError(SENTENCE, theirs))
    assert form.model.errors == {ours: "The disk is full."}
    assert form.notices == []


def test_an_error_at_a_field_leaves_when_the_field_is_written(form: Form) -> None:
    form.model.send()
    assert set(form.model.errors) == {"specialty", "urgency", "question", "destination"}
    form.model.write(question="ST?")
    assert "question" not in form.model.errors
    form.model.write(urgency="stat", specialty="neurology")
    assert set(form.model.errors) == {"destination"}


@pytest.mark.parametrize(
    ("draft", "wrong"),
    [
        (Draft(), {"specialty", "urgency", "question", "destination"}),
        (Draft("cardiology", "stat", "  \n ", "x"), {"question"}),
        (Draft("cardiology", "stat", "a" * LONGEST_QUESTION, "x"), set()),
        (Draft("cardiology", "stat", "a" * (LONGEST_QUESTION + 1), "x"), {"question"}),
        (Draft("cardiology", "stat", " " * 9 + "a" * LONGEST_QUESTION + "\n", "x"), set()),
        (Draft("", "routine", "a", "x"), {"specialty"}),
        (Draft("cardiology", None, "a", "x"), {"urgency"}),
        (Draft("cardiology", "asap", "a", ""), {"destination"}),
    ],
)
def test_what_keeps_a_draft_from_being_sent_is_told_field_by_field(draft: Draft, wrong: set[str]) -> None:
    assert set(faults(draft)) == wrong


@pytest.mark.parametrize("tongue", ["kk", "ru"])
def test_what_is_missing_is_said_in_the_language_of_the_windows(form: Form, tongue: str) -> None:
    english = {name: text.render("en") for name, text in faults(Draft()).items()}
    language.use(tongue)  # type: ignore[arg-type]
    form.model.send()
    assert set(form.model.errors) == set(english)
    for name, words in form.model.errors.items():
        assert words
        assert words != english[name]


@pytest.mark.parametrize("asked", SPECIALTIES, ids=lambda each: each.code)
def test_each_specialty_says_what_it_wants_and_what_is_missing(form: Form, asked: object) -> None:
    form.model.write(specialty=asked.code)  # type: ignore[attr-defined]
    wanted = asked.wanted  # type: ignore[attr-defined]
    assert form.model.wanted == tuple((kind, False) for kind in wanted)
    form.model.look()
    form.runner.answer_all()
    assert dict(form.model.wanted) == {kind: kind != "image" for kind in wanted}
    study = next(item for item in form.model.items if item.shape == "study")
    form.model.tick(study.key, True)
    assert all(is_there for _kind, is_there in form.model.wanted)


def test_an_unknown_specialty_wants_nothing(form: Form) -> None:
    form.model.write(specialty="astrology")
    assert form.model.wanted == ()


def test_the_question_is_sent_without_the_blanks_around_it(form: Form) -> None:
    form.fill()
    form.model.write(question="\n  ST жоғары ма?  \n\n")
    form.model.send()
    form.runner.answer_all()
    assert form.station.referrals.sent[0][1].question == "ST жоғары ма?"


def test_what_is_written_while_it_is_being_sealed_is_not_what_was_sent(form: Form) -> None:
    form.fill()
    form.model.send()
    form.model.write(question="changed")
    form.runner.answer_all()
    assert form.station.referrals.sent[0][1].question == "ST?"
