"""HL7 annotated ECG (aECG): the XML file of drug trials and of some recorders.

Read: every series of rhythm, at its own time; leads in sequences of whole numbers with their scale (SLIST_PQ). Derived
series (the representative beat) are left out: they are not what was measured. The XML may name no entity and no other
file, and a lead is no longer than the ten megabytes libxml2 takes.
Source: HL7 Version 3 Standard: Regulated Studies, Annotated ECG, Release 1 (PORT_MT020001).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.waveforms.formats.digits import samples_of
from clinic_app.waveforms.formats.limits import (
    MOST_CHANNELS,
    TOO_LARGE,
    UNKNOWN_START,
    Watch,
    check_amount,
    check_rate,
    strangers_bytes,
    unreadable,
    unwatched,
)
from clinic_app.waveforms.formats.naming import code_of, label_of, one_line, stated_band, unit_of
from clinic_app.waveforms.recording import PatientText, RecordedChannel, Recording

_NS: Final = "{urn:hl7-org:v3}"
_XSI_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_SECONDS: Final = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0}
_STAMP: Final = re.compile(r"(\d{4,14})(?:\.(\d{1,6})\d*)?([+-]\d{4})?", re.ASCII)
_LARGEST: Final = 64 << 20
_MOST_TAGS: Final = 1_000_000
_DIGITS: Final = re.compile(r"[-+]?\d{1,9}", re.ASCII)


def is_aecg(data: bytes) -> bool:
    """Return whether a file begins as an annotated ECG."""
    head = data[:8192].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"<") and b"AnnotatedECG" in head


def read_aecg(data: bytes, watch: Watch = unwatched) -> Recording:
    """Return the recording in an annotated ECG.

    Args:
        data: the file.
        watch: told of every lead.

    Raises:
        UnreadableFileError: it is none, or contradicts itself.
    """
    # allowed (xml): a parser that resolves no entity and no address and takes no huge tree; a DTD is refused
    from lxml import etree

    if len(data) > _LARGEST or data.count(b"<") > _MOST_TAGS:
        raise unreadable(TOO_LARGE)
    if b"<!DOCTYPE" in data:
        raise unreadable()
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise unreadable() from error
    if root.getroottree().docinfo.internalDTD is not None or root.tag != f"{_NS}AnnotatedECG":
        raise unreadable()
    with strangers_bytes():
        try:
            return _read(root, watch)
        except AttributeError as error:  # an element that has to be there is not
            raise unreadable() from error


def _read(root: Any, watch: Watch) -> Recording:  # noqa: ANN401 - lxml's elements
    series = [each for each in root.iterfind(f"{_NS}component/{_NS}series") if _code(each) != "REPRESENTATIVE_BEAT"]
    begun = [_moment(_value(each, "effectiveTime/low")) for each in series]
    known = [each for each in begun if each is not None]
    started_at = min(known) if known else _moment(_value(root, "effectiveTime/center")) or UNKNOWN_START
    channels: list[RecordedChannel] = []
    for done, (each, began) in enumerate(zip(series, begun, strict=True)):
        watch(done, len(series))
        late = began - started_at if began else timedelta(0)
        channels.extend(_channels(each, late, sum(len(channel.samples) for channel in channels)))
        if len(channels) > MOST_CHANNELS:
            raise unreadable()
    if not channels:
        raise unreadable()
    return Recording(tuple(channels), started_at, _device(series[0]), _band(series[0]), (), _patient(root))


def _channels(series: Any, late: timedelta, already: int) -> Iterator[RecordedChannel]:  # noqa: ANN401
    for sequences in series.iterfind(f"{_NS}component/{_NS}sequenceSet"):
        rate_hz, leads = 0.0, []
        for sequence in sequences.iterfind(f"{_NS}component/{_NS}sequence"):
            value = sequence.find(f"{_NS}value")
            if value is None:
                continue
            kind = str(value.get(_XSI_TYPE, "")).rpartition(":")[2]
            if kind in ("GLIST_TS", "GLIST_PQ"):
                step = value.find(f"{_NS}increment")
                rate_hz = 1 / (float(step.get("value")) * _SECONDS[step.get("unit", "s")])
            elif kind == "SLIST_PQ":
                leads.append((_code(sequence), value))
        if leads:
            check_rate(rate_hz)
        before = round(late.total_seconds() * rate_hz)
        for name, value in leads:
            channel = _lead(name, value, rate_hz, before)
            already += len(channel.samples)
            check_amount(already)
            yield channel


def _lead(name: str, value: Any, rate_hz: float, before: int) -> RecordedChannel:  # noqa: ANN401
    integers = _integers(value.findtext(f"{_NS}digits") or "")
    check_amount(len(integers) + before)
    origin, scale = value.find(f"{_NS}origin"), value.find(f"{_NS}scale")
    unit, factor = unit_of(scale.get("unit", "uV"))
    _, base = unit_of(origin.get("unit", "uV")) if origin is not None else ("", 1.0)
    offset = float(origin.get("value")) * base if origin is not None else 0.0
    resolution = float(scale.get("value")) * factor
    samples = samples_of(integers, resolution, offset)
    if before:
        samples = np.concatenate([np.full(before, np.nan, np.float32), samples])
    code = code_of(name)
    return RecordedChannel(
        code, label_of(code, name.removeprefix("MDC_ECG_LEAD_")), unit, rate_hz, samples, resolution, offset
    )


def _integers(digits: str) -> NDArray[np.int64]:
    words = digits.split()
    if not all(map(_DIGITS.fullmatch, words)):
        raise unreadable()
    return np.array(words, np.int64)


def _code(element: Any) -> str:  # noqa: ANN401
    code = element.find(f"{_NS}code")
    return one_line(str(code.get("code", "")), 64) if code is not None else ""


def _value(element: Any, path: str) -> str:  # noqa: ANN401
    found = element.find("/".join(f"{_NS}{step}" for step in path.split("/")))
    return str(found.get("value", "")) if found is not None else ""


def _moment(stamp: str) -> datetime | None:
    """Return a moment; in this computer's zone where it tells none."""
    parts = _STAMP.fullmatch(stamp)
    if parts is None or len(parts[1]) < 8:
        return None
    fraction = (parts[2] or "0").ljust(6, "0")
    try:
        local = datetime.strptime(f"{parts[1].ljust(14, '0')}.{fraction}", "%Y%m%d%H%M%S.%f")  # noqa: DTZ007
        if parts[3]:
            local = local.replace(tzinfo=datetime.strptime(parts[3], "%z").tzinfo)
        return local.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _patient(root: Any) -> PatientText:  # noqa: ANN401
    subject = next(root.iter(f"{_NS}trialSubject"), None)
    if subject is None:
        return PatientText()
    number = subject.find(f"{_NS}id")
    person = subject.find(f"{_NS}subjectDemographicPerson")
    identifier = one_line(str(number.get("extension", "")), 64) if number is not None else ""
    if person is None:
        return PatientText(identifier)
    name = person.find(f"{_NS}name")
    sex = person.find(f"{_NS}administrativeGenderCode")
    born = _value(person, "birthTime")
    day = f"{born[:4]}-{born[4:6]}-{born[6:8]}" if re.fullmatch(r"\d{8,14}", born, re.ASCII) else ""
    return PatientText(
        identifier,
        one_line(" ".join(name.itertext()), 64) if name is not None else "",
        day,
        {"M": "male", "F": "female"}.get(sex.get("code", "") if sex is not None else "", ""),
    )


def _device(series: Any) -> str:  # noqa: ANN401
    for name in ("manufacturerModelName", "softwareName"):
        found = next(series.iter(f"{_NS}{name}"), None)
        if found is not None and found.text:
            return one_line(found.text, 64)
    return ""


def _band(series: Any) -> str:  # noqa: ANN401
    """Return the filters that are written as control variables."""
    found: dict[str, float] = {}
    for variable in series.iter(f"{_NS}controlVariable"):
        name = _code(variable)
        for inner in variable.iter(f"{_NS}value"):
            for kind in ("LOW_PASS", "HIGH_PASS", "NOTCH"):
                if f"FILTER_{kind}" in name and inner.get("unit") == "Hz" and inner.get("value"):
                    found.setdefault(kind, float(inner.get("value")))
    return stated_band(found.get("HIGH_PASS", 0.0), found.get("LOW_PASS", 0.0), found.get("NOTCH", 0.0))
