"""Monitors and analysers over HL7, as the table of families lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clinic_app.devices.astm.family import SPECIMEN
from clinic_app.devices.driver import Driver, Family, Option, OptionValue, Parser
from clinic_app.foundation.texts import Text


def _monitor_parser(name: str, options: Mapping[str, OptionValue]) -> Parser:
    from clinic_app.devices.hl7.monitor import Hl7MonitorParser

    return Hl7MonitorParser(name, str(options["greeting"]))


def _monitor_server(_name: str, options: Mapping[str, OptionValue]) -> Driver:
    from clinic_app.devices.hl7.monitor import MonitorServer

    return MonitorServer(str(options["host"]), int(options["port"]))


def _analyser_parser(name: str, options: Mapping[str, OptionValue]) -> Parser:
    from clinic_app.devices.hl7.analyser import Hl7AnalyserParser

    return Hl7AnalyserParser(name, str(options[SPECIMEN.key]))


HL7_MONITOR_CALLED: Final = Family(
    "hl7-monitor",
    Text("Patient monitor (HL7), called by this workstation"),
    ("tcp-client",),
    (
        Option(
            "greeting",
            Text("Message to send first"),
            "",
            hint=Text("Some monitors wait for a query; segments are set apart by \\r. Empty for none."),
        ),
    ),
    make_parser=_monitor_parser,
    delivers=Text("Waves and numbers"),
)
HL7_MONITOR_CALLS: Final = Family(
    "hl7-monitors",
    Text("Patient monitors (HL7) that call this workstation"),
    ("own",),
    (
        Option("host", Text("Network address to listen on"), "127.0.0.1", is_required=True),
        Option("port", Text("TCP port"), 6661, least=1, kind="number"),
    ),
    make_driver=_monitor_server,
    delivers=Text("Waves and numbers"),
)
HL7_ANALYSER: Final = Family(
    "hl7-analyser",
    Text("Analyser (HL7)"),
    ("tcp-server", "tcp-client"),
    (SPECIMEN,),
    make_parser=_analyser_parser,
    delivers=Text("results"),
)
