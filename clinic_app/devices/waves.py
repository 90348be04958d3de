"""Waves and numbers in an ORU^R01: what its OBX lines say, and how such a message is written.

A wave is an OBX of type NA with the raw integers; lines below it in the containment (OBX-4 ``1.1.1.2`` and
``1.1.1.2.1``) carry its sample rate and resolution. OBR-7 says when the first sample was taken, by the device's clock.
Source: IHE PCD TF-2, Waveform Communication Management; nomenclature IEEE 11073-10101.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.devices.block import ChannelInfo, NumericValue
from clinic_app.devices.hl7 import MOST_VALUES, Message, parse_timestamp, timestamp
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text
from clinic_app.terminology.leads import LEADS, PLETH, mdc_code

SAMPLE_RATE: Final = "MDC_ATTR_SAMP_RATE"
RESOLUTION: Final = "MDC_ATTR_NU_MSMT_RES"
_RATES_HZ: Final = (Fraction(1, 10), Fraction(100_000))
_MOST_CHANNELS: Final = 64
_UNITS: Final = {"uV": "uV", "mV": "mV", "%": "%"}


@dataclass
class _RawWave:
    code: str
    label: str
    values: NDArray[np.float32]
    attributes: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Wave:
    """Channels of one message that were sampled together.

    Args:
        start_at: when the first sample was taken, by the device's own clock.
        rate_hz: samples per second.
        channels: what the rows are.
        samples: shape ``(channels, n)``, float32, in the channels' units.
    """

    start_at: datetime
    rate_hz: Fraction
    channels: tuple[ChannelInfo, ...]
    samples: NDArray[np.float32]


def read_waves(message: Message) -> tuple[Wave, ...]:
    """Return the waves of an ORU^R01, channels of one rate and length together.

    Raises:
        DeviceError: a wave without a usable rate, with values that are no numbers, or more than a device has.
    """
    start: datetime | None = None
    raw: dict[str, _RawWave] = {}
    for segment in message.segments:
        if segment.name == "OBR":
            start = parse_timestamp(segment.field(7)) if segment.field(7) else start
        elif segment.name == "OBX" and segment.field(2) == "NA":
            raw[segment.field(4)] = _RawWave(
                segment.component(3, 2), segment.component(3, 4), _values(segment.field(5))
            )
        elif segment.name == "OBX" and segment.component(3, 2) in (SAMPLE_RATE, RESOLUTION):
            owner = raw.get(segment.field(4).rpartition(".")[0])
            if owner is not None:
                owner.attributes[segment.component(3, 2)] = (segment.field(5), segment.component(6, 1))
    if not raw:
        return ()
    if start is None or len(raw) > _MOST_CHANNELS:
        raise _wrong_wave()
    return _grouped(start, raw.values())


def read_numerics(message: Message) -> Mapping[str, NumericValue]:
    """Return the numbers of an ORU^R01 by reference identifier; what is no number is left out, never zero."""
    found: dict[str, NumericValue] = {}
    for segment in message.segments:
        code = segment.component(3, 2)
        if segment.name != "OBX" or segment.field(2) != "NM" or not code or code in (SAMPLE_RATE, RESOLUTION):
            continue
        value = _decimal(segment.field(5))
        if value is not None:
            found[code] = NumericValue(value, segment.component(6, 1)[:16])
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
        f"MSH|^~\\&|{sender}||DALA||{timestamp(start_at)}||ORU^R01^ORU_R01|{control_id}|P|2.6|||||||UNICODE UTF-8",
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
    raw = np.rint(samples / resolution).astype(np.int64)
    code = mdc_code(channel.code)
    rate = f"{float(rate_hz):.10g}"
    return [
        f"OBX||NA|{code}^{channel.code}^MDC^{channel.label}|{place}|{'^'.join(map(str, raw))}||||||R",
        f"OBX||NM|67982^{SAMPLE_RATE}^MDC|{place}.1|{rate}|/s|||||R",
        f"OBX||NM|67983^{RESOLUTION}^MDC|{place}.2|{resolution:.10g}|{channel.unit}|||||R",
    ]


def _grouped(start: datetime, raw: Iterable[_RawWave]) -> tuple[Wave, ...]:
    groups: dict[tuple[Fraction, int], list[tuple[ChannelInfo, NDArray[np.float32]]]] = {}
    for wave in raw:
        rate_hz = _rate(wave.attributes.get(SAMPLE_RATE, ("", ""))[0])
        text, unit = wave.attributes.get(RESOLUTION, ("1", "1"))
        resolution = _decimal(text)
        if resolution is None or not 0 < resolution < 10**9:
            raise _wrong_wave()
        label = LEADS.get(wave.code) or ("Pleth" if wave.code == PLETH else wave.label or wave.code)
        channel = ChannelInfo(wave.code[:64], label[:24], _UNITS.get(unit, "1"))
        groups.setdefault((rate_hz, len(wave.values)), []).append((channel, wave.values * np.float32(resolution)))
    return tuple(
        Wave(start, rate_hz, tuple(channel for channel, _ in rows), np.stack([values for _, values in rows]))
        for (rate_hz, _), rows in groups.items()
    )


def _values(text: str) -> NDArray[np.float32]:
    parts = text.split("^")
    if len(parts) > MOST_VALUES:
        raise _wrong_wave()
    try:
        values = np.array([float(part) if part else np.nan for part in parts], dtype=np.float32)
    except (ValueError, OverflowError) as error:
        raise _wrong_wave() from error
    if np.isinf(values).any():
        raise _wrong_wave()
    return values


def _rate(text: str) -> Fraction:
    number = _decimal(text)
    rate_hz = Fraction(number) if number is not None else Fraction(0)
    if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
        raise _wrong_wave()
    return rate_hz


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text) if len(text) <= 24 else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() and abs(number) < 10**12 else None


def _wrong_wave() -> DeviceError:
    return DeviceError(Text("The monitor sent a wave that cannot be right; it was left out."))
