"""``dev.py drill devices --minutes N``: every simulated device at once, over real sockets and pseudo-terminals.

Bytes are dropped, changed, added and sent twice, frames are cut in half, cables pulled, connections reset, counters run
over their end and clocks are set. A sample that is lost must be a gap of its length; a result must be in the inbox with
the very patient its device named, and on nobody's chart before a person has put it there; no name may stand for two
beds, whatever a gateway leaves out; nothing may trip.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from clinic_app.access import Trail
from clinic_app.devices import link
from clinic_app.devices.block import Block
from clinic_app.devices.driver import Item
from clinic_app.devices.families import checked, driver_of
from clinic_app.devices.link import DeviceLink
from clinic_app.devices.result import Result
from clinic_app.devices.to_inbox import into
from clinic_app.encounters import ResultInbox
from clinic_app.foundation.clock import SystemClock
from clinic_app.records import Observation, Reference
from clinic_app.registration.iin import check_digit
from tests.drills.devices.mutants import MUTANTS, broken
from tests.drills.devices.ward import Ward
from tests.helpers.stores import opened, patient, session_of, set_up

MUTANT_S: Final = 6.0
SLOW_MUTANTS: Final = {"coarse-stamps-are-believed": 9.0, "a-silent-name-is-free": 15.0}
"""Seconds for those that show only after a while."""
CALM_S: Final = 6.0
NAME: Final = ("Қасымов", "Нұрлан")
"""Of every patient of the drill: by name nobody can be told from the others."""


@dataclass
class Rehearsal:
    """What one rehearsal came to."""

    lost_without_gap: int = 0
    wrong_patient: int = 0
    crashes: int = 0
    lost_results: int = 0
    filed_by_themselves: int = 0
    blocks: int = 0
    results: int = 0
    faults: int = 0
    connections: int = 0
    silent: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    @property
    def has_held(self) -> bool:
        """Whether nothing was amiss."""
        amiss = (self.lost_without_gap, self.wrong_patient, self.crashes, self.lost_results, self.filed_by_themselves)
        return not any(amiss) and not self.silent


def run(arguments: Sequence[str]) -> tuple[dict[str, object], bool]:
    """Rehearse for ``--minutes``; see the module."""
    parser = argparse.ArgumentParser(prog="drill devices")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args(arguments)
    begin_s = time.monotonic()
    done = rehearse(options.minutes * 60, options.seed)
    caught = [name for name in MUTANTS if not rehearse(SLOW_MUTANTS.get(name, MUTANT_S), options.seed, name).has_held]
    figures: dict[str, object] = {
        **{key: value for key, value in vars(done).items() if key != "examples"},
        "mutants_caught": caught,
        "examples": done.examples[:5],
        "seed": options.seed,
        "seconds": round(time.monotonic() - begin_s, 1),
    }
    return figures, done.has_held and len(caught) == len(MUTANTS)


def rehearse(seconds: float, seed: int, mutant: str = "") -> Rehearsal:
    """Let all devices play for so long, with one promise of the program broken or none."""
    done = Rehearsal()
    with tempfile.TemporaryDirectory() as folder, broken(mutant), _faults(done):
        (Path(folder) / "cables").mkdir()
        with opened(Path(folder) / "data", clock=SystemClock()) as store:
            set_up(store, "nurse")
            patients = _patients(store)
            inbox = ResultInbox(store, Trail(store, SystemClock()), SystemClock())
            ward = Ward(Path(folder) / "cables", seed, patients, "^".join(NAME))
            _play(ward, inbox, seconds, done)
            done.filed_by_themselves = len(store.records.find(Observation))
            _judge_results(ward, inbox, session_of(store, "nurse"), done)
    return done


def _patients(store: object) -> dict[str, str]:
    made = {}
    for number in range(1, 40):
        eleven = f"{64030540000 + number * 7}"
        digit = check_digit(eleven)
        if digit is None:
            continue
        one = msgspec.structs.replace(
            patient(*NAME, iin=f"{eleven}{digit}"), managing_organization=Reference(reference="Organization/org-a")
        )
        store.records.commit([one])  # type: ignore[attr-defined]
        made[f"{eleven}{digit}"] = one.id
    return made


def _play(ward: Ward, inbox: ResultInbox, seconds: float, done: Rehearsal) -> None:
    keep = into(inbox)
    judges = {each.config.name: each.judge for each in ward.devices if each.judge is not None}
    heard: set[str] = set()

    def take(item: Item) -> None:
        if isinstance(item, Block):
            heard.add(item.source)
            done.blocks += 1
            judge = judges.get(item.source) or next(
                (each for name, each in judges.items() if name in item.source), None
            )
            if judge is not None:
                judge.look(item)
        elif isinstance(item, Result):
            heard.add(item.device)
            keep(item)

    links = [
        DeviceLink(config.name, config.family, driver_of(config), take, first_wait_s=0.05)
        for config in {each.config.name: checked(each.config) for each in ward.devices}.values()
    ]
    for each in links:
        each.start()
    ward.start()
    time.sleep(seconds)
    ward.calm_down(CALM_S)
    ward.stop()
    for each in links:
        each.stop()
    done.lost_without_gap = sum(judge.lost_without_gap for judge in judges.values())
    done.wrong_patient += sum(judge.wrong_patient for judge in judges.values())
    done.faults = sum(each.noise.count + each.answers.count for each in ward.devices)
    done.connections = sum(each.connections for each in ward.devices)
    done.crashes += len(ward.crashes)
    done.examples += [repr(error) for error in ward.crashes]
    said = " ".join(sorted(heard))
    done.silent = [each.config.name for each in ward.devices if each.config.name not in said]


def _judge_results(ward: Ward, inbox: ResultInbox, session: object, done: Rehearsal) -> None:
    truth = ward.ledger.of_sample
    found = set()
    for waiting in inbox.waiting(session):  # type: ignore[arg-type]
        for result in waiting.sheet.results:
            done.results += 1
            true = truth.get(result.sample_id)
            if true is None or (true.said_id, true.value) != (result.patient_id, result.value):
                done.wrong_patient += 1
                done.examples.append(f"{result.sample_id} says {result.patient_id}: {result.value}, not {true}")
            found.add(result.sample_id)
        true = truth.get(waiting.sheet.first.sample_id)
        for match in waiting.matches[:1]:
            (made, *_) = inbox.confirm(session, waiting.sheet.ids, match.patient.id)  # type: ignore[arg-type]
            owner = made.subject.id if made.subject else ""
            if true is None or owner != true.patient_id:
                done.wrong_patient += 1
                done.examples.append(f"{waiting.sheet.first.sample_id} was filed for {owner}, not {true}")
    done.lost_results = max(0, ward.delivered() - len(found))


@contextmanager
def _faults(done: Rehearsal) -> Iterator[None]:
    """Count what the program writes down as its own mistake, and threads that died of one; and wait briefly only."""

    class Counting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            done.crashes += 1
            done.examples.append(record.getMessage()[:200])

    handler = Counting(logging.ERROR)
    log, longest_s = logging.getLogger("clinic_app"), link.LONGEST_WAIT_S
    former, was_heard = threading.excepthook, log.propagate
    log.addHandler(handler)
    log.propagate = False

    def died(arguments: threading.ExceptHookArgs) -> None:
        done.crashes += 1
        done.examples.append(repr(arguments.exc_value))

    threading.excepthook = died
    link.LONGEST_WAIT_S = 0.4  # type: ignore[misc]
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.propagate = was_heard
        threading.excepthook = former
        link.LONGEST_WAIT_S = longest_s  # type: ignore[misc]
