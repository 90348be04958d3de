"""How a referral and its findings are told in three languages: stations, urgency, waiting, rows of the checklist."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from clinic_app.foundation.dates import form_moment
from clinic_app.records import CodeableConcept, Observation
from clinic_app.referral import PROGRESS
from clinic_app.terminology.specialties import SPECIALTIES
from tests.helpers.fake_referral import NOW, case_for, patient, recording_of, study_of, vitals_of
from ui import language
from ui.referral.evidence import evidence_items, item_detail, item_icon, item_title, kind_words, ticked_at_first
from ui.widgets.case_words import (
    PROGRESS_WORDS,
    clock_words,
    first_line,
    progress_look,
    specialty_words,
    urgency_look,
    waiting_words,
)
from ui.widgets.vitals_words import sitting_line, sittings, vital_values

ABOUT = patient(id="gulnur")
URGENCIES: tuple[Any, ...] = ("stat", "asap", "urgent", "routine")


@pytest.fixture(params=["kk", "ru", "en"])
def tongue(request: pytest.FixtureRequest, qapp: object) -> Iterator[str]:
    language.use(request.param)
    yield request.param
    language.use("kk")


@pytest.fixture
def english(qapp: object) -> Iterator[None]:
    language.use("en")
    yield
    language.use("kk")


def test_every_station_has_a_word_and_a_picture_of_its_own(tongue: str) -> None:
    looks = [progress_look(each) for each in PROGRESS]
    assert len({look.text for look in looks}) == len(PROGRESS) == len(PROGRESS_WORDS)
    assert len({look.icon for look in looks}) == len(PROGRESS)
    if tongue != "en":
        assert not {look.text for look in looks} & {text.render("en") for text in PROGRESS_WORDS.values()}


def test_only_an_emergency_looks_like_an_alarm(tongue: str) -> None:
    assert [urgency_look(each).tone == "alarm" for each in URGENCIES] == [True, False, False, False]
    assert urgency_look(None) == urgency_look("routine")
    assert len({urgency_look(each).text for each in ("stat", "urgent", "routine")}) == 3


def test_every_specialty_is_called_by_its_name(tongue: str) -> None:
    named = [specialty_words(case_for(ABOUT, asked=each.code).request) for each in SPECIALTIES]
    assert len(set(named)) == len(SPECIALTIES)
    assert "—" not in named


def test_a_specialty_we_do_not_know_is_called_as_its_sender_called_it(english: None) -> None:
    request = case_for(ABOUT).request
    assert request is not None
    foreign = msgspec.structs.replace(request, performer_type=CodeableConcept(text="Toxicology"), code=None)
    nameless = msgspec.structs.replace(request, performer_type=None, code=None)
    assert specialty_words(foreign) == "Toxicology"
    assert specialty_words(nameless) == "—"
    assert specialty_words(None) == "—"


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (-5, "0 min"), (0, "0 min"), (0.99, "0 min"), (59.9, "59 min"), (60, "1 h 0 min"), (200, "3 h 20 min"),
        (24 * 60 - 0.1, "23 h 59 min"), (24 * 60, "1 day"), (3 * 24 * 60 + 5, "3 days"),
    ],
)  # fmt: skip
def test_how_long_somebody_waits_never_runs_backwards_and_grows_coarse(
    minutes: float, words: str, english: None
) -> None:
    assert waiting_words(NOW, NOW + timedelta(minutes=minutes)) == words


def test_a_clock_that_has_not_struck_is_a_dash() -> None:
    assert clock_words(None) == waiting_words(None, NOW) == "—"


@pytest.mark.parametrize(
    ("text", "line"), [("", ""), (" \n\n ", ""), ("\n  ST? \nmore", "ST?"), ("one", "one"), ("a\r\nb", "a")]
)
def test_the_first_line_is_the_first_that_says_something(text: str, line: str) -> None:
    assert first_line(text) == line


def _items() -> Any:
    return evidence_items(
        [recording_of(ABOUT.id, NOW - timedelta(days=9)), recording_of(ABOUT.id)],
        [recording_of(ABOUT.id, NOW, "image/png")],
        [study_of(ABOUT.id)],
        [*vitals_of(ABOUT.id, NOW - timedelta(days=1), 60), *vitals_of(ABOUT.id)],
    )


def test_findings_stand_by_kind_and_the_newest_first_however_they_were_read() -> None:
    items = _items()
    assert [item.shape for item in items] == ["ecg", "ecg", "key-image", "study", "vitals", "vitals"]
    assert items[0].at > items[1].at
    assert items[4].at > items[5].at
    assert ticked_at_first(items) == {items[0].key, items[4].key}
    assert ticked_at_first(()) == frozenset()


def test_every_finding_has_a_title_a_detail_and_an_icon(tongue: str) -> None:
    items = _items()
    words = [part for item in items for part in (item_title(item), item_detail(item))]
    assert all(words)
    assert "{" not in "".join(words)
    assert item_title(items[3]) == "CT · 05.03.2026"
    assert len({item_icon(item) for item in items}) == 4
    assert len({kind_words(kind) for kind in ("ecg", "image", "vitals")}) == 3


def test_findings_without_a_date_stand_last_and_say_so(english: None) -> None:
    bare = msgspec.structs.replace(recording_of(ABOUT.id), date=None)
    study = msgspec.structs.replace(study_of(ABOUT.id), started=None, modality=(), description=None)
    items = evidence_items([bare, recording_of(ABOUT.id)], [], [study], [])
    assert [item.at is None for item in items] == [False, True, True]
    assert item_title(items[1]) == "Recording · without a date"
    assert item_title(items[2]) == "Images · without a date"
    assert item_detail(items[2]) == "2 images"


def test_a_sitting_is_told_on_one_line_with_the_pressure_as_a_pair(tongue: str) -> None:
    told = sitting_line(vitals_of(ABOUT.id))
    assert told.startswith("150/90 ")
    assert " · 88 " in told
    assert ("36.8" if tongue == "en" else "36,8") in told


def test_a_value_without_a_number_or_a_unit_is_still_a_row(english: None) -> None:
    pulse = vitals_of(ABOUT.id)[1]
    assert pulse.value_quantity is not None
    empty = msgspec.structs.replace(pulse, value_quantity=msgspec.structs.replace(pulse.value_quantity, value=None))
    foreign: Observation = msgspec.structs.replace(pulse, code=CodeableConcept(text="Лактат"))
    assert [row.value for row in vital_values([empty])] == ["—"]
    assert [row.words for row in vital_values([foreign])] == ["Лактат"]
    assert vital_values([msgspec.structs.replace(pulse, value_quantity=None)]) == ()


def test_values_measured_together_are_one_sitting_and_undated_ones_come_last() -> None:
    undated = msgspec.structs.replace(vitals_of(ABOUT.id)[1], effective_date_time=None)
    found = sittings([undated, *vitals_of(ABOUT.id, NOW - timedelta(hours=1)), *vitals_of(ABOUT.id)])
    assert [len(each) for each in found] == [4, 4, 1]
    assert form_moment(NOW) == clock_words(found[0][0].effective_date_time)
