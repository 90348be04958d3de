"""Devices: bytes from a cable become blocks of samples and numbers. One file per family beside its simulator.

A driver is a pure parser over bytes and a transport; what comes out is the same for every family.
"""

from clinic_app.devices.block import Block, ChannelInfo, Flags, Numerics, NumericValue
from clinic_app.devices.device_tables import config_of, table_of
from clinic_app.devices.devices import Devices, Trial
from clinic_app.devices.driver import DeviceConfig, Event, EventKind, Family, Item, Option, TransportKind
from clinic_app.devices.families import FAMILIES, TRANSPORTS, add_family, checked, options_of
from clinic_app.devices.hl7.monitor_listener import MonitorListener
from clinic_app.devices.hl7.sources import SourceState
from clinic_app.devices.link import Health, LinkState
from clinic_app.devices.result import Result

__all__ = [
    "FAMILIES",
    "TRANSPORTS",
    "Block",
    "ChannelInfo",
    "DeviceConfig",
    "Devices",
    "Event",
    "EventKind",
    "Family",
    "Flags",
    "Health",
    "Item",
    "LinkState",
    "MonitorListener",
    "NumericValue",
    "Numerics",
    "Option",
    "Result",
    "SourceState",
    "TransportKind",
    "Trial",
    "add_family",
    "checked",
    "config_of",
    "options_of",
    "table_of",
]
