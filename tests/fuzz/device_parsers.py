"""Parsers that the bytes of devices reach over networks and radio."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from fractions import Fraction
from typing import Final

import numpy as np

from clinic_app.devices.block import ChannelInfo, NumericValue
from clinic_app.devices.bluetooth.measured import READERS, Setting
from clinic_app.devices.driver import Parser as DeviceParser
from clinic_app.devices.hl7.analyser import Hl7AnalyserParser
from clinic_app.devices.hl7.mllp import frame
from clinic_app.devices.hl7.monitor import Hl7MonitorParser
from clinic_app.devices.hl7.monitor_simulator import NUMBERS
from clinic_app.devices.hl7.waves import Wave, build_oru
from clinic_app.devices.replay import Replay
from clinic_app.devices.sdc.provider import description
from clinic_app.devices.sdc.reports import read_description, read_numbers, read_waveforms, read_xml
from tests.fuzz.cable_parsers import CABLE_PARSERS
from tests.fuzz.parser import Parser
from tests.helpers.device_lines import MOMENT, arrival

_LEAD: Final = ChannelInfo("MDC_ECG_LEAD_II", "II", "uV")
_RAMP: Final = np.arange(8, dtype=np.float32)[np.newaxis]
_ANALYSER: Final = (
    b"MSH|^~\\&|BC|M|||20260305123015||ORU^R01|7|P|2.3.1||||||UNICODE\rPID|1||6403^^^^MR||A^B\rOBR|1|O|T|||20260305\r"
    b"OBX|1|NM|6690-2^WBC^LN||11.20|10*9/L|4-10|H~A|||F|||20260305123010\rNTE|1||x\rOBX|2|SN|Y^Y||>^5^-^6||||||P\r"
)
_SDC: Final = (
    '<m:X xmlns:m="urn:m" xmlns:p="urn:p" SequenceId="a"><m:State DescriptorHandle="wave.0.0"><p:MetricValue'
    ' DeterminationTime="1772694000123" Samples="1 2.5 -3"><p:MetricQuality Validity="Vld"/></p:MetricValue></m:State>'
    '<p:MetricState DescriptorHandle="number.MDC_TEMP"><p:MetricValue Value="36.6"/></p:MetricState></m:X>'
)
_BLUETOOTH: Final = {
    0x2A37: "16 48 12 03",
    0x2A5F: "03 61 00 48 00 60 00 47 00 62 00 49 00",
    0x2A5E: "05 61 00 48 00 ea 07 03 05 0c 1e 0f 30 00 00",
    0x2A35: "1e 94 00 5c 00 6f 00 ea 07 03 05 0c 1e 0f 48 00 02 05 00",
    0x2A1C: "06 6c 01 00 ff ea 07 03 05 0c 1e 0f 02",
    0x2A9D: "06 5c 36 ea 07 03 05 0c 1e 0f 01",
    0x2A18: "0b 05 00 ea 07 03 05 0c 1e 0f 3c 00 38 c0 11 00 00",
}


def _in_pieces(parser: DeviceParser, data: bytes) -> None:
    """Feed a parser in two pieces and a moment of silence, as a line does."""
    half = len(data) // 2
    for number, piece in enumerate((data[:half], b"", data[half:])):
        parser.feed(piece, arrival(number * 0.5))


def _replay() -> Replay:
    return Replay((_LEAD,), Fraction(500), _RAMP, 0.5)


def _sdc(data: bytes) -> None:
    root = read_xml(data)
    metrics = {**read_description(root), **read_description(read_xml(description((_replay(),), NUMBERS)))}
    read_waveforms(root, metrics)
    read_numbers(root, metrics)


def _bluetooth(data: bytes) -> None:
    """Read the value behind the two bytes that name its characteristic."""
    reader = READERS.get(int.from_bytes(data[:2], "little"))
    if reader is not None:
        reader(data[2:], Setting("B", arrival(), UTC))


def _monitor() -> tuple[bytes, ...]:
    wave = Wave(MOMENT, Fraction(500), (_LEAD,), _RAMP)
    numbers = {"MDC_ECG_HEART_RATE": NumericValue(NUMBERS["MDC_TEMP"].value, "/min")}
    return (frame(build_oru("M", "1", MOMENT, [(wave, 0.5)], numbers)),)


DEVICE_PARSERS: Final[Mapping[str, Parser]] = {
    "hl7 monitor": Parser(lambda data: _in_pieces(Hl7MonitorParser("M"), data), _monitor),
    "hl7 analyser": Parser(
        lambda data: _in_pieces(Hl7AnalyserParser("A", "blood", UTC), data), lambda: (frame(_ANALYSER),)
    ),
    "sdc": Parser(_sdc, lambda: (_SDC.encode(), description((_replay(),), NUMBERS)), 8192),
    "bluetooth": Parser(
        _bluetooth,
        lambda: tuple(number.to_bytes(2, "little") + bytes.fromhex(text) for number, text in _BLUETOOTH.items()),
        40,
    ),
    **CABLE_PARSERS,
}
