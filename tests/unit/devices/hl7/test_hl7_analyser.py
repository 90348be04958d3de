"""Analysers over HL7: each result with its own sample and patient, and nothing that is no result."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.devices.driver import Parsed
from clinic_app.devices.hl7.analyser import MOST_RESULTS, Hl7AnalyserParser
from clinic_app.devices.hl7.mllp import Deframer, frame
from clinic_app.devices.result import LOINC, Result
from clinic_app.foundation.errors import DeviceError
from tests.helpers.device_lines import arrival

ZONE = timezone(timedelta(hours=5))
HEADER = "MSH|^~\\&|BC-5000|Mindray|||20260305123015||ORU^R01|7|P|2.3.1||||||UNICODE"
PATIENT = "PID|1||640305300124^^^^MR||Қасымова^Айгүл"
ORDER = "OBR|1|ORD-9|TUBE-5|00001^Automated Count^99MRC|||20260305123000"


def sent(*segments: str, specimen: str = "", header: str = HEADER) -> Parsed:
    parser = Hl7AnalyserParser("BC", specimen, ZONE)
    return parser.feed(frame("\r".join((header, *segments, "")).encode()), arrival())


def results(*segments: str, specimen: str = "", header: str = HEADER) -> list[Result]:
    return [item for item in sent(*segments, specimen=specimen, header=header).items if isinstance(item, Result)]


def test_a_blood_count_comes_with_its_tube_its_patient_and_its_codes() -> None:
    (white, red) = results(
        PATIENT,
        ORDER,
        "OBX|1|IS|08001^Take Mode^99MRC||O||||||F",
        "OBX|2|NM|30525-0^Age^LN||62|yr|||||F",
        "OBX|3|NM|6690-2^WBC^LN||11.20|10*9/L|4.00-10.00|H~A|||F|||20260305123010",
        "OBX|4|NM|789-8^RBC^LN||4.5|10*12/L|3.5-5.5|N|||F",
        "OBX|5|ED|15000^WBC Histogram^99MRC||^Image^BMP^Base64^Qk0=||||||F",
    )
    assert (white.code, white.system, white.label) == ("6690-2", LOINC, "WBC")
    assert (white.value, white.unit, white.reference_range) == (Decimal("11.20"), "10*9/L", "4.00-10.00")
    assert white.flags == ("H", "A")
    assert red.flags == ()
    assert (white.sample_id, white.order_id) == ("TUBE-5", "ORD-9")
    assert (white.patient_id, white.patient_text) == ("640305300124", "Қасымова Айгүл")
    assert white.taken_at == datetime(2026, 3, 5, 12, 30, 10, tzinfo=ZONE)
    assert red.taken_at == datetime(2026, 3, 5, 12, 30, tzinfo=ZONE)
    assert not white.is_control


def test_each_message_is_acknowledged_under_its_own_number_and_event() -> None:
    parsed = sent(ORDER, "OBX|1|NM|6690-2^WBC^LN||1|10*9/L|||||F", header=HEADER.replace("ORU^R01", "OUL^R22"))
    (answer,) = Deframer().feed(parsed.answer)
    assert b"MSA|AA|7" in answer
    assert b"ACK^R22" in answer
    assert len(parsed.items) == 1


def test_nothing_of_one_patient_reaches_the_next() -> None:
    first, second = results(
        PATIENT, ORDER, "OBX|1|NM|6690-2^WBC^LN||1|||||||F", "PID|2", "OBX|2|NM|6690-2^WBC^LN||2|||||||F"
    )
    assert first.patient_id
    assert (second.patient_id, second.sample_id, second.patient_text, second.taken_at) == ("", "", "", None)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("SN", "^5.6", Decimal("5.6")),
        ("SN", ">^25", ">25"),
        ("SN", "=^7", Decimal(7)),
        ("SN", "^1^-^5", "1-5"),
        ("ST", "positive", "positive"),
        ("ST", "7,5", Decimal("7.5")),
        ("CE", "260385009^negative^SCT", "negative"),
        ("CWE", "neg", "neg"),
        ("ST", "a\\S\\b\\T\\c\\.br\\d\\X0D\\", "a^b&c d"),
    ],
)
def test_a_value_is_a_number_where_it_is_one_and_words_where_not(kind: str, value: str, expected: object) -> None:
    (result,) = results(f"OBX|1|{kind}|X^Thing||{value}||||||F")
    assert result.value == expected
    assert (result.code, result.system) == ("Thing", "")


@pytest.mark.parametrize("status", ["D", "W", "X", "N", "O", "I"])
def test_what_was_taken_back_or_never_measured_is_no_result(status: str) -> None:
    assert results(f"OBX|1|NM|6690-2^WBC^LN||1||||||{status}") == []


def test_what_may_still_change_says_so_and_notes_stay_with_their_result() -> None:
    (result,) = results("OBX|1|NM|6690-2^WBC^LN||1||||||P", "NTE|1||lipaemic", "NTE|2||repeated")
    assert result.flags == ("preliminary",)
    assert result.comment == "lipaemic repeated"


def test_a_control_is_marked_whichever_way_the_device_says_it() -> None:
    (by_header,) = results("OBX|1|NM|6690-2^WBC^LN||1||||||F", header=HEADER.replace("|P|2.3.1", "|Q|2.3.1"))
    (by_sample,) = results("SPM|1|S7&X|||||||||Q", "OBX|1|NM|6690-2^WBC^LN||1||||||F")
    assert by_header.is_control
    assert by_sample.is_control
    assert by_sample.sample_id == "S7"


def test_a_short_name_has_a_code_only_where_the_specimen_is_known() -> None:
    line = "OBX|1|NM|^GLU||5.6|mmol/L|||||F"
    (unknown,) = results(line)
    (serum,) = results(line, specimen="serum")
    (urine,) = results("OBR|1||T1||||||||||||UR", line.replace("mmol/L", "mmol/L"), specimen="serum")
    assert (unknown.code, unknown.system) == ("GLU", "")
    assert serum.system == LOINC
    assert urine.code != serum.code, "what the message says of the specimen stands over the setting"


def test_a_stamp_with_a_zone_is_taken_at_its_word() -> None:
    (result,) = results("OBX|1|NM|A^A||1||||||F|||20260305123015.5+0000")
    assert result.taken_at == datetime(2026, 3, 5, 12, 30, 15, 500_000, tzinfo=UTC)
    (result,) = results("OBX|1|NM|A^A||1||||||F|||2026-rubbish")
    assert result.taken_at is None


def test_other_messages_are_refused_and_the_talk_goes_on() -> None:
    parsed = sent(header=HEADER.replace("ORU^R01", "QRY^Q02"))
    assert parsed.refused is not None
    assert b"MSA|AE|7" in parsed.answer
    assert parsed.items == ()


def test_a_message_gives_no_more_results_than_any_device_measures() -> None:
    assert len(results(*["OBX|1|NM|A^A||1||||||F"] * (MOST_RESULTS + 9))) == MOST_RESULTS


@settings(max_examples=25)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\x1c\x0b"), max_size=40), max_size=6))
def test_no_fields_break_it(fields: list[str]) -> None:
    try:
        found = results(
            PATIENT, "OBX|1|NM|" + "|".join(fields), "OBR|" + "|".join(fields), "OBX|2|SN|" + "|".join(fields)
        )
    except DeviceError:
        return
    assert all(item.device == "BC" and item.label for item in found)
