"""Whatever is wrong with a record, a clerk reads which field it is and what it would have to be."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import LANGUAGES, Text
from clinic_app.hub.fhir_faults import Fault, fault_of
from clinic_app.hub.refusals import answered_with, language_of
from clinic_app.records import decode
from clinic_app.storage.feed.feed import RefusedError

OBSERVATION: dict[str, Any] = {"resourceType": "Observation", "id": "o", "status": "final", "code": {}}
PROGRAMMERS = re.compile(r"`|\$|null|str\b|enum|array|object|byte|datetime|decode", re.IGNORECASE)


def _fault(body: bytes | dict[str, Any]) -> Fault:
    with pytest.raises(InvalidInputError) as caught:
        decode(body if isinstance(body, bytes) else msgspec.json.encode(body))
    return fault_of(caught.value, "invalid")


@pytest.mark.parametrize(
    ("body", "code", "element", "says"),
    [
        ({"resourceType": "Patient", "id": "p", "gender": "xx"}, "code-invalid", "gender", "“xx”"),
        ({"resourceType": "Patient", "id": "p", "gender": 5}, "structure", "gender", "Sex"),
        ({"resourceType": "Patient", "id": "p", "birthDate": "5.3.1964"}, "value", "birthDate", "1964-03-05"),
        ({"resourceType": "Patient", "id": "p", "name": [{"given": "A"}]}, "structure", "name[0].given", "Name"),
        ({"resourceType": "Patient", "id": 5}, "structure", "id", "“id”"),
        ({"resourceType": "Patient"}, "required", "id", "missing"),
        ({"resourceType": "Observation", "id": "o", "code": {}}, "required", "status", "State"),
        ({**OBSERVATION, "issued": "2026"}, "value", "issued", "time zone"),
        ({**OBSERVATION, "issued": "2026-11-22T09:00:00"}, "value", "issued", "time zone"),
        ({**OBSERVATION, "valueQuantity": {"value": "many"}}, "value", "valueQuantity.value", "no number"),
        ({"resourceType": "Unicorn", "id": "u"}, "not-supported", "", "Unicorn"),
        ({"id": "p"}, "required", "resourceType", "missing"),
        (b'{"resourceType":"Patient"', "structure", "", "breaks off"),
        (b'{"resourceType":"Patient",}', "structure", "", "breaks off"),
        (b"[]", "structure", "", "breaks off"),
        (b"\xff", "structure", "", "breaks off"),
        (b'{"resourceType":"Patient","id":"p","x":"\\ud800"}', "structure", "", "breaks off"),
        (b'{"resourceType":"Patient","id":"p","x":' + b"[" * 90 + b"]" * 90 + b"}", "too-long", "", "levels"),
    ],
)
def test_the_field_and_the_remedy_are_named(body: bytes | dict[str, Any], code: str, element: str, says: str) -> None:
    fault = _fault(body)
    assert (fault.code, fault.element) == (code, element)
    assert says in fault.words.render("en")
    assert not PROGRAMMERS.search(fault.words.render("en").replace(element, ""))


def test_every_sentence_is_said_in_the_readers_language() -> None:
    fault = _fault({"resourceType": "Patient", "id": "p", "gender": "xx"})
    said = {language: fault.words.render(language) for language in LANGUAGES}
    assert len(set(said.values())) == 3
    assert all("xx" in each and "gender" in each for each in said.values())


def test_what_was_said_in_plain_words_already_is_left_alone() -> None:
    error = InvalidInputError(Text("The Idempotency-Key is too long."))
    assert fault_of(error, "invalid") == Fault("invalid", error.text)


def test_words_of_any_length_and_letters_end_up_in_a_sentence() -> None:
    for detail in ("", "x" * 5000, "Invalid enum value '" + "y" * 5000 + "' - at `$.gender`", "`", " - at `$", "{x}"):
        error = InvalidInputError(Text("This record cannot be read: {detail}", detail=detail))
        assert fault_of(error, "invalid").words.render("kk")


def test_an_outcome_names_the_element_in_its_entry_in_two_languages() -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode(b'{"resourceType":"Patient","id":"p","gender":"xx"}')
    status, body = answered_with(RefusedError(caught.value, 3), "ru")
    (issue,) = msgspec.json.decode(body)["issue"]
    assert status == 422
    assert issue["expression"] == ["Bundle.entry[3].resource.gender"]
    assert "Sex" in issue["diagnostics"]
    assert re.search("[а-я]", issue["details"]["text"])


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("kk", "kk"),
        ("kk-KZ,ru;q=0.8", "kk"),
        ("de, ru-RU;q=0.5", "ru"),
        ("fr", "en"),
        ("*", "en"),
        (",;q=", "en"),
        ("RU", "ru"),
    ],
)
def test_the_first_language_of_ours_is_spoken(header: str, language: str) -> None:
    assert language_of(header) == language
