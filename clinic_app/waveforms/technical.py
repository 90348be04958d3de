"""What is technically wrong with what comes in: no data, electrodes off, a clock that was set, a disk that is full.

These are hints to look at a device or a cable. They are no alarms about a patient, and this program is no bedside
alarm: it makes no sound and wakes nobody (IEC 60601-1-8 is not claimed).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Final, Protocol

from clinic_app.devices import Block, Event, EventKind, Numerics
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.texts import Text
from clinic_app.terminology.possible_numbers import is_zero, possible_number
from clinic_app.waveforms.live_traces import LiveTraces
from clinic_app.waveforms.store.recorder import RecorderState

NO_DATA_S: Final = 5.0
FORGOTTEN_S: Final = 600.0
"""A device that is silent for so long was switched off; one that is being recorded is missed for ever."""
CLOCK_SHOWN_S: Final = 60.0
IMPOSSIBLE_SHOWN_S: Final = 60.0
"""A number that cannot be is told until a better one comes, or it is so old."""
_JUMP_S: Final = 2.0
_MOST_STREAMS: Final = 256
_LONGEST_NUMBER: Final = 8


class Trouble(Enum):
    """What can be wrong, the worst first."""

    ZERO = "a zero"
    DISK = "disk"
    RECORDER = "recorder"
    NO_DATA = "no data"
    LEADS_OFF = "leads off"
    IMPOSSIBLE = "impossible number"
    CLOCK_JUMP = "clock jump"


@dataclass(frozen=True)
class TechnicalAlarm:
    """One thing that somebody should look at.

    Args:
        trouble: what it is.
        source: the device; empty where it is about this computer.
        text: a sentence.
        since_s: for how long.
    """

    trouble: Trouble
    source: str
    text: Text
    since_s: float


@dataclass(frozen=True)
class _Told:
    """What was told of a number, since when, and when it was heard last."""

    trouble: Trouble
    text: Text
    since_s: float
    heard_s: float


class Disk(Protocol):
    """The room on the disk."""

    @property
    def reason(self) -> Text | None:
        """What to tell people; None while there is room."""
        ...


class TechnicalAlarms:
    """Watches what comes in. Hand `take_in` to whatever delivers. Safe for use from several threads.

    Args:
        traces: tells how old what comes in is.
        recordings: tells how it stands with what is recorded.
        disk: the room on it.
        clock: this computer's wall clock.
        monotonic: the steady clock.
    """

    def __init__(
        self,
        traces: LiveTraces,
        recordings: Callable[[], tuple[RecorderState, ...]],
        disk: Disk,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._traces = traces
        self._recordings = recordings
        self._disk = disk
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._off: dict[tuple[str, str], tuple[tuple[str, ...], float, float]] = {}
        """By device and stream: labels of what is off, since when, heard when."""
        self._jumps: dict[str, tuple[Text, float]] = {}
        self._impossible: dict[tuple[str, str], _Told] = {}
        """By device and code."""
        self._since: dict[tuple[Trouble, str], float] = {}
        self._dismissed: dict[str, float] = {}
        self._seen_recorded: dict[str, float] = {}
        self._wall = (clock.now(), monotonic())

    def take_in(self, item: Block | Numerics | Event) -> None:
        """Take what a device delivered, on the device's thread."""
        if isinstance(item, Block):
            self._take_block(item)
        elif isinstance(item, Numerics):
            self._take_numbers(item)
        elif item.kind in (EventKind.CLOCK_JUMP, EventKind.ANOTHER_PATIENT):
            with self._lock:
                self._jumps = {**self._jumps, item.source: (item.text, item.monotonic_s)}

    def dismiss(self, source: str) -> None:
        """Say no more of a device's silence until it was heard again: somebody has looked at it."""
        with self._lock:
            self._dismissed = {**self._dismissed, source: self._monotonic()}

    def now(self) -> tuple[TechnicalAlarm, ...]:
        """Return what is wrong now, the worst first."""
        now_s = self._monotonic()
        with self._lock:
            found = [*self._of_this_computer(now_s), *self._of_devices(now_s)]
            self._since = {(each.trouble, each.source): now_s - each.since_s for each in found}
        order = list(Trouble)
        return tuple(sorted(found, key=lambda each: (order.index(each.trouble), each.source)))

    def _of_this_computer(self, now_s: float) -> list[TechnicalAlarm]:
        found = []
        reason = self._disk.reason
        if reason is not None:
            found.append(self._lasting(Trouble.DISK, "", reason, now_s))
        for state in self._recordings():
            if state.problem is not None:
                text = self._stands_still(state) if state.problem == reason else state.problem
                found.append(self._lasting(Trouble.RECORDER, state.source, text, now_s))
            elif state.lost:
                text = Text("Part of the recording of {source} could not be kept.", source=state.source)
                found.append(self._lasting(Trouble.RECORDER, state.source, text, now_s))
        jump = self._own_jump(now_s)
        if jump is not None:
            self._jumps = {**self._jumps, "": (jump, now_s)}
        return found

    def _stands_still(self, state: RecorderState) -> Text:
        """Return what to say of a recording that a full disk does not take: the disk itself is told beside it."""
        since = self._clock.now() - (state.saved_until or state.started_at)
        return Text(
            "The recording of {source} stands still: the last {minutes} min wait in the memory for room.",
            source=state.source, minutes=max(math.ceil(since.total_seconds() / 60), 1),
        )  # fmt: skip

    def _own_jump(self, now_s: float) -> Text | None:
        """Return what to say where this computer's clock went another way than time."""
        at, at_s = self._wall
        now = self._clock.now()
        self._wall = (now, now_s)
        if abs((now - at).total_seconds() - (now_s - at_s)) < _JUMP_S:
            return None
        return Text("The clock of this computer was set. Recordings go on by its steady clock.")

    def _of_devices(self, now_s: float) -> list[TechnicalAlarm]:
        found = []
        ages = {source: min(each.age_s() for each in self._traces.streams(source)) for source in self._traces.sources()}
        self._dismissed = {
            source: at_s for source, at_s in self._dismissed.items() if ages.get(source, 0.0) > now_s - at_s
        }
        recorded = {state.source: now_s - self._recorded_since(state.source, now_s) for state in self._recordings()}
        self._seen_recorded = {source: at_s for source, at_s in self._seen_recorded.items() if source in recorded}
        for source, age_s in {**recorded, **ages}.items():
            is_forgotten = age_s >= FORGOTTEN_S and source not in recorded
            if age_s >= NO_DATA_S and not is_forgotten and source not in self._dismissed:
                text = Text("{source} sends nothing. Look at the device and its cable.", source=source)
                found.append(TechnicalAlarm(Trouble.NO_DATA, source, text, age_s))
        for source in dict.fromkeys(source for source, _ in self._off):
            streams = [
                each for (name, _), each in self._off.items() if name == source and ages.get(name, 1e9) < NO_DATA_S
            ]
            labels = dict.fromkeys(label for each in streams for label in each[0])
            if labels:
                text = Text("{source}: electrode off ({leads}).", source=source, leads=", ".join(labels))
                since_s = now_s - min(since for names, since, _ in streams if names)
                found.append(TechnicalAlarm(Trouble.LEADS_OFF, source, text, since_s))
        self._impossible = {
            key: each for key, each in self._impossible.items() if now_s - each.heard_s < IMPOSSIBLE_SHOWN_S
        }
        found += [
            TechnicalAlarm(each.trouble, source, each.text, now_s - each.since_s)
            for (source, _), each in self._impossible.items()
        ]
        self._jumps = {name: each for name, each in self._jumps.items() if now_s - each[1] < CLOCK_SHOWN_S}
        found += [
            TechnicalAlarm(Trouble.CLOCK_JUMP, name, text, now_s - at_s) for name, (text, at_s) in self._jumps.items()
        ]
        return found

    def _recorded_since(self, source: str, now_s: float) -> float:
        """Return since when a device is known to be recorded: one that never sent anything is missed after that."""
        return self._seen_recorded.setdefault(source, now_s)

    def _take_block(self, block: Block) -> None:
        key = (block.source, block.stream_id)
        labels = tuple(channel.label for channel in block.channels if channel.code in block.leads_off)
        with self._lock:
            before = self._off.get(key)
            if not labels:
                if before is not None:
                    self._off = {each: state for each, state in self._off.items() if each != key}
                return
            since_s = before[1] if before is not None else block.monotonic_s
            others = [(each, state) for each, state in self._off.items() if each != key]
            self._off = {**dict(others[-(_MOST_STREAMS - 1) :]), key: (labels, since_s, block.monotonic_s)}

    def _take_numbers(self, item: Numerics) -> None:
        """Note the numbers no living person has; a number that can be takes the note away."""
        for code, number in item.values.items():
            row = possible_number(code, number.unit)
            key = (item.source, code)
            if row is None or row.holds(number.value):
                if key in self._impossible:
                    with self._lock:
                        self._impossible = {each: told for each, told in self._impossible.items() if each != key}
                continue
            if is_zero(code, number.value, number.unit):
                text = Text(
                    "{source}: {sign} 0. Nothing is measured, or it is really so: look at the patient first.",
                    source=item.source, sign=row.words,
                )  # fmt: skip
                self._note_number(key, Trouble.ZERO, text, item.monotonic_s)
                continue
            text = Text(
                "{source}: {sign} {value} cannot be right. Look at the patient, then at the sensor and its cable.",
                source=item.source, sign=row.words, value=_short(number.value),
            )  # fmt: skip
            self._note_number(key, Trouble.IMPOSSIBLE, text, item.monotonic_s)

    def _note_number(self, key: tuple[str, str], trouble: Trouble, text: Text, at_s: float) -> None:
        with self._lock:
            before = self._impossible.get(key)
            since_s = before.since_s if before is not None and before.trouble is trouble else at_s
            others = [(each, told) for each, told in self._impossible.items() if each != key]
            self._impossible = {**dict(others[-(_MOST_STREAMS - 1) :]), key: _Told(trouble, text, since_s, at_s)}

    def _lasting(self, trouble: Trouble, source: str, text: Text, now_s: float) -> TechnicalAlarm:
        return TechnicalAlarm(trouble, source, text, now_s - self._since.get((trouble, source), now_s))


def _short(value: Decimal) -> str:
    """Return a number a device sent, which may be of any length."""
    words = str(value)
    return words if len(words) <= _LONGEST_NUMBER else f"{value:.3g}"
