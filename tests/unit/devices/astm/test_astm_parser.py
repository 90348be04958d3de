"""What an analyser sends becomes results of the right patient, or of nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from clinic_app.devices.astm.frames import ACK, ENQ, EOT, NAK, build_frames
from clinic_app.devices.astm.parser import ENCODING, LARGEST_RECORD_BYTES, SPECIMEN, AstmParser
from clinic_app.devices.driver import OptionValue, Parsed
from clinic_app.devices.result import LOINC, Result
from tests.helpers.device_lines import MOMENT, arrival

HEADER = "H|\\^&|||AU480^1|||||||P|LIS2-A2|20260305070000\r"


def parser(**options: OptionValue) -> AstmParser:
    """Return a fresh one whose analyser keeps UTC."""
    return AstmParser("AU", {SPECIMEN.key: "blood", **options}, zone=UTC)


def told(parser: AstmParser, message: str, encoding: str = "utf-8") -> list[Result]:
    """Return the results of one whole transfer."""
    stream = bytes((ENQ,)) + b"".join(build_frames(message.encode(encoding))) + bytes((EOT,))
    parsed = parser.feed(stream, arrival())
    assert NAK not in parsed.answer
    return [item for item in parsed.items if isinstance(item, Result)]


def test_a_result_carries_everything_that_was_said_of_it() -> None:
    (result,) = told(
        parser(),
        HEADER + "P|1|640305400123|L7||АХМЕТОВА^Айгүл||19640305|F\rO|1|S-100||^^^GLU|R||20260305064500\r"
        "R|1|^^^GLU|7,9|mmol/L|3.9 - 6.1|H||F||op||20260305065800\rL|1|N\r",
    )
    assert result == Result(
        "AU",
        "15074-8",
        Decimal("7.9"),
        MOMENT,
        "mmol/L",
        LOINC,
        "GLU",
        datetime(2026, 3, 5, 6, 58, tzinfo=UTC),
        sample_id="S-100",
        patient_id="640305400123",
        patient_text="АХМЕТОВА Айгүл 19640305",
        flags=("H",),
        reference_range="3.9 - 6.1",
    )


def test_several_patients_in_one_message_keep_their_own_results() -> None:
    results = told(
        parser(),
        HEADER + "P|1|A\rO|1|S1||^^^GLU\rR|1|^^^GLU|5|mmol/L\rO|2|S2||^^^HGB\rR|1|^^^HGB|120|g/L\r"
        "P|2|B\rR|1|^^^GLU|9|mmol/L\rL|1|N\r",
    )
    assert [(each.patient_id, each.sample_id, each.value) for each in results] == [
        ("A", "S1", 5),
        ("A", "S2", 120),
        ("B", "", 9),
    ]


def test_nothing_of_a_broken_transfer_reaches_into_the_next() -> None:
    analyser = parser()
    frames = build_frames((HEADER + "P|1|A\rO|1|S1||^^^GLU\rR|1|^^^GLU|5|mmol/L\r").encode())
    analyser.feed(bytes((ENQ,)) + b"".join(frames[:3]), arrival())
    broken = analyser.feed(bytes((EOT,)), arrival(1.0))
    assert broken.refused is not None
    results = told(analyser, "R|1|^^^GLU|9|mmol/L\rL|1|N\r")
    assert [(each.patient_id, each.sample_id) for each in results] == [("", "")]


def test_nothing_of_one_message_reaches_into_the_next_of_the_same_transfer() -> None:
    results = told(parser(), HEADER + "P|1|A\rO|1|S1\rL|1|N\r" + HEADER + "R|1|^^^GLU|9|mmol/L\rL|1|N\r")
    assert [(each.patient_id, each.sample_id) for each in results] == [("", "")]


def test_a_result_is_there_before_the_message_has_ended() -> None:
    analyser = parser()
    frames = build_frames((HEADER + "P|1|A\rO|1|S1\rR|1|^^^GLU|5|mmol/L\r").encode())
    parsed = analyser.feed(bytes((ENQ,)) + b"".join(frames), arrival())
    assert (len(parsed.items), parsed.answer) == (1, ACK * 5)


def test_a_record_that_goes_on_in_the_next_frame_is_one_record() -> None:
    analyser, long = parser(), "x" * 150
    stream = b"".join(build_frames(f"{HEADER}O|1|S1\rR|1|^^^GLU|5|mmol/L|{long}\r".encode(), 60))
    (result,) = analyser.feed(bytes((ENQ,)) + stream, arrival()).items
    assert isinstance(result, Result)
    assert result.reference_range == long


def test_a_comment_comes_with_its_result_once_more() -> None:
    first, second, third = told(
        parser(), HEADER + "O|1|S1\rR|1|^^^GLU|5|mmol/L\rC|1|I|hemolysed\rC|2|I|diluted\rL|1|N\r"
    )
    assert (first.comment, second.comment, third.comment) == ("", "hemolysed", "hemolysed diluted")
    assert first.fingerprint == second.fingerprint == third.fingerprint


def test_a_comment_on_a_patient_is_no_result() -> None:
    assert told(parser(), HEADER + "P|1|A\rC|1|I|fasting\rO|1|S1\rC|1|I|late\rL|1|N\r") == []


@pytest.mark.parametrize(
    ("record", "value"),
    [("R|1|^^^NIT|pos", "pos"), ("R|1|^^^GLU|> 25|mmol/L", "> 25"), ("R|1|^^^X|&F&", "|")],
)
def test_words_are_values_too(record: str, value: str) -> None:
    (result,) = told(parser(), HEADER + f"O|1|S1\r{record}\rL|1|N\r")
    assert result.value == value


@pytest.mark.parametrize("record", ["R|1|^^^GLU||mmol/L", "R|1||5|mmol/L", "R", "R|1|^^^GLU| "])
def test_a_result_without_a_name_or_a_value_is_none(record: str) -> None:
    assert told(parser(), HEADER + f"O|1|S1\r{record}\rL|1|N\r") == []


@pytest.mark.parametrize(
    ("specimen", "said", "code"),
    [
        ("blood", "", "15074-8"),
        ("serum", "", "14749-6"),
        ("", "", "GLU"),
        ("blood", "U", "GLU"),
        ("", "Serum", "14749-6"),
        ("blood", "CSF", "GLU"),
    ],
)
def test_a_short_name_has_a_meaning_only_with_its_specimen(specimen: str, said: str, code: str) -> None:
    order = "O|1|S1||^^^GLU" + "|" * 11 + said
    (result,) = told(parser(specimen=specimen), HEADER + f"{order}\rR|1|^^^GLU|5|mmol/L\rL|1|N\r")
    assert (result.code, result.system) == (code, LOINC if code != "GLU" else "")


def test_a_normal_value_has_no_flag() -> None:
    (result,) = told(parser(), HEADER + "O|1|S1\rR|1|^^^GLU|5|mmol/L|3.9 - 6.1|N\rL|1|N\r")
    assert result.flags == ()


def test_control_material_is_marked() -> None:
    order = "O|1|QC1||^^^GLU" + "|" * 7 + "Q"
    (result,) = told(parser(), HEADER + f"{order}\rR|1|^^^GLU|5|mmol/L\rL|1|N\r")
    assert result.is_control


def test_an_analyser_with_letters_of_its_own_is_read() -> None:
    message = HEADER + "P|1|||1|Иванов\rO|1|S1\rR|1|^^^GLU|5|mmol/L\rL|1|N\r"
    (result,) = told(parser(**{ENCODING.key: "cp1251"}), message, "cp1251")
    assert result.patient_text == "Иванов"


def test_a_disturbed_line_is_told_and_over_when_a_result_came() -> None:
    analyser = parser()
    first, second, *_ = build_frames((HEADER + "R|1|^^^GLU|5|mmol/L\r").encode())
    disturbed: Parsed = analyser.feed(bytes((ENQ,)) + first.replace(b"AU480", b"AU481"), arrival())
    assert (disturbed.answer, disturbed.refused is not None) == (ACK + NAK, True)
    well = analyser.feed(first + second, arrival())
    assert (len(well.items), well.refused) == (1, None)


def test_a_record_without_an_end_fills_no_memory() -> None:
    analyser = parser()
    analyser.feed(bytes((ENQ,)), arrival())
    for frame in build_frames(b"R|1|" + b"x" * (3 * LARGEST_RECORD_BYTES), 30_000):
        analyser.feed(frame.replace(b"\x03", b"\x17"), arrival())
    assert len(analyser._pending) <= LARGEST_RECORD_BYTES


def test_the_same_bytes_twice_are_the_same_results_twice() -> None:
    message = HEADER + "P|1|A\rO|1|S1\rR|1|^^^GLU|5|mmol/L\rL|1|N\r"
    analyser = parser()
    (once,), (again,) = told(analyser, message), told(analyser, message)
    assert once.fingerprint == again.fingerprint


def test_the_analyser_speaks_first() -> None:
    assert parser().begin(arrival()) == b""
