"""Simulated analysers: the sending sides of ASTM and of POCT1-A, sending again whatever has to be."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from clinic_app.devices.astm.frames import ACK, ENQ, EOT, NAK, build_frames
from clinic_app.devices.poct.messages import MessageFinder, build, read_message

PATIENCE_S: Final = 15.0
"""A sender waits so long for an answer (LIS1-A, 6.5.2)."""
MOST_TRIES: Final = 6
REST_S: Final = 1.0
"""Between two transfers, and after one that was broken off."""


class AnalyserPlayer:
    """The sending side of ASTM.

    Args:
        messages: whole messages, records ended by CR; each is sent until every frame of it was acknowledged.
        patience_s: seconds it waits for an answer.
        rest_s: seconds between transfers.
    """

    def __init__(self, messages: Iterable[bytes], *, patience_s: float = PATIENCE_S, rest_s: float = REST_S) -> None:
        self._messages = deque(messages)
        self._patience_s = patience_s
        self._rest_s = rest_s
        self._frames: deque[bytes] = deque()
        self._last = b""
        self._tries = 0
        self._asked_s = 0.0
        self._rests_until_s = 0.0
        self.delivered: list[bytes] = []
        """Messages that were acknowledged to their last frame."""

    @property
    def left(self) -> int:
        """How many messages are still to be sent."""
        return len(self._messages)

    def add(self, message: bytes) -> None:
        """Have one more to send."""
        self._messages.append(message)

    def begin(self, at_s: float) -> bytes:
        """Start anew: on a fresh connection nothing of the former transfer counts."""
        self._rests_until_s = at_s + self._rest_s
        self._last = b""
        return b""

    def step(self, heard: bytes, at_s: float) -> bytes:
        """Return the next thing to send."""
        if not self._last:
            return self._ask(at_s)
        if heard[-1:] == ACK:
            return self._go_on(at_s)
        if heard[-1:] == NAK:
            self._tries += 1
            if self._tries >= MOST_TRIES:
                return self._break_off(at_s)
            self._asked_s = at_s
            return self._last
        return self._break_off(at_s) if at_s - self._asked_s > self._patience_s else b""

    def _ask(self, at_s: float) -> bytes:
        if not self._messages or at_s < self._rests_until_s:
            return b""
        self._frames = deque(build_frames(self._messages[0]))
        self._last, self._tries, self._asked_s = bytes((ENQ,)), 0, at_s
        return self._last

    def _go_on(self, at_s: float) -> bytes:
        self._tries, self._asked_s = 0, at_s
        if self._frames:
            self._last = self._frames.popleft()
            return self._last
        self.delivered.append(self._messages.popleft())
        return self._break_off(at_s)

    def _break_off(self, at_s: float) -> bytes:
        self._last, self._rests_until_s = b"", at_s + self._rest_s
        return bytes((EOT,))


class PoctPlayer:
    """The device's side of POCT1-A: says hello, waits to be asked, gives its observations one by one.

    Args:
        observations: bodies of OBS.R01 messages, after the header; each is sent until it was acknowledged.
        patience_s: seconds it waits for an answer before it says hello again.
    """

    def __init__(self, observations: Iterable[str], *, patience_s: float = PATIENCE_S) -> None:
        self._waiting = deque(observations)
        self._patience_s = patience_s
        self._finder = MessageFinder()
        self._count = 0
        self._expected = ""
        self._asked_s = 0.0
        self._is_asked = False
        self._sent: str | None = None
        self.delivered: list[str] = []
        """Bodies that were acknowledged."""

    @property
    def left(self) -> int:
        """How many observations are still to be given."""
        return len(self._waiting)

    def add(self, body: str) -> None:
        """Have one more to give."""
        self._waiting.append(body)

    def begin(self, at_s: float) -> bytes:
        """Say hello."""
        self._finder, self._is_asked, self._sent = MessageFinder(), False, None
        body = '<DEV><DEV.device_id V="SIMULATED"/><DSC><DSC.directives_supported_cd V="START_CONTINUOUS"/></DSC></DEV>'
        return self._say("HEL.R01", body, at_s)

    def step(self, heard: bytes, at_s: float) -> bytes:
        """Return what follows on what was heard."""
        out = b""
        for raw in self._finder.feed(heard):
            message = read_message(raw)
            if message.name == "ACK.R01":
                about = next((part.value("ACK.ack_control_id") for part in message.all("ACK")), "")
                if about == self._expected:
                    out += self._acknowledged(at_s)
            else:
                control = next((part.value("HDR.control_id") for part in message.all("HDR")), "")
                self._count += 1
                body = f'<ACK><ACK.type_cd V="AA"/><ACK.ack_control_id V="{control}"/></ACK>'
                out += build("ACK.R01", self._count, datetime.now(UTC), body)
                self._is_asked = self._is_asked or message.name in ("REQ.R01", "DTV.R01")
        if not out and self._is_asked and not self._expected:
            out = self._give(at_s)
        if not out and self._expected and at_s - self._asked_s > self._patience_s:
            return self.begin(at_s)
        return out

    def _acknowledged(self, at_s: float) -> bytes:
        self._expected = ""
        if self._sent is not None:
            self.delivered.append(self._waiting.popleft())
            self._sent = None
            return self._give(at_s)
        if not self._is_asked:
            count = f'<DST><DST.new_observations_qty V="{len(self._waiting)}"/></DST>'
            return self._say("DST.R01", count, at_s)
        return b""

    def _give(self, at_s: float) -> bytes:
        if not self._waiting:
            return b""
        self._sent = self._waiting[0]
        return self._say("OBS.R01", self._sent, at_s)

    def _say(self, kind: str, body: str, at_s: float) -> bytes:
        self._count += 1
        self._expected, self._asked_s = str(self._count), at_s
        return build(kind, self._count, datetime.now(UTC), body)
