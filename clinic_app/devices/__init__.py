"""Devices: bytes from a cable become blocks of samples and numbers. One file per family beside its simulator.

A driver is a pure parser over bytes and a transport; what comes out is the same for every family.
"""

from clinic_app.devices.block import Block, ChannelInfo, Numerics, NumericValue
from clinic_app.devices.monitor_listener import MonitorListener
from clinic_app.devices.sources import SourceState

__all__ = ["Block", "ChannelInfo", "MonitorListener", "NumericValue", "Numerics", "SourceState"]
