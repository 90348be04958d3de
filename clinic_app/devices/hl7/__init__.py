"""Devices that speak HL7 version 2 over MLLP: monitors with waves and numbers, analysers with results."""
