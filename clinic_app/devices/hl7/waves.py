"""Waves and numbers in an ORU^R01: what its OBX lines say, and how such a message is written.

A wave is an OBX of type NA with the raw integers; lines below it in the containment (OBX-4 ``1.1.1.2`` and
``1.1.1.2.1``) carry its sample rate and resolution. OBR-7 says when the first sample was taken, by the device's clock;
every OBR has its own.
Source: IHE PCD TF-2, Waveform Communication Management; nomenclature IEEE 11073-10101.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.devices.block import ChannelInfo, NumericValue
from clinic_app.devices.hl7.message import (
    MOST_VALUES,
    Message,
    Segment,
    parse_timestamp,
    printable,
    resolution_s,
    timestamp,
)
from clinic_app.devices.plain_numbers import decimal_of
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text
from clinic_app.terminology.leads import LEADS, PLETH, mdc_code

SAMPLE_RATE: Final = "MDC_ATTR_SAMP_RATE"
RESOLUTION: Final = "MDC_ATTR_NU_MSMT_RES"
_RATES_HZ: Final = (Fraction(1, 10), Fraction(10_000))
_MOST_CHANNELS: Final = 64
_LARGEST_SAMPLE: Final = 1e12
_MOST_NUMBERS: Final = 256
_NO_RESULT: Final = ("D", "N", "W", "X")
"""OBX-11 (table 0085): deleted, not asked, wrong, cannot be obtained."""
_UNITS: Final = {"uV": "uV", "mV": "mV", "%": "%"}


@dataclass(frozen=True)
class _Start:
    """When the samples of one OBR begin, and how finely that is known."""

    at: datetime
    resolution_s: float


@dataclass
class _RawWave:
    start: _Start
    code: str
    label: str
    values: NDArray[np.float64]
    attributes: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Wave:
    """Channels of one message that were sampled together.

    Args:
        start_at: when the first sample was taken, by the device's own clock.
        rate_hz: samples per second.
        channels: what the rows are.
        samples: shape ``(channels, n)``, float32, in the channels' units; NaN where the device had none.
        start_resolution_s: how finely ``start_at`` is known: 1.0 for a device that stamps whole seconds.
        resolutions: of each channel, its unit for one step of the device's integers; empty where they are not known.
    """

    start_at: datetime
    rate_hz: Fraction
    channels: tuple[ChannelInfo, ...]
    samples: NDArray[np.float32]
    start_resolution_s: float = 0.0001
    resolutions: tuple[float, ...] = ()


def read_waves(message: Message) -> tuple[Wave, ...]:
    """Return the waves of an ORU^R01: for each OBR, the channels of one rate together, in the order of time.

    A channel shorter than its fellows ends in NaN.

    Raises:
        DeviceError: a wave without a usable rate or time, with values that are no numbers, or more than a device has.
    """
    start: _Start | None = None
    raw: list[_RawWave] = []
    by_place: dict[str, _RawWave] = {}
    for segment in message.segments:
        if segment.name == "OBR":
            start = _start(segment) or start
            by_place = {}
        elif segment.name == "OBX" and segment.field(2) == "NA":
            start = start or _start(message.segments[0])
            if start is None or len(raw) >= _MOST_CHANNELS:
                raise _wrong_wave()
            raw.append(_raw_wave(segment, start))
            by_place[segment.field(4)] = raw[-1]
        elif segment.name == "OBX" and segment.component(3, 2) in (SAMPLE_RATE, RESOLUTION):
            owner = by_place.get(segment.field(4).rpartition(".")[0])
            if owner is not None:
                owner.attributes[segment.component(3, 2)] = (segment.field(5), segment.component(6, 1))
    return _grouped(raw)


def read_numerics(message: Message) -> Mapping[str, NumericValue]:
    """Return the numbers of an ORU^R01 by reference identifier; what is no number is left out, never zero."""
    found: dict[str, NumericValue] = {}
    for segment in message.segments:
        code = segment.component(3, 2)
        if segment.name != "OBX" or segment.field(2) != "NM" or not code or code in (SAMPLE_RATE, RESOLUTION):
            continue
        value = decimal_of(segment.field(5))
        if value is not None and segment.field(11) not in _NO_RESULT and len(found) < _MOST_NUMBERS:
            found[printable(code)[:64]] = NumericValue(value, printable(segment.component(6, 1))[:16])
    return found


def build_oru(
    sender: str,
    control_id: str,
    start_at: datetime,
    waves: Sequence[tuple[Wave, float]] = (),
    numerics: Mapping[str, NumericValue] | None = None,
) -> bytes:
    """Return an ORU^R01.

    Args:
        sender: name of the device.
        control_id: the message's number.
        start_at: when the first sample was taken.
        waves: each with its resolution, the unit of one raw integer.
        numerics: numbers by reference identifier.
    """
    lines = [
        f"MSH|^~\\&|{sender}||DALA||{timestamp(start_at)}||ORU^R01^ORU_R01|{control_id}|P|2.6||||||UNICODE UTF-8",
        f"OBR|1|||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|||{timestamp(start_at)}",
    ]
    for group, (wave, resolution) in enumerate(waves, 1):
        for row, channel in enumerate(wave.channels, 1):
            lines += _wave_lines(f"1.{group}.{row}", channel, wave.samples[row - 1], wave.rate_hz, resolution)
    for place, (code, number) in enumerate((numerics or {}).items(), 1):
        lines.append(f"OBX||NM|0^{code}^MDC|1.0.{place}|{number.value}|{number.unit}|||||R")
    return ("\r".join(lines) + "\r").encode()


def _wave_lines(
    place: str, channel: ChannelInfo, samples: NDArray[np.float32], rate_hz: Fraction, resolution: float
) -> list[str]:
    raw = ["" if np.isnan(value) else str(round(value)) for value in (samples.astype(np.float64) / resolution).tolist()]
    code = mdc_code(channel.code)
    rate = f"{float(rate_hz):.10g}"
    return [
        f"OBX||NA|{code}^{channel.code}^MDC^{channel.label}|{place}|{'^'.join(raw)}||||||R",
        f"OBX||NM|67982^{SAMPLE_RATE}^MDC|{place}.1|{rate}|/s|||||R",
        f"OBX||NM|67983^{RESOLUTION}^MDC|{place}.2|{resolution:.10g}|{channel.unit}|||||R",
    ]


def _start(segment: Segment) -> _Start | None:
    """Return the time stamp of a header or an OBR (both have it in field 7), or None where it has none."""
    text = segment.field(7)
    return _Start(parse_timestamp(text), resolution_s(text)) if text else None


def _raw_wave(segment: Segment, start: _Start) -> _RawWave:
    return _RawWave(start, printable(segment.component(3, 2)), segment.component(3, 4), _values(segment.field(5)))


def _grouped(raw: Iterable[_RawWave]) -> tuple[Wave, ...]:
    groups: dict[tuple[_Start, Fraction], dict[ChannelInfo, tuple[NDArray[np.float32], float]]] = {}
    for wave in raw:
        rate_hz = _rate(wave.attributes.get(SAMPLE_RATE, ("", ""))[0])
        channel, samples, resolution = _scaled(wave)
        groups.setdefault((wave.start, rate_hz), {})[channel] = (samples, resolution)
    in_time = sorted(groups.items(), key=lambda group: group[0][0].at)
    return tuple(_wave(start, rate_hz, rows) for (start, rate_hz), rows in in_time)


def _scaled(wave: _RawWave) -> tuple[ChannelInfo, NDArray[np.float32], float]:
    """Return the channel of a raw wave, its samples in the channel's unit, and that unit for one step."""
    text, unit = wave.attributes.get(RESOLUTION, ("1", "1"))
    resolution = decimal_of(text)
    if not wave.code or resolution is None or not 0 < resolution < 10**9:
        raise _wrong_wave()
    label = LEADS.get(wave.code) or printable(wave.label) or ("Pleth" if wave.code == PLETH else wave.code)
    samples = (wave.values * float(resolution)).astype(np.float32)
    return ChannelInfo(wave.code[:64], label[:24], _UNITS.get(unit, "1")), samples, float(resolution)


def _wave(start: _Start, rate_hz: Fraction, rows: Mapping[ChannelInfo, tuple[NDArray[np.float32], float]]) -> Wave:
    samples = np.full((len(rows), max(len(values) for values, _ in rows.values())), np.nan, dtype=np.float32)
    for row, (values, _) in enumerate(rows.values()):
        samples[row, : len(values)] = values
    resolutions = tuple(resolution for _, resolution in rows.values())
    return Wave(start.at, rate_hz, tuple(rows), samples, start.resolution_s, resolutions)


def _values(text: str) -> NDArray[np.float64]:
    parts = text.split("^")
    if len(parts) > MOST_VALUES or "_" in text or not text.isascii():
        raise _wrong_wave()
    try:
        values = np.array([float(part) if part else np.nan for part in parts], dtype=np.float64)
    except (ValueError, OverflowError) as error:
        raise _wrong_wave() from error
    if (np.abs(values) > _LARGEST_SAMPLE).any():
        raise _wrong_wave()
    return values


def _rate(text: str) -> Fraction:
    number = decimal_of(text)
    rate_hz = Fraction(number) if number is not None else Fraction(0)
    if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
        raise _wrong_wave()
    return rate_hz


def _wrong_wave() -> DeviceError:
    return DeviceError(Text("The monitor sent a wave that cannot be right; it was left out."))
