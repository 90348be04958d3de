"""SCP records made here: any way to pack samples, and the checksums of a good one."""

from __future__ import annotations

import struct
from binascii import crc_hqx


def scp_section(number: int, body: bytes) -> bytes:
    """Return a section with its head and checksum."""
    body += b"\0" * (len(body) % 2)
    rest = struct.pack("<HIBB", number, 16 + len(body), 20, 20) + b"SCPECG" + body
    return struct.pack("<H", crc_hqx(rest, 0xFFFF)) + rest


def scp_file(bodies: dict[int, bytes]) -> bytes:
    """Return an SCP record of these sections; section 0 is made."""
    sections = {number: scp_section(number, body) for number, body in bodies.items()}
    size = 16 + 10 * (1 + len(sections))
    at = 7 + size
    pointers = struct.pack("<HII", 0, size, 7)
    for number, section in sections.items():
        pointers += struct.pack("<HII", number, len(section), at)
        at += len(section)
    whole = struct.pack("<I", 6 + size + sum(map(len, sections.values())))
    whole += scp_section(0, pointers) + b"".join(sections.values())
    return struct.pack("<H", crc_hqx(whole, 0xFFFF)) + whole


def scp_bits(text: str) -> bytes:
    """Return zeros and ones as bytes, filled up with zeros."""
    text += "0" * (-len(text) % 8)
    return bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8))


def scp_coded(values: list[int]) -> bytes:
    """Return values in the standard's own code."""
    words = []
    for value in values:
        if value == 0:
            words.append("0")
        elif abs(value) <= 8:
            words.append("1" * abs(value) + "0" + ("1" if value < 0 else "0") if abs(value) < 9 else "")
        elif -128 <= value < 128:
            words.append("1111111110" + f"{value & 255:08b}")
        else:
            words.append("1111111111" + f"{value & 65535:016b}")
    return scp_bits("".join(words))


def scp_leads(count: int, samples: int, flags: int = 0) -> bytes:
    """Return section 3 for leads I, II and so on, all of one length."""
    return bytes((count, flags)) + b"".join(struct.pack("<IIB", 1, samples, number + 1) for number in range(count))


def scp_rhythm(parts: list[bytes], differences: int = 0, bimodal: int = 0, interval_us: int = 2000) -> bytes:
    """Return section 5 or 6: 2500 nV a step."""
    sizes = struct.pack(f"<{len(parts)}H", *map(len, parts))
    return struct.pack("<HHBB", 2500, interval_us, differences, bimodal) + sizes + b"".join(parts)
