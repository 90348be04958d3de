"""Two edits of one record joined: what one side changed is never lost, what both changed is asked, safety always is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.sync.comparing import differences, merged
from clinic_app.sync.merging import MERGED_TYPES, SAFETY, Clash, Merge, field_of, merge
from clinic_app.sync.merging_lists import _KEYS, canonical

Json = dict[str, Any]


def _body(type_name: str = "Patient", **elements: Any) -> bytes:
    return msgspec.json.encode({"resourceType": type_name, "id": "r", **elements})


def _content(body: bytes) -> Json:
    content: Json = msgspec.json.decode(body)
    return {name: value for name, value in content.items() if name not in ("resourceType", "id", "meta")}


def _merge(base: Json, mine: Json, theirs: Json, type_name: str = "Patient") -> Merge:
    return merge(*(_body(type_name, **each) for each in (base, mine, theirs)))


def _asked(found: Merge) -> list[str]:
    return [each.field for each in found.clashes]


HOME, WORK = {"system": "phone", "value": "+7 701"}, {"system": "phone", "value": "+7 702"}
MAIL = {"system": "email", "value": "a@b.kz"}
NAMED = {"use": "official", "family": "Қасымов", "given": ["Нұрлан"]}
MAIDEN = {"use": "maiden", "family": "Сәрсенова"}


def test_fields_that_one_side_changed_are_joined_by_themselves() -> None:
    base = {"telecom": [HOME], "maritalStatus": {"text": "S"}, "active": True}
    found = _merge(base, {**base, "telecom": [WORK]}, {**base, "maritalStatus": {"text": "M"}})
    assert _content(found.body) == {"telecom": [WORK], "maritalStatus": {"text": "M"}, "active": True}
    assert (found.clashes, found.from_mine, found.from_theirs, found.from_both) == (
        (), ("telecom",), ("maritalStatus",), (),
    )  # fmt: skip


def test_a_field_one_side_removed_is_gone_and_one_it_added_is_there() -> None:
    found = _merge({"photo": [{"id": "1"}]}, {"photo": [{"id": "1"}], "language": "kk"}, {})
    assert _content(found.body) == {"language": "kk"}


def test_the_same_change_on_both_sides_is_no_question() -> None:
    found = _merge({"gender": "male"}, {"gender": "female"}, {"gender": "female"})
    assert (_content(found.body), found.clashes) == ({"gender": "female"}, ())


def test_a_value_both_changed_is_asked_and_the_rest_is_joined() -> None:
    base = {"maritalStatus": {"text": "S"}, "active": True}
    found = _merge(base, {"maritalStatus": {"text": "M"}, "active": True}, {"maritalStatus": {"text": "D"}})
    assert found.clashes == (Clash("maritalStatus", can_keep_both=False),)
    assert _content(found.body) == {"maritalStatus": {"text": "D"}}


@pytest.mark.parametrize("field", sorted(SAFETY - {"deceased"}))
def test_what_says_who_the_patient_is_is_asked_even_when_one_side_alone_changed_it(field: str) -> None:
    base = {field: [{"system": "s", "value": "1", "url": "u"}]}
    for mine, theirs in (({}, base), (base, {})):
        assert _asked(_merge(base, {**mine, "active": True}, theirs)) == [field]


def test_a_death_is_asked_about_in_whichever_form_it_is_told() -> None:
    found = _merge({}, {"deceasedDateTime": "2026-03-05"}, {"active": True})
    assert _asked(found) == ["deceased"]
    assert _asked(_merge({"deceasedBoolean": False}, {"deceasedBoolean": False}, {"deceasedBoolean": True})) == [
        "deceased"
    ]


def test_an_allergy_is_never_joined() -> None:
    base = {"code": {"text": "пенициллин"}, "note": [{"text": "a"}]}
    found = _merge(base, {**base, "criticality": "high"}, {**base, "note": []}, "AllergyIntolerance")
    assert sorted(_asked(found)) == ["criticality", "note"]


@pytest.mark.parametrize("type_name", ["Observation", "Task", "DiagnosticReport", "Provenance", "Nonsense"])
def test_a_type_with_one_writer_is_never_joined(type_name: str) -> None:
    assert type_name not in MERGED_TYPES
    base = {"status": "final", "note": []}
    assert _asked(_merge(base, {**base, "status": "amended"}, {"status": "final"}, type_name)) == ["status", "note"]


def test_without_a_known_beginning_everything_is_asked() -> None:
    found = merge(None, _body(active=True, language="kk"), _body(active=False))
    assert _asked(found) == ["active", "language"]


def test_telephones_of_both_sides_stand_beside_each_other() -> None:
    found = _merge({"telecom": [HOME]}, {"telecom": [HOME, WORK]}, {"telecom": [MAIL, HOME]})
    assert _content(found.body) == {"telecom": [MAIL, HOME, WORK]}
    assert found.from_both == ("telecom",)


def test_a_telephone_one_side_took_away_stays_away_and_one_it_described_anew_stays_so() -> None:
    found = _merge({"telecom": [HOME, MAIL]}, {"telecom": [MAIL]}, {"telecom": [HOME, {**MAIL, "rank": 1}]})
    assert (_content(found.body), found.clashes) == ({"telecom": [{**MAIL, "rank": 1}]}, ())


def test_a_telephone_taken_away_here_and_described_anew_there_is_asked() -> None:
    base, theirs = {"telecom": [HOME, MAIL]}, {"telecom": [{**HOME, "rank": 1}, MAIL]}
    found = _merge(base, {"telecom": [MAIL, WORK]}, theirs)
    assert _asked(found) == ["telecom"]
    answers = [_content(merge(_body(**base), _body(telecom=[MAIL, WORK]), _body(**theirs), {"telecom": side}).body)
               for side in ("mine", "theirs")]  # type: ignore[misc]  # fmt: skip
    assert answers == [{"telecom": [MAIL, WORK]}, {"telecom": [{**HOME, "rank": 1}, MAIL, WORK]}], (
        "WORK is nobody's loss"
    )


def test_a_name_spelled_anew_by_both_is_asked_and_never_doubled() -> None:
    mine, theirs = ({"name": [{**NAMED, "family": family}]} for family in ("Касымов", "Қасенов"))
    assert _asked(_merge({"name": [NAMED]}, mine, theirs)) == ["name"]


def test_another_name_beside_a_corrected_one_is_joined() -> None:
    corrected = {**NAMED, "family": "Касымов"}
    found = _merge({"name": [NAMED]}, {"name": [corrected]}, {"name": [NAMED, MAIDEN]})
    assert _content(found.body) == {"name": [corrected, MAIDEN]}


def test_a_list_in_which_two_items_bear_one_name_is_asked_as_a_whole() -> None:
    twice = [NAMED, {**NAMED, "family": "Kasymov"}]
    found = _merge({"name": twice}, {"name": [*twice, MAIDEN]}, {"name": [NAMED]})
    assert _asked(found) == ["name"]


def test_two_different_orders_are_asked_and_one_new_order_stands() -> None:
    one, two, three = HOME, WORK, MAIL
    base = {"telecom": [one, two, three]}
    assert _content(
        _merge(base, {"telecom": [three, one, two]}, {"telecom": [one, two, three, {"value": "4"}]}).body
    ) == {"telecom": [three, {"value": "4"}, one, two]}
    assert _asked(_merge(base, {"telecom": [two, one, three]}, {"telecom": [three, two, one]})) == ["telecom"]


def test_steps_of_a_plan_done_at_two_places_are_both_done() -> None:
    def step(what: str, status: str) -> Json:
        return {"detail": {"description": what, "status": status}}

    base = {"status": "active", "activity": [step("ЭКГ", "scheduled"), step("Қан", "scheduled")]}
    mine = {**base, "activity": [step("ЭКГ", "completed"), step("Қан", "scheduled")]}
    theirs = {**base, "activity": [step("ЭКГ", "scheduled"), step("Қан", "completed"), step("УДЗ", "scheduled")]}
    found = _merge(base, mine, theirs, "CarePlan")
    assert [each["detail"]["status"] for each in _content(found.body)["activity"]] == [
        "completed", "completed", "scheduled",
    ]  # fmt: skip


def test_the_time_of_an_appointment_is_one_question() -> None:
    base = {"start": "2026-03-05T07:00:00Z", "end": "2026-03-05T07:30:00Z", "comment": "a"}
    found = _merge(
        base, {**base, "start": "2026-03-05T06:00:00Z"}, {**base, "end": "2026-03-05T08:00:00Z"}, "Appointment"
    )
    assert _asked(found) == ["start"]
    assert field_of("_end", "Appointment") == "start"
    assert field_of("end", "Encounter") == "end"


def test_another_patient_in_an_appointment_is_asked_and_another_doctor_is_not() -> None:
    patient, other, doctor = ({"actor": {"reference": each}} for each in ("Patient/p", "Patient/q", "Practitioner/d"))
    base = {"participant": [patient], "comment": "a"}
    swapped = _merge(base, {**base, "participant": [other]}, {**base, "comment": "b"}, "Appointment")
    assert swapped.clashes == (Clash("participant", can_keep_both=True, is_safety=True),)
    joined = _merge(base, {**base, "participant": [patient, doctor]}, {**base, "comment": "b"}, "Appointment")
    assert (joined.clashes, _content(joined.body)) == ((), {"participant": [patient, doctor], "comment": "b"})


def test_a_visit_is_joined_by_who_takes_part_and_where() -> None:
    nurse, doctor = ({"individual": {"reference": f"Practitioner/{each}"}} for each in "nd")
    base = {"status": "in-progress", "participant": [nurse]}
    mine = {"status": "finished", "participant": [nurse], "location": [{"location": {"reference": "Location/1"}}]}
    found = _merge(base, mine, {**base, "participant": [nurse, doctor]}, "Encounter")
    assert _content(found.body) == {**mine, "participant": [nurse, doctor]}


def test_numbers_of_a_patient_can_be_kept_from_both_sides_but_only_by_a_person() -> None:
    chart, snils, iin = ({"system": each, "value": "1"} for each in ("chart", "snils", "iin"))
    bodies = _body(identifier=[iin]), _body(identifier=[iin, chart]), _body(identifier=[iin, snils])
    found = merge(*bodies)
    assert found.clashes == (Clash("identifier", can_keep_both=True, is_safety=True),)
    kept = merge(*bodies, {"identifier": "both"})
    assert _content(kept.body)["identifier"] == [iin, chart, snils]


def test_numbers_that_exclude_each_other_cannot_both_be_kept() -> None:
    iin = {"system": "iin", "value": "1"}
    found = merge(_body(identifier=[iin]), _body(), _body(identifier=[{**iin, "use": "old"}]))
    assert found.clashes == (Clash("identifier", can_keep_both=False, is_safety=True),)


def test_a_label_on_who_may_see_the_record_stays_whichever_side_set_it_and_its_readers_are_joined() -> None:
    label, tag = {"system": "s", "code": "R"}, [{"system": "urn:dala:audience", "code": each} for each in "abc"]
    base = _body(meta={"tag": tag[:1], "security": [label], "versionId": "0"})
    mine = _body(meta={"tag": tag[:2], "versionId": "1", "source": "x"}, active=True)
    theirs = _body(meta={"tag": [tag[0], tag[2]], "security": [label], "versionId": "2"})
    meta = msgspec.json.decode(merge(base, mine, theirs).body)["meta"]
    assert meta == {"tag": tag, "versionId": "2", "security": [label], "source": "x"}
    assert "security" in msgspec.json.decode(merge(base, theirs, mine).body)["meta"]


@pytest.mark.parametrize("meta", [None, {}, {"profile": ["p"]}])
def test_a_record_without_a_word_about_itself_is_joined_too(meta: Any) -> None:
    found = merge(_body(), _body(meta=meta, active=True), _body(language="kk"))
    assert (_content(found.body), found.clashes) == ({"active": True, "language": "kk"}, ())


def test_digits_and_elements_nobody_modelled_keep_their_bytes() -> None:
    odd = b'"x":{"value":72.50,"deep":[1.0e3,123456789012345678901234567890]},"_birthDate":{"id":"q"}'
    base = b'{"resourceType":"Patient","id":"r",' + odd + b"}"
    mine = base.replace(b'"id":"r"', b'"id":"r","weight":72.500')
    theirs = base.replace(b'"id":"r"', b'"id":"r","height":1.80')
    joined = merge(base, mine, theirs).body
    for part in (*odd.split(b',"_'), b'"weight":72.500', b'"height":1.80'):
        assert part.removeprefix(b"birth") in joined
    assert _asked(merge(base, base.replace(b"72.50", b"72.5"), base.replace(b"72.50", b"72.500"))) == ["x"]


def test_only_what_is_at_odds_is_told_and_the_answer_brings_the_rest_with_it() -> None:
    base = _body(birthDate="1964-03-05", telecom=[HOME])
    mine, theirs = _body(birthDate="1964-03-05", telecom=[HOME, WORK]), _body(birthDate="1964-05-03", telecom=[HOME])
    (told,) = differences(mine, theirs, base)
    assert (told.field, told.mine, told.theirs, told.is_safety) == ("birthDate", ("05.03.1964",), ("03.05.1964",), True)
    assert _content(merged(mine, theirs, {"birthDate": "theirs"}, base)) == {
        "birthDate": "1964-05-03", "telecom": [HOME, WORK],
    }  # fmt: skip


def test_a_question_about_a_list_shows_what_each_answer_would_save() -> None:
    base, mine = _body(telecom=[HOME]), _body(telecom=[{**HOME, "rank": 1}, WORK])
    theirs = _body(telecom=[{**HOME, "rank": 2}, MAIL])
    (told,) = differences(mine, theirs, base)
    assert len(told.mine) == len(told.theirs) == 3
    assert not told.can_keep_both


_SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b", "2026-03-05", "72.50"])
_THINGS = st.fixed_dictionaries(
    {"system": st.sampled_from("xyz"), "value": st.sampled_from("12"), "use": st.sampled_from(["home", "work", "old"])},
    optional={"rank": st.integers(1, 3)},
)
_FIELDS: Json = {
    "active": _SCALARS, "gender": _SCALARS, "birthDate": _SCALARS, "_birthDate": _SCALARS, "strange": _SCALARS,
    "maritalStatus": st.dictionaries(st.sampled_from("ab"), _SCALARS, max_size=2),
    **{name: st.lists(_THINGS, max_size=4) for name in ("telecom", "identifier", "name", "address", "note", "odd")},
}  # fmt: skip
_RECORDS = st.fixed_dictionaries({}, optional=_FIELDS)
_EDITS = st.fixed_dictionaries({}, optional={name: st.none() | values for name, values in _FIELDS.items()})


def _edited(base: Json, edit: Json) -> Json:
    return {name: value for name, value in {**base, **edit}.items() if value is not None}


def _said(record: Json, field: str) -> bytes:
    return canonical(msgspec.json.encode({n: v for n, v in record.items() if field_of(n) == field}))


def _items(record: Json, field: str) -> list[bytes]:
    return [canonical(msgspec.json.encode(each)) for each in record.get(field) or []]


@given(_RECORDS, _EDITS, _EDITS)
def test_no_field_that_only_one_side_changed_is_ever_lost(base: Json, ours: Json, others: Json) -> None:
    base = _edited(base, {})
    mine, theirs = _edited(base, ours), _edited(base, others)
    found = _merge(base, mine, theirs)
    joined, asked = _content(found.body), set(_asked(found))
    for field in {field_of(name) for name in (*base, *mine, *theirs)}:
        old, here, there, now = (_said(each, field) for each in (base, mine, theirs, joined))
        if here == there:
            assert now == here
        elif field in SAFETY:
            assert field in asked
        elif old in (here, there):
            assert now == (there if here == old else here)
            assert field not in asked
        elif field not in asked:
            assert field in _KEYS, "only lists with named items are joined where both sides changed them"
            kept, first = _items(joined, field), _items(base, field)
            for side in (mine, theirs):
                added = set(_items(side, field)) - set(first)
                assert added <= set(kept), "what one side put there or wrote anew is there"
            gone = [set(first) - set(_items(side, field)) for side in (mine, theirs)]
            assert not set(kept) & (gone[0] | gone[1]), "what one side took away or wrote anew is not there as it was"


@given(_RECORDS, _EDITS, _EDITS)
def test_joining_is_the_same_from_both_sides(base: Json, ours: Json, others: Json) -> None:
    base = _edited(base, {})
    mine, theirs = _edited(base, ours), _edited(base, others)
    one, other = _merge(base, mine, theirs), _merge(base, theirs, mine)
    assert set(one.clashes) == set(other.clashes)
    assert (set(one.from_mine), set(one.from_both)) == (set(other.from_theirs), set(other.from_both))
    if not one.clashes:
        assert one.body == other.body
    answered = merge(*(_body(**each) for each in (base, mine, theirs)), {each.field: "mine" for each in one.clashes})
    mirrored = merge(*(_body(**each) for each in (base, theirs, mine)), {each.field: "theirs" for each in one.clashes})
    assert _content(answered.body) == _content(mirrored.body)


@given(_RECORDS, _EDITS)
def test_an_edit_joined_with_nothing_is_the_edit(base: Json, edit: Json) -> None:
    base = _edited(base, {})
    mine = _edited(base, edit)
    found = _merge(base, mine, mine)
    assert (_content(found.body), found.clashes) == (mine, ())
    harmless = {name: value for name, value in mine.items() if field_of(name) not in SAFETY}
    harmless |= {name: value for name, value in base.items() if field_of(name) in SAFETY}
    assert _content(_merge(base, harmless, base).body) == harmless
