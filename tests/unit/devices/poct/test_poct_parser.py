"""A POCT1-A conversation, message by message, and what a stranger cannot do with it."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal

import pytest

# allowed (xml): reads what our own parser answers
from lxml import etree

from clinic_app.devices.driver import Parsed
from clinic_app.devices.poct.messages import LARGEST_MESSAGE_BYTES, MessageFinder, read_message, read_moment
from clinic_app.devices.poct.parser import PoctParser
from clinic_app.devices.result import LOINC, Result
from clinic_app.foundation.errors import DeviceError
from tests.helpers.device_lines import MOMENT, arrival


def message(kind: str, body: str = "", control: str = "7") -> bytes:
    """Return a message of a device."""
    header = f'<HDR><HDR.message_type V="{kind}"/><HDR.control_id V="{control}"/></HDR>'
    return f'<?xml version="1.0" encoding="utf-8"?>\n<{kind}>{header}{body}</{kind}>\r\n'.encode()


def observed(inner: str, kind: str = "OBS.R01", about: str = "") -> bytes:
    patient = f'<PT><PT.patient_id V="640305400123"/><PT.name V="Әлібекқызы Гүлнұр"/>{inner}</PT>'
    when = '<SVC.role_cd V="OBS"/><SVC.observation_dttm V="2026-03-05T12:30:00+05:00"/>'
    return message(kind, f"<SVC>{when}{patient}{about}</SVC>")


GLUCOSE = (
    '<OBS><OBS.observation_id V="2339-0" SN="LN" DN="Glucose"/><OBS.value V="185" U="mg/dl"/><OBS.method_cd V="M"/>'
    '<OBS.status_cd V="A"/><OBS.interpretation_cd V="H"/><OBS.normal_lo-hi_limit V="[70;110]"/>'
    '<NTE><NTE.text V="strip 2"/></NTE></OBS>'
)
HELLO = message("HEL.R01", '<DEV><DEV.device_id V="x"/><DSC><DSC.connection_profile_cd V="SA"/></DSC></DEV>')
CONTINUOUS = message("HEL.R01", '<DEV><DSC><DSC.directives_supported_cd V="START_CONTINUOUS"/></DSC></DEV>')
WAITING = message("DST.R01", '<DST><DST.new_observations_qty V="2"/></DST>')
NOTHING = message("DST.R01", '<DST><DST.new_observations_qty V="0"/></DST>')


def said(parsed: Parsed) -> list[str]:
    """Return the kinds of what was answered."""
    finder = MessageFinder()
    return [str(etree.fromstring(each).tag) for each in finder.feed(parsed.answer)]


def results(parsed: Parsed) -> list[Result]:
    return [item for item in parsed.items if isinstance(item, Result)]


@pytest.fixture
def parser() -> PoctParser:
    made = PoctParser("POC")
    assert made.begin(arrival()) == b""
    assert said(made.feed(HELLO, arrival())) == ["ACK.R01"]
    return made


def test_a_whole_conversation(parser: PoctParser) -> None:
    assert said(parser.feed(WAITING, arrival())) == ["ACK.R01", "REQ.R01"]
    first = parser.feed(observed(GLUCOSE), arrival())
    assert (said(first), len(results(first))) == (["ACK.R01"], 1)
    assert said(parser.feed(message("EOT.R01", '<EOT><EOT.topic_cd V="OBS"/></EOT>'), arrival())) == [
        "ACK.R01",
        "END.R01",
    ]
    last = parser.feed(message("ACK.R01", '<ACK><ACK.type_cd V="AA"/></ACK>'), arrival())
    assert (last.is_over, last.answer) == (True, b"")


def test_a_device_with_nothing_new_is_let_go_or_left_to_go_on() -> None:
    short, long = PoctParser("A"), PoctParser("B")
    short.feed(HELLO, arrival())
    long.feed(CONTINUOUS, arrival())
    assert said(short.feed(NOTHING, arrival())) == ["ACK.R01", "END.R01"]
    assert said(long.feed(NOTHING, arrival())) == ["ACK.R01", "DTV.R01"]


def test_an_acknowledgement_names_what_it_is_for(parser: PoctParser) -> None:
    answer = parser.feed(message("KPA.R01", control='4"2&amp;'.replace('"', "&quot;")), arrival()).answer
    assert etree.fromstring(answer).find(".//ACK.ack_control_id").get("V") == '4"2&'  # type: ignore[union-attr]
    assert b'<HDR.creation_dttm V="2026-03-05T07:00:00+00:00"/>' in answer


def test_a_result_carries_everything_that_was_said_of_it(parser: PoctParser) -> None:
    about = '<ORD><ORD.order_id V="C-77"/></ORD><SPC><SPC.specimen_id V="S-1"/></SPC>'
    (result,) = results(parser.feed(observed(GLUCOSE, about=about), arrival()))
    assert result == Result(
        "POC",
        "2339-0",
        Decimal(185),
        MOMENT,
        "mg/dL",
        LOINC,
        "Glucose",
        datetime(2026, 3, 5, 7, 30, tzinfo=UTC),
        "S-1",
        "C-77",
        "640305400123",
        "Әлібекқызы Гүлнұр",
        ("H",),
        "70 - 110",
        "strip 2",
    )


@pytest.mark.parametrize(
    ("inner", "value"),
    [
        ('<OBS><OBS.observation_id V="X"/><OBS.qualitative_value V="POS"/></OBS>', "POS"),
        ('<OBS><OBS.observation_id V="X"/><OBS.value V="&gt;600" U="mg/dl"/></OBS>', ">600"),
    ],
)
def test_words_are_values_too(parser: PoctParser, inner: str, value: str) -> None:
    (result,) = results(parser.feed(observed(inner), arrival()))
    assert (result.value, result.code, result.system) == (value, "X", "")


@pytest.mark.parametrize(
    "inner",
    [
        '<OBS><OBS.observation_id V="X"/></OBS>',
        '<OBS><OBS.value V="5"/></OBS>',
        GLUCOSE.replace('status_cd V="A"', 'status_cd V="D"'),
        "",
    ],
)
def test_what_is_no_result_is_none_and_is_acknowledged(parser: PoctParser, inner: str) -> None:
    parsed = parser.feed(observed(inner), arrival())
    assert (results(parsed), said(parsed)) == ([], ["ACK.R01"])


@pytest.mark.parametrize(
    "body", [observed(GLUCOSE, "OBS.R02"), observed(GLUCOSE, about="<CTC><CTC.name V='L1'/></CTC>")]
)
def test_control_material_is_marked(parser: PoctParser, body: bytes) -> None:
    (result,) = results(parser.feed(body, arrival()))
    assert result.is_control


def test_a_number_that_only_looks_like_a_loinc_code_is_none(parser: PoctParser) -> None:
    (result,) = results(parser.feed(observed(GLUCOSE.replace("2339-0", "drop table")), arrival()))
    assert (result.code, result.system) == ("drop table", "")


def test_any_cut_of_the_stream_gives_the_same() -> None:
    stream = HELLO + WAITING + observed(GLUCOSE) * 3
    for seed in range(5):
        chance, parser, at, found = random.Random(seed), PoctParser("P"), 0, 0
        while at < len(stream):
            size = chance.randrange(1, 200)
            found += len(results(parser.feed(stream[at : at + size], arrival())))
            at += size
        assert found == 3


def test_a_device_that_leaves_is_let_go(parser: PoctParser) -> None:
    ended = parser.feed(message("END.R01", '<TRM><TRM.reason_cd V="NRM"/></TRM>'), arrival())
    assert (said(ended), ended.is_over) == (["ACK.R01"], True)
    escaped = parser.feed(message("ESC.R01", '<ESC><ESC.note_txt V="battery"/></ESC>'), arrival())
    assert escaped.refused is not None
    assert escaped.is_over


def test_what_the_device_did_not_take_is_told(parser: PoctParser) -> None:
    assert parser.feed(message("ACK.R01", '<ACK><ACK.type_cd V="AE"/></ACK>'), arrival()).refused is not None


@pytest.mark.parametrize(
    "hostile",
    [
        b'<OBS.R01><!DOCTYPE x [<!ENTITY a "b">]></OBS.R01>',
        b"<OBS.R01><SVC></OBS.R01>",
        b"<OBS.R01>\xff\xfe</OBS.R01>",
        b"<OBS.R01>" + b"<A>" * 40 + b"</A>" * 40 + b"</OBS.R01>",
        b"<OBS.R01>&x;</OBS.R01>",
    ],
)
def test_hostile_messages_are_refused_and_the_next_is_heard(parser: PoctParser, hostile: bytes) -> None:
    parsed = parser.feed(hostile + observed(GLUCOSE), arrival())
    assert parsed.refused is not None
    assert len(results(parsed)) == 1


def test_a_message_without_an_end_is_refused() -> None:
    finder = MessageFinder()
    with pytest.raises(DeviceError):
        finder.feed(b"<OBS.R01>" + b"x" * (LARGEST_MESSAGE_BYTES + 1))
    assert finder.feed(b"noise" * 1000) == []
    assert len(finder._pending) <= 32


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-05T12:30:00+05:00", datetime(2026, 3, 5, 7, 30, tzinfo=UTC)),
        ("2001-11-01T16:30:00-8:00", datetime(2001, 11, 2, 0, 30, tzinfo=UTC)),
        ("2026-03-05T07:30:00Z", datetime(2026, 3, 5, 7, 30, tzinfo=UTC)),
        ("2026-03-05T07:30:00.25Z", datetime(2026, 3, 5, 7, 30, tzinfo=UTC)),
        ("2026-13-05T07:30:00Z", None),
        ("2026-03-05T07:30:00+99:99", None),
        ("gestern", None),
        ("", None),
    ],
)
def test_moments(text: str, moment: datetime | None) -> None:
    assert read_moment(text) == moment


def test_a_moment_without_an_offset_is_local() -> None:
    local = read_moment("2026-03-05T12:30")
    assert local is not None
    assert local.astimezone().hour == 12


def test_objects_are_found_at_any_depth() -> None:
    root = read_message(
        b'<A.R01><B><C><D><D.x V="1" U="u" SN="s" DN="d"/><!-- c --></D></C></B></A.R01>'.replace(b"<!-- c -->", b"")
    )
    (found,) = root.all("D")
    assert (found.value("D.x"), found.units["D.x"], found.systems["D.x"], found.words["D.x"]) == ("1", "u", "s", "d")
