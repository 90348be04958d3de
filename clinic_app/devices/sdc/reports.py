"""What an SDC device says of itself and measures, read from the XML of its messages. Pure functions.

The description lists metrics by handle: a curve has a sample period, a number has a unit. A waveform stream carries
samples in the metric's unit with the time of the first one; a metric report carries numbers. What is marked as invalid
is no value: a curve has NaN there, a number is left out.
Source: IEEE 11073-10207 (BICEPS participant and message model); IEEE 11073-10101 for the codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, Final

import numpy as np

# allowed (xml): every parser here is made by read_xml, without entities, network or giant trees
from lxml import etree

from clinic_app.devices.block import ChannelInfo, Flags, NumericValue, Samples
from clinic_app.devices.hl7.message import printable
from clinic_app.devices.hl7.waves import Wave
from clinic_app.devices.plain_numbers import decimal_of
from clinic_app.devices.sdc.codes import NUMBERS, UNITS, WAVES
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text
from clinic_app.terminology.leads import LEADS, PLETH

Node = Any
"""An element of lxml, whose classes have no types of their own."""
MOST_METRICS: Final = 2000
MOST_SAMPLES: Final = 100_000
LARGEST_BYTES: Final = 8 << 20
_RATES_HZ: Final = (Fraction(1, 10), Fraction(10_000))
_DURATION: Final = re.compile(r"PT(?:(\d{1,6})M)?(?:(\d{1,6}(?:\.\d{1,12})?)S)?")
_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_CODING: Final = ("", "urn:oid:1.2.840.10004.1.1.1.0.0.1")
_NO_VALUE: Final = ("Inv", "NA", "Ong", "Calib")
_CLIPPED: Final = ("Oflw", "Uflw")
_MILLIVOLT: Final = 1000
_FIRST_MS: Final = -2_208_988_800_000
_LAST_MS: Final = 32_503_593_600_000
"""The years 1900 and 2999: a clock further off is kept here, only distances are used."""


@dataclass(frozen=True)
class Metric:
    """One thing a device measures.

    Args:
        code: reference identifier, or ``handle:…`` where the device's code is not known here.
        label: for people.
        unit: UCUM.
        rate_hz: samples per second of a curve; None for a number.
        factor: what values are multiplied with to be in ``unit``: curves in millivolt become microvolt.
    """

    code: str
    label: str
    unit: str
    rate_hz: Fraction | None = None
    factor: int = 1


@dataclass(frozen=True, eq=False)
class SdcWave:
    """A wave of one report with what the device says of its quality."""

    wave: Wave
    flags: Flags
    leads_off: frozenset[str]


def read_xml(data: bytes) -> Node:
    """Return the root of a message whose maker is a stranger: no entities, no network, no giant trees.

    Raises:
        DeviceError: no XML, or more than a device says at once.
    """
    if len(data) > LARGEST_BYTES:
        raise _unreadable()
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _unreadable() from error
    if root is None or root.getroottree().docinfo.doctype:
        raise _unreadable()
    return root


def read_description(root: Node) -> Mapping[str, Metric]:
    """Return the curves and numbers of a description by their handle; what cannot be right is left out."""
    found: dict[str, Metric] = {}
    for node in _named(root, "Metric"):
        kind, handle = _kind(node), node.get("Handle", "")
        if not handle or len(found) >= MOST_METRICS:
            continue
        if kind == "RealTimeSampleArrayMetricDescriptor":
            rate_hz = _rate(node.get("SamplePeriod", ""))
            if rate_hz is not None:
                found[handle] = _curve(node, handle, rate_hz)
        elif kind == "NumericMetricDescriptor":
            code = NUMBERS.get(_code(_child(node, "Type")))
            if code is not None:
                found[handle] = Metric(code, code, UNITS.get(_code(_child(node, "Unit")), "1"))
    return found


def read_waveforms(root: Node, metrics: Mapping[str, Metric]) -> tuple[SdcWave, ...]:
    """Return the waves of a waveform stream, the curves of one rate and one moment together, in the order of time.

    Raises:
        DeviceError: a wave with values that are no numbers, without a time, or with more samples than a device sends.
    """
    groups: dict[tuple[datetime, Fraction], dict[ChannelInfo, tuple[Samples, str]]] = {}
    for state in _named(root, "State"):
        metric, value = metrics.get(state.get("DescriptorHandle", "")), _child(state, "MetricValue")
        if metric is None or metric.rate_hz is None or value is None:
            continue
        samples = _samples(value.get("Samples", "")) * np.float32(metric.factor)
        if not len(samples):
            continue
        validity = _validity(value)
        if validity in _NO_VALUE:
            samples = np.full_like(samples, np.nan)
        channel = ChannelInfo(metric.code, metric.label, metric.unit)
        groups.setdefault((_moment(value), metric.rate_hz), {})[channel] = (samples, validity)
    return tuple(_wave(at, rate_hz, rows) for (at, rate_hz), rows in sorted(groups.items(), key=lambda each: each[0]))


def read_numbers(root: Node, metrics: Mapping[str, Metric]) -> Mapping[str, NumericValue]:
    """Return the numbers of a metric report by reference identifier; what is invalid or no number is left out."""
    found: dict[str, NumericValue] = {}
    for state in _named(root, "MetricState"):
        metric, value = metrics.get(state.get("DescriptorHandle", "")), _child(state, "MetricValue")
        if metric is None or metric.rate_hz is not None or value is None or _validity(value) in _NO_VALUE:
            continue
        number = decimal_of(value.get("Value", ""))
        if number is not None:
            found[metric.code] = NumericValue(number, metric.unit)
    return found


def _curve(node: Node, handle: str, rate_hz: Fraction) -> Metric:
    type_node, unit = _child(node, "Type"), UNITS.get(_code(_child(node, "Unit")), "1")
    code = WAVES.get(_code(type_node), f"handle:{printable(handle)}"[:64])
    said = _child(type_node, "ConceptDescription") if type_node is not None else None
    words = printable(said.text or "")[:24] if said is not None else ""
    label = LEADS.get(code) or ("Pleth" if code == PLETH else "") or words or printable(handle)[:24]
    factor = _MILLIVOLT if unit == "mV" else 1
    return Metric(code, label, "uV" if unit == "mV" else unit, rate_hz, factor)


def _wave(at: datetime, rate_hz: Fraction, rows: Mapping[ChannelInfo, tuple[Samples, str]]) -> SdcWave:
    samples = np.full((len(rows), max(len(values) for values, _ in rows.values())), np.nan, dtype=np.float32)
    for row, (values, _) in enumerate(rows.values()):
        samples[row, : len(values)] = values
    off = frozenset(channel.code for channel, (_, validity) in rows.items() if validity in ("Inv", "NA"))
    is_clipped = any(validity in _CLIPPED for _, validity in rows.values())
    flags = (Flags.LEADS_OFF if off else Flags.NONE) | (Flags.CLIPPED if is_clipped else Flags.NONE)
    return SdcWave(Wave(at, rate_hz, tuple(rows), samples, 0.001), flags, off)


def _samples(text: str) -> Samples:
    if len(text) > 24 * MOST_SAMPLES or not text.isascii() or "_" in text:
        raise _wrong_wave()
    parts = text.split()
    if len(parts) > MOST_SAMPLES:
        raise _wrong_wave()
    try:
        values = np.array(parts, dtype=np.float64)
    except (ValueError, OverflowError) as error:
        raise _wrong_wave() from error
    if len(values) and not (np.abs(values) < 1e12).all():
        raise _wrong_wave()
    return values.astype(np.float32)


def _moment(value: Node) -> datetime:
    text = value.get("DeterminationTime", "")
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 20:
        raise _wrong_wave()
    ms = max(_FIRST_MS, min(int(text), _LAST_MS))
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)


def _rate(text: str) -> Fraction | None:
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    period = 60 * Fraction(match[1] or 0) + Fraction(match[2] or 0)
    rate_hz = (1 / period).limit_denominator(10_000) if period > 0 else Fraction(0)
    return rate_hz if _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1] else None


def _validity(value: Node) -> str:
    quality = _child(value, "MetricQuality")
    return str(quality.get("Validity", "Vld")) if quality is not None else "Vld"


def _code(node: Node | None) -> int:
    """Return the code of a coded value in the standard's own coding, also of a translation; -1 for none."""
    for each in (node, *_named(node, "Translation")) if node is not None else ():
        text = each.get("Code", "")
        if each.get("CodingSystem", "") in _CODING and text.isascii() and text.isdigit() and len(text) <= 9:
            return int(text)
    return -1


def _kind(node: Node) -> str:
    return str(node.get(_TYPE, "")).rpartition(":")[2]


def _named(root: Node, name: str) -> Iterator[Node]:
    """Yield every element with a local name, whatever its namespace: drafts of the standard had other ones."""
    return root.iter(f"{{*}}{name}")  # type: ignore[no-any-return]


def _child(node: Node, name: str) -> Node | None:
    return next(iter(node.iterchildren(f"{{*}}{name}")), None)


def _unreadable() -> DeviceError:
    return DeviceError(Text("The device sent a message that cannot be read."))


def _wrong_wave() -> DeviceError:
    return DeviceError(Text("The monitor sent a wave that cannot be right; it was left out."))
