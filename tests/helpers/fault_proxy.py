"""A bad line to the hub that a test makes as bad as it likes: a TCP forwarder on loopback behind TLS.

The workstation speaks TLS to it, as on a real line, so that a flipped bit is what it is there: a broken connection and
not another number in a record. What is done to the bytes is done to the encrypted ones; behind the TLS the request goes
on to the hub in the clear, or a captive portal answers in the hub's place, even under a certificate that is believed.

Whatever is done is counted, so that a run can show that it happened.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.helpers.forwarder import PIECE, Forwarder, reset

Fault = Literal["reset", "stall", "half-close", "bit-flip"]
Portal = Literal["", "page", "redirect", "plain"]
"""A web page under a believed certificate, a redirect to one, or a web page without any TLS."""
FAULTS: Final[tuple[Fault, ...]] = ("reset", "stall", "half-close", "bit-flip")
_SLOWLY: Final = 0.1
"""Seconds of line time in one piece where the line is slow."""
_HTML: Final = b"<html><body>Wi-Fi: tap to accept</body></html>"
_PAGE: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(_HTML), _HTML)
_REDIRECT: Final = b"HTTP/1.1 302 Found\r\nLocation: https://portal.example/\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True)
class Weather:
    """How the line is.

    Args:
        delay_s: added to each piece that goes through.
        bytes_per_s: how wide the line is; 0 for as wide as it can be.
        fault: what happens to a connection, or None.
        within_bytes: a fault comes after some number of bytes below this one, up or down.
        stall_s: how long a stalled connection says nothing before it is gone; a half-closed one too.
        portal: who answers in the hub's place.
        is_cut: nobody gets through.
    """

    delay_s: float = 0.0
    bytes_per_s: int = 0
    fault: Fault | None = None
    within_bytes: int = 40_000
    stall_s: float = 0.5
    portal: Portal = ""
    is_cut: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it does to a connection, in words."""
        found = {
            "delay": self.delay_s > 0,
            "slow": self.bytes_per_s > 0,
            "portal": bool(self.portal),
            "cut": self.is_cut,
        }
        return tuple(name for name, is_so in found.items() if is_so)


class FaultProxy(Forwarder):
    """One line. Use it in a ``with`` block.

    Args:
        url: of the hub behind it.
        certificates: a folder `make_certificate` has filled.
        seed: of the moments at which faults come.
    """

    def __init__(self, url: str, certificates: Path, seed: int = 0) -> None:
        super().__init__("fault proxy")
        target = urlsplit(url)
        self._target = (target.hostname or "127.0.0.1", target.port or 80)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificates / "line.pem", certificates / "line.key")
        self._rng = random.Random(seed)
        self._inner_port = 0
        self._weather = Weather()
        self._port = 0
        self.done: Counter[str] = Counter()
        """What was done to connections, by kind."""
        self.bytes_up = 0
        """Encrypted bytes that went towards the hub."""
        self.bytes_down = 0

    @property
    def url(self) -> str:
        """Where the hub seems to be."""
        return f"https://127.0.0.1:{self._port}"

    @property
    def weather(self) -> Weather:
        """How the line is now."""
        return self._weather

    def change(self, weather: Weather) -> None:
        """Change the weather; connections that stand are broken off where nobody gets through or a portal stands."""
        self._do(self._change(weather))

    async def _change(self, weather: Weather) -> None:
        self._weather = weather
        if weather.is_cut or weather.portal:
            self._reset_all()

    async def _listen(self) -> None:
        inner = await asyncio.start_server(self._behind_tls, "127.0.0.1", 0, ssl=self._tls)
        outer = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._servers = [outer, inner]
        self._inner_port, self._port = (each.sockets[0].getsockname()[1] for each in (inner, outer))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The encrypted side: here the bytes suffer."""
        weather = self._weather
        self.done.update(weather.kinds)
        if weather.is_cut:
            reset(writer)
            return
        if weather.portal == "plain":
            await self._portal(reader, writer, _PAGE)
            return
        fate = _Fate(weather, self._rng)
        await self._join(
            writer,
            ("127.0.0.1", self._inner_port),
            lambda far_reader, far: (
                self._suffer(reader, far, fate, "up"),
                self._suffer(far_reader, writer, fate, "down"),
            ),
        )

    async def _behind_tls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._weather.portal:
            await self._portal(reader, writer, _PAGE if self._weather.portal == "page" else _REDIRECT)
            return
        await self._join(
            writer, self._target, lambda far_reader, far: (_carry(reader, far), _carry(far_reader, writer))
        )

    async def _portal(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, words: bytes) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await asyncio.wait_for(reader.read(PIECE), 5)
            writer.write(words)
            await writer.drain()
        writer.close()

    async def _suffer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fate: _Fate, way: Literal["up", "down"]
    ) -> None:
        while piece := await reader.read(fate.piece_bytes):
            if way == "up":
                self.bytes_up += len(piece)
            else:
                self.bytes_down += len(piece)
            await asyncio.sleep(fate.takes_s(len(piece)))
            fault = fate.meets(len(piece), way)
            if fault is not None:
                self.done[fault] += 1
                piece = await self._strike(fault, piece, writer, fate)
            writer.write(piece)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()

    async def _strike(self, fault: Fault, piece: bytes, writer: asyncio.StreamWriter, fate: _Fate) -> bytes:
        """Do what was fated; return what of the piece goes on."""
        if fault == "bit-flip":
            place = self._rng.randrange(len(piece))
            return piece[:place] + bytes([piece[place] ^ (1 << self._rng.randrange(8))]) + piece[place + 1 :]
        if fault == "half-close":
            with suppress(OSError):
                writer.write_eof()
        if fault != "reset":
            await asyncio.sleep(fate.weather.stall_s)
        raise ConnectionResetError


class _Fate:
    """What one connection will meet, drawn when it begins.

    Args:
        weather: at that moment.
        rng: draws.
    """

    def __init__(self, weather: Weather, rng: random.Random) -> None:
        self.weather = weather
        self._way = rng.choice(("up", "down"))
        self._left = rng.randrange(1, weather.within_bytes) if weather.fault else -1

    @property
    def piece_bytes(self) -> int:
        """How many bytes go in one piece."""
        width = self.weather.bytes_per_s
        return max(1, round(width * _SLOWLY)) if width else PIECE

    def takes_s(self, size_bytes: int) -> float:
        """Return how long a piece is on its way."""
        width = self.weather.bytes_per_s
        return self.weather.delay_s + (size_bytes / width if width else 0.0)

    def meets(self, size_bytes: int, way: Literal["up", "down"]) -> Fault | None:
        """Return what happens with this piece, once."""
        if self._left < 0 or way != self._way:
            return None
        self._left -= size_bytes
        return self.weather.fault if self._left < 0 else None


def make_certificate(folder: Path, address: str = "127.0.0.1") -> Path:
    """Make a certificate of an address for a line, and return the file of the authority that vouches for it."""
    folder.mkdir(parents=True, exist_ok=True)
    root_key, line_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Line test authority")])
    root = (
        _blank(root_name, root_name, root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    line_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    line = (
        _blank(line_name, root_name, line_key)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = line_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "line.key").write_bytes(private)
    (folder / "line.pem").write_bytes(line.public_bytes(pem))
    (folder / "authority.pem").write_bytes(root.public_bytes(pem))
    return folder / "authority.pem"


def _blank(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=365 * 20))
        .not_valid_after(now + timedelta(days=365 * 20))
    )


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE):
        writer.write(piece)
        await writer.drain()
    with suppress(OSError, NotImplementedError):
        if writer.can_write_eof():
            writer.write_eof()
        else:
            writer.close()
