"""What a case is, and what came of it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, Literal, NoReturn

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import LANGUAGES

Outcome = Literal["refused", "partly", "disarmed", "fault"]
GOOD: Final = frozenset({"refused", "partly", "disarmed"})
Inputs = Iterable[tuple[str, Any]]
Attempt = Callable[[Any], "Outcome"]
"""Hands one input to the service and tells what came of it; a `ClinicError` it lets out means refused."""
Stage = Attempt | tuple[Callable[[Any], Any], Attempt]
"""An attempt, perhaps behind what first makes the input, whose time does not count."""


class HarmDoneError(AssertionError):
    """What must not happen did: something was kept, found, run or answered as if it were good."""


@dataclass(frozen=True)
class Case:
    """Some inputs of one sort, handed in one after the other in one child process.

    Args:
        kind: what sort of thing it is: dicom, package, monitor ...
        name: what is wrong with it.
        inputs: makes them, each with a name of its own (may be empty).
        stage: opens what a stranger reaches, in a folder of its own.
        by_design: why it is taken all the same, for inputs whose outcome may be ``disarmed``.
    """

    kind: str
    name: str
    inputs: Callable[[Random], Inputs]
    stage: Callable[[Path], AbstractContextManager[Stage]]
    by_design: str = ""


def gets_nowhere(outcome: Outcome, by_design: str) -> bool:
    """Return whether an outcome counts as refused; what is taken by design needs a reason."""
    return outcome in GOOD and (outcome != "disarmed" or bool(by_design))


@dataclass(frozen=True)
class Result:
    """What came of one input."""

    kind: str
    name: str
    outcome: Outcome
    words: str
    seconds: float
    rss_mb: int
    by_design: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether it got nowhere; what is taken by design needs a reason."""
        return gets_nowhere(self.outcome, self.by_design)

    def line(self) -> str:
        """Return the case's line of the report."""
        why = f" [taken: {self.by_design}]" if self.outcome == "disarmed" else ""
        return f"  {self.outcome:8} {self.kind}: {self.name} ({self.seconds:.2f} s, {self.rss_mb} MB){why} {self.words}"


def demand(is_so: object, words: str) -> None:
    """Go on if it is so.

    Raises:
        HarmDoneError: it is not.
    """
    if not is_so:
        raise HarmDoneError(words)


def sentence(error: ClinicError) -> str:
    """Return what a refusal says, in English.

    Raises:
        HarmDoneError: it says nothing in one of the languages.
    """
    demand(all(error.text.render(language).strip() for language in LANGUAGES), "a refusal without a sentence")
    return str(error)[:160]


def must_refuse(attempt: Callable[[], object], holdings: Callable[[], object]) -> NoReturn:
    """Let the attempt end in its sentence, with everything as it was.

    Raises:
        ClinicError: what it was refused with, as it has to be.
        HarmDoneError: it was taken, or something was kept.
    """
    before = holdings()
    try:
        attempt()
    except ClinicError as error:
        sentence(error)
        demand(holdings() == before, "something was kept of what was refused")
        raise
    raise HarmDoneError("it was taken")


class Repeated:
    """A deflating stream that packs a piece once and says it again: a bomb costs its size and no work.

    It has the two methods of `zlib.compressobj` and gives what inflates to the same.
    """

    def __init__(self) -> None:
        self._packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._piece = self._packed = b""

    def compress(self, piece: bytes) -> bytes:
        """Return a piece packed."""
        if piece != self._piece:
            self._piece = piece
            self._packed = self._packer.compress(piece) + self._packer.flush(zlib.Z_FULL_FLUSH)
        return self._packed

    def flush(self) -> bytes:
        """Return the end."""
        return self._packer.flush()
