"""What a stranger may write into a record and must not get in: no numbers that are none, no letters that are none."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.numbers import is_writable
from clinic_app.records import Extension, Observation, Patient, Quantity, Resource, decode, decode_as, encode
from clinic_app.records.codec import TYPES
from clinic_app.records.datatypes import SampledData

OBSERVATION: dict[str, Any] = {"resourceType": "Observation", "id": "1", "status": "final", "code": {}}
ENDLESS = ("NaN", "-NaN", "sNaN", "Infinity", "-Infinity")


def _body(**members: Any) -> bytes:
    return json.dumps({**OBSERVATION, **members}).encode()


@pytest.mark.parametrize("number", ENDLESS)
def test_a_number_json_cannot_write_never_comes_in_as_a_word(number: str) -> None:
    with pytest.raises(InvalidInputError):
        decode(_body(valueQuantity={"value": number}))
    with pytest.raises(InvalidInputError):
        decode(_body(extension=[{"url": "urn:x", "valueDecimal": number}]))


@pytest.mark.parametrize("number", ENDLESS)
def test_nobody_here_can_make_such_a_number_either(number: str) -> None:
    with pytest.raises(ValueError, match="must be a number"):
        Quantity(value=Decimal(number))
    with pytest.raises(ValueError, match="must be a number"):
        Extension(url="urn:x", value_decimal=Decimal(number))
    with pytest.raises(ValueError, match="must be a number"):
        SampledData(origin=Quantity(value=Decimal(0)), period=Decimal(number), dimensions=1)


@given(st.decimals(allow_nan=False, allow_infinity=False).filter(is_writable))
def test_every_number_of_this_world_is_written_as_json_and_read_back_equal(number: Decimal) -> None:
    record = Observation(id="1", status="final", code=decode_as(Observation, _body()).code)
    record = msgspec.structs.replace(record, value_quantity=Quantity(value=number))
    body = encode(record)
    json.loads(body)
    again = decode_as(Observation, body).value_quantity
    assert again is not None
    assert again.value == number


@pytest.mark.parametrize("number", ["1E+99999999", "1E-99999999", "-1E+65", "0E-400", "9" * 5000, "0." + "1" * 200])
def test_a_few_letters_that_written_out_are_megabytes_never_come_in(number: str) -> None:
    for member in ({"valueQuantity": {"value": 0}}, {"extension": [{"url": "urn:x", "valueDecimal": 0}]}):
        body = _body(**member).replace(b": 0}", b": " + number.encode() + b"}")
        with pytest.raises(InvalidInputError, match="too many digits"):
            decode(body)


@pytest.mark.parametrize("number", ["72.50", "0.10", "1E+3", "-0.0", "36.60"])
def test_the_places_after_the_comma_say_how_well_something_was_measured_and_stay(number: str) -> None:
    body = _body(valueQuantity={"value": 0}).replace(b'"value": 0', b'"value": ' + number.encode())
    edited = msgspec.structs.replace(decode_as(Observation, body), status="amended")
    assert b'"value": ' + number.encode() in encode(edited, body)


@pytest.mark.parametrize("letters", [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80"])
@pytest.mark.parametrize("name", ["Patient", "Task", "Observation"])
def test_bytes_that_are_no_letters_are_refused_with_our_own_error(name: str, letters: bytes) -> None:
    body = b'{"resourceType":"' + name.encode() + b'","id":"' + letters + b'"}'
    for read in (decode, lambda data: decode_as(TYPES[name], data)):
        with pytest.raises(InvalidInputError) as caught:
            read(body)
        assert caught.value.text.render("kk")


def test_an_edit_on_bytes_that_are_no_record_is_refused_with_our_own_error() -> None:
    for base in (b"", b"[]", b'{"resourceType":"Task"}', b'{"resourceType":"Patient","id":"\xff"}'):
        with pytest.raises(InvalidInputError):
            encode(Patient(id="1"), base)


@pytest.mark.parametrize(("opened", "closed"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_a_tower_of_brackets_falls_on_nobody(opened: bytes, closed: bytes) -> None:
    tower = b'{"resourceType":"Patient","id":"1","x":' + opened * 50_000 + b"1" + closed * 50_000 + b"}"
    for attempt in (lambda: decode(tower), lambda: encode(Patient(id="2"), tower)):
        with pytest.raises(InvalidInputError):
            attempt()


@pytest.mark.parametrize(("levels", "is_taken"), [(63, True), (64, False), (900, False)])
def test_a_record_is_as_deep_as_a_reader_can_read_it_wherever_it_is_called_from(levels: int, is_taken: bool) -> None:
    body = b'{"resourceType":"Patient","id":"1","x":' + b"[" * levels + b"]" * levels + b"}"
    if is_taken:
        assert _called_from_far_below(600, lambda: decode(body)).id == "1"
    else:
        with pytest.raises(InvalidInputError, match="nested too deep"):
            decode(body)


def _called_from_far_below(steps: int, read: Callable[[], Resource]) -> Resource:
    return _called_from_far_below(steps - 1, read) if steps > 0 else read()


@pytest.mark.parametrize(
    "member",
    [b'"\xed\xa0\x80"', b'"\xff"', b'"\\ud800"', b"1E400", b"-1E+99999999", b"9" * 5000],
    ids=["half a letter", "no letter", "half a letter escaped", "1E400", "a hundred million digits", "5000 digits"],
)
def test_what_we_do_not_model_must_be_readable_for_others_too(member: bytes) -> None:
    """It is kept byte for byte: a reader who reads everything would stumble over it at every exchange."""
    with pytest.raises(InvalidInputError):
        decode(b'{"resourceType":"Patient","id":"1","foreign":[' + member + b"]}")


def test_brackets_inside_words_are_no_levels() -> None:
    words = r'\"[[[{{{\\"' + ',"y":"' + "[{" * 500
    assert decode(('{"resourceType":"Patient","id":"1","x":"' + words + '"}').encode()).id == "1"


def test_many_objects_side_by_side_are_not_deep() -> None:
    body = b'{"resourceType":"Patient","id":"1","x":[' + b",".join([b"{}"] * 5000) + b"]}"
    assert decode(body).id == "1"


@pytest.mark.parametrize("name", sorted(TYPES))
def test_a_record_is_never_taken_for_one_of_another_type(name: str) -> None:
    other = "Patient" if name != "Patient" else "Task"
    with pytest.raises(InvalidInputError):
        decode_as(TYPES[name], json.dumps({"resourceType": other, "id": "1"}).encode())


@pytest.mark.parametrize("name", ["patient", "Patient ", "Resource", "Element", "", "__class__", "Medication"])
def test_a_type_we_do_not_model_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError):
        decode(json.dumps({"resourceType": name, "id": "1"}).encode())


@pytest.mark.parametrize("moment", ["2026-03-05T07:00:00", "2026-03-05", "yesterday", 5])
def test_a_moment_without_its_zone_is_no_moment(moment: object) -> None:
    with pytest.raises(InvalidInputError):
        decode(_body(issued=moment))


def test_one_moment_in_another_zone_is_no_edit_and_keeps_its_bytes() -> None:
    body = _body(issued="2026-03-05T12:00:00+05:00")
    same = decode_as(Observation, _body(issued="2026-03-05T07:00:00Z"))
    assert encode(same, body) == body
