"""Two answers compared: what differs is told in words, and joined as a person chose, without a byte made up."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.sync.comparing import SIDES, Difference, differences, merged
from clinic_app.sync.field_words import FIELD_WORDS, MOST_LETTERS, MOST_LINES, lines_of
from clinic_app.terminology.systems import CHART_NUMBER, IIN


def _patient(**elements: Any) -> bytes:
    return msgspec.json.encode({"resourceType": "Patient", "id": "p", **elements})


def _only(mine: bytes, theirs: bytes) -> Difference:
    (found,) = differences(mine, theirs)
    return found


def _say(lines: tuple[Text | str, ...]) -> list[str]:
    return [each.render("en") if isinstance(each, Text) else each for each in lines]


def test_the_same_record_has_no_difference_whatever_its_version() -> None:
    mine = _patient(gender="male", meta={"versionId": "1", "lastUpdated": "2026-03-05T07:00:00Z"})
    theirs = _patient(meta={"versionId": "2"}, gender="male")
    assert differences(mine, theirs) == ()


def test_a_birth_date_is_told_as_people_write_it_and_is_a_field_of_safety() -> None:
    found = _only(_patient(birthDate="1964-03-05"), _patient(birthDate="1964-05-03"))
    assert (found.mine, found.theirs) == (("05.03.1964",), ("03.05.1964",))
    assert found.is_safety
    assert found.label.render("ru") == "Дата рождения"


@pytest.mark.parametrize(
    ("element", "value", "said"),
    [
        ("gender", "female", ["female"]),
        ("gender", "other", ["other sex"]),
        ("deceasedBoolean", True, ["yes"]),
        ("deceasedDateTime", "2026-03-05", ["05.03.2026"]),
        ("active", False, ["no"]),
        ("name", [{"family": "Қасымов", "given": ["Нұрлан", "Ерланұлы"]}], ["Қасымов Нұрлан Ерланұлы"]),
        ("name", [{"text": "Әлия"}, {"family": "Б"}], ["Әлия", "Б"]),
        ("identifier", [{"system": IIN, "value": "850101300124"}], ["IIN: 850101300124"]),
        ("identifier", [{"system": CHART_NUMBER, "value": "C-1"}], ["Chart number: C-1"]),
        ("identifier", [{"system": "urn:x", "value": "7"}], ["Number: 7"]),
        ("telecom", [{"system": "phone", "value": "+7 701", "use": "home"}], ["+7 701"]),
        ("address", [{"text": "Ырғыз, Абай 5"}], ["Ырғыз, Абай 5"]),
        ("address", [{"city": "Ырғыз", "district": "Ырғыз ауданы", "use": "home"}], ["Ырғыз, Ырғыз ауданы"]),
        ("managingOrganization", {"reference": "Organization/a", "display": "Ырғыз АА"}, ["Ырғыз АА"]),
        ("managingOrganization", {"reference": "Organization/a"}, ["Organization/a"]),
        ("maritalStatus", {"coding": [{"code": "M", "display": "Married"}]}, ["Married"]),
        ("maritalStatus", {"coding": [{"code": "M"}]}, ["M"]),
        ("maritalStatus", {"text": "үйленген", "coding": [{"code": "M"}]}, ["үйленген"]),
        ("valueQuantity", {"value": 72.5, "unit": "kg", "code": "kg"}, ["72.5 kg"]),
        ("period", {"start": "2026-03-05"}, ["05.03.2026 – …"]),
        ("note", [{"text": "Жүрегі ауырады"}], ["Жүрегі ауырады"]),
        ("status", "on-hold", ["waiting"]),
        ("status", "of-tomorrow", ["of-tomorrow"]),
        ("clinicalStatus", {"coding": [{"system": "s", "code": "resolved"}]}, ["resolved"]),
        ("multipleBirthInteger", 2, ["2"]),
        ("_birthDate", {"extension": [{"url": "u", "valueString": "шамамен"}]}, ["шамамен"]),
    ],
)
def test_a_value_is_told_in_words(element: str, value: Any, said: list[str]) -> None:
    found = _only(_patient(**{element: value}), _patient())
    assert _say(found.mine) == said
    assert found.theirs == ()


def test_both_kinds_of_an_element_answer_one_question() -> None:
    found = _only(_patient(deceasedBoolean=False), _patient(deceasedDateTime="2026-03-05T07:00:00+05:00"))
    assert found.field == "deceased"
    assert found.is_safety
    assert _say(found.mine) == ["no"]


def test_every_field_of_an_allergy_is_one_of_safety_and_safety_stands_first() -> None:
    allergy = {"resourceType": "AllergyIntolerance", "id": "a", "patient": {"reference": "Patient/p"}}
    mine, theirs = ({**allergy, "code": {"text": each}} for each in ("пенициллин", "аспирин"))
    assert _only(msgspec.json.encode(mine), msgspec.json.encode(theirs)).is_safety
    found = differences(_patient(telecom=[{"value": "1"}], gender="male"), _patient(gender="female"))
    assert [each.field for each in found] == ["gender", "telecom"]


def test_a_field_nobody_modelled_is_asked_about_by_its_own_name() -> None:
    found = _only(_patient(favouriteColour="blue"), _patient(favouriteColour="red"))
    assert found.label.render("en") == "Entry “favouriteColour”"


def test_endless_words_and_endless_lists_are_cut() -> None:
    long = _only(_patient(telecom=[{"value": "x" * 100_000}] * 500), _patient())
    assert len(long.mine) == MOST_LINES + 1
    assert max(len(each) for each in _say(long.mine)) <= MOST_LETTERS
    deep: Any = "x"
    for _ in range(50):
        deep = {"a": [deep, deep]} if len(str(deep)) < 2000 else {"a": deep}
    assert len(_say(lines_of("strange", {"strange": deep}))[0]) <= MOST_LETTERS


def test_every_field_with_a_word_has_it_in_three_languages() -> None:
    for words in FIELD_WORDS.values():
        assert len({words.render("kk"), words.render("ru"), words.render("en")}) >= 2


def test_the_answer_takes_each_field_from_the_side_that_was_chosen() -> None:
    mine = _patient(gender="male", birthDate="1964-03-05", weight=72.50)
    theirs = _patient(gender="female", birthDate="1964-05-03", telecom=[{"value": "1"}])
    chosen = {"gender": "theirs", "birthDate": "mine", "weight": "mine", "telecom": "mine"}
    assert msgspec.json.decode(merged(mine, theirs, chosen)) == {  # type: ignore[arg-type]
        "resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1964-03-05", "weight": 72.5, "meta": {},
    }  # fmt: skip


def test_a_decimal_keeps_its_very_digits() -> None:
    mine = b'{"resourceType":"Patient","id":"p","weight":72.50}'
    assert b"72.50" in merged(mine, _patient(), {"weight": "mine"})


@pytest.mark.parametrize("chosen", [{}, {"gender": "nobody"}, {"birthDate": "mine"}])
def test_without_an_answer_to_every_field_there_is_no_answer(chosen: Any) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        merged(_patient(gender="male"), _patient(gender="female"), chosen)
    assert refusal.value.field == "gender"


def test_a_closed_record_stays_closed_whichever_side_closed_it() -> None:
    closed = {"security": [{"system": "s", "code": "R"}], "versionId": "9"}
    for mine, theirs in ((closed, {}), ({}, closed), (closed, closed)):
        answer = msgspec.json.decode(merged(_patient(meta=mine), _patient(meta=theirs), {}))
        assert answer["meta"]["security"] == closed["security"]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6) | st.sampled_from(["2026-03-05", "T"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.sampled_from(["gender", "birthDate", "name", "identifier", "deceasedBoolean", "deceased", "_x", "status"])
_RECORDS = st.dictionaries(_NAMES | st.text(min_size=1, max_size=8), _VALUES, max_size=6)


@given(_RECORDS, _RECORDS, st.data())
def test_any_two_records_are_compared_and_joined_and_either_whole_side_can_be_had(
    ours: dict[str, Any], others: dict[str, Any], data: st.DataObject
) -> None:
    mine, theirs = (_patient(**{**each, "meta": {}}) for each in (ours, others))
    found = differences(mine, theirs)
    for side, body in zip(SIDES, (mine, theirs), strict=True):
        whole = merged(mine, theirs, {each.field: side for each in found})
        assert msgspec.json.decode(whole) == msgspec.json.decode(body)
    chosen = {each.field: data.draw(st.sampled_from(SIDES)) for each in found}
    joined = merged(mine, theirs, chosen)
    assert {each.field for each in differences(mine, joined)} == {f for f, side in chosen.items() if side == "theirs"}
