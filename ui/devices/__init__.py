"""Devices of this workstation, and the inbox of their results."""
