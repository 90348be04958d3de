"""Bluetooth LE devices that keep to the health profiles: pulse, oxygen, glucose, pressure, temperature, weight.

What a characteristic says is read by pure functions over its bytes; the radio is behind a small port.
"""
