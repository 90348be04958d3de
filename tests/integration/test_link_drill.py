"""A short version of the link's drill, what its ledger finds out, and that each broken link fails it."""

from __future__ import annotations

import argparse
import json
import random
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.drills import __main__ as drills
from tests.drills import link
from tests.drills.link import Outcome, Pace
from tests.drills.link.comparing import _repeated, content_of
from tests.drills.link.deaths import OF_A_HUB, OF_A_WORKSTATION, Fate, strike_at
from tests.drills.link.ledger import Deed, Edit, Ledger, Standing, Verdict
from tests.drills.link.mutants import FATAL, MUTANTS, OF_THE_HUB
from tests.drills.processes import context
from tests.helpers.fault_proxy import FAULTS, FaultProxy, Weather, make_certificate

pytestmark = pytest.mark.timeout(400)
PHONE = ("Patient", "p1", "telecom")
HURRIED = Pace(batch=14, rounds_to_a_rest=3, rest_s=60.0)


def edit(saw: str, made: str) -> Deed:
    """Return the deed of somebody who saw one number and wrote another."""
    return Deed("amend", (Edit(PHONE, frozenset(saw.split()), frozenset(made.split())),))


def standing(values: str = "", **changes: object) -> Standing:
    """Return what is found at the hub, with these telephone numbers."""
    whole = Standing({PHONE: frozenset(values.split())}, {}, {}, frozenset())
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_nothing_is_lost_on_the_worst_lines() -> None:
    outcome = link.rehearse(84, seed=7, pace=HURRIED)
    assert outcome.verdict == Verdict()
    assert outcome.restless == []
    assert outcome.has_held
    assert outcome.acknowledged > 60


def test_a_value_that_was_seen_may_be_replaced() -> None:
    ledger = Ledger()
    ledger.saved("A-1", edit("", "1"))
    ledger.saved("A-2", edit("1", "2"))
    assert ledger.judge(standing("2")).is_clean


def test_a_value_nobody_saw_may_not() -> None:
    ledger = Ledger()
    ledger.saved("A-1", edit("0", "1"))
    ledger.saved("B-1", edit("0", "2"))
    verdict = ledger.judge(standing("2"))
    assert verdict.overwritten_silently == ["amend A-1: Patient p1 telecom 1"]
    assert not verdict.is_clean


def test_whoever_was_asked_about_both_may_choose() -> None:
    ledger = Ledger()
    ledger.saved("A-1", edit("0", "1"))
    ledger.saved("B-1", edit("0", "2"))
    ledger.trying("A-2", Deed("settle", (Edit(PHONE, frozenset("12"), frozenset("2")),)))
    assert ledger.judge(standing("2")).is_clean
    assert ledger.judge(standing("1")).overwritten_silently


def test_a_choice_that_was_refused_is_none() -> None:
    ledger = Ledger()
    ledger.saved("A-1", edit("0", "1"))
    ledger.saved("B-1", edit("0", "2"))
    ledger.trying("A-2", Deed("settle", (Edit(PHONE, frozenset("12"), frozenset("2")),)))
    ledger.refused("A-2")
    assert ledger.judge(standing("2")).overwritten_silently


def test_two_values_that_are_both_kept_are_no_loss() -> None:
    ledger = Ledger()
    ledger.saved("A-1", edit("0", "1"))
    ledger.saved("B-1", edit("0", "2"))
    assert ledger.judge(standing("1 2")).is_clean
    ledger.saved("A-2", edit("1 2", "3 2"))
    assert ledger.judge(standing("3")).overwritten_silently == []
    assert ledger.judge(standing("2")).overwritten_silently == ["amend A-2: Patient p1 telecom 3"]


def test_what_only_may_have_been_saved_is_no_claim() -> None:
    ledger = Ledger()
    ledger.trying("A-1", replace(edit("0", "1"), marks=("Patient Mark-a",), records=(("Patient", "p1"),)))
    assert ledger.judge(standing("0")).is_clean
    assert ledger.tried == 1
    assert ledger.acknowledged == {}


def test_a_record_a_mark_a_content_and_a_state_that_are_gone_are_each_lost() -> None:
    ledger = Ledger()
    task = ("Task", "t1")
    ledger.saved("S-1", Deed("answer", marks=("Task Mark-a",), records=(task,), says={(*task, "status"): "completed"},
                             contents=("ab" * 32,)))  # fmt: skip
    there = {
        "records": {task: {"status": "completed"}},
        "marks": {"Task Mark-a": 1},
        "contents": frozenset(["ab" * 32]),
    }
    assert ledger.judge(standing(**there)).is_clean
    for missing in ({"records": {}}, {"records": {task: {"status": "requested"}}}, {"marks": {}},
                    {"contents": frozenset()}):  # fmt: skip
        assert ledger.judge(standing(**{**there, **missing})).lost


def test_a_mark_that_stands_in_two_records_was_written_twice() -> None:
    ledger = Ledger()
    ledger.saved("A-1", Deed("measure", marks=("Observation Mark-a",)))
    found = ledger.judge(standing(marks={"Observation Mark-a": 2}))
    assert found.duplicated == ["mark Observation Mark-a stands in 2 records"]


def test_a_version_that_only_repeats_is_a_duplicate_unless_somebody_chose_what_stood() -> None:
    ledger = Ledger()
    found = standing(repeated=(("Patient", "p1"),))
    assert ledger.judge(found).duplicated == ["version repeated: Patient/p1"]
    ledger.saved("A-1", Deed("settle", records=(("Patient", "p1"),)))
    assert ledger.judge(standing(repeated=(("Patient", "p1"),), records={("Patient", "p1"): {}})).is_clean


def test_claims_that_went_down_with_a_disk_are_taken_back_once() -> None:
    ledger = Ledger()
    ledger.saved("A-1", edit("0", "1"))
    assert ledger.forgive(["A-1", "A-1", "B-1"]) == 1
    assert ledger.judge(standing("0")).is_clean


def test_what_a_node_adds_when_it_stores_is_no_content() -> None:
    bodies = [json.dumps({"id": "p1", "name": name, "meta": {"versionId": version, "tag": []}}).encode()
              for name, version in (("a", "1"), ("a", "2"), ("b", "3"))]  # fmt: skip
    assert content_of(bodies[0]) == content_of(bodies[1]) != content_of(bodies[2])
    versions = [("Patient", "p1", each) for each in bodies]
    assert _repeated(versions) == (("Patient", "p1"),)
    assert _repeated(versions[1:]) == ()
    assert _repeated([versions[0], ("Patient", "p2", bodies[1])]) == ()


def test_every_step_is_fatal_at_its_time_and_none_to_whom_is_spared() -> None:
    shared = context(link.world.MODULE).Array("i", 2)
    fate = Fate(shared)
    rng = random.Random(1)
    for steps in (OF_A_WORKSTATION, OF_A_HUB):
        for step, latest in steps.items():
            fate.spare()
            fate.draw(rng, {step: latest})
            passed = next(number for number in range(1, latest + 1) if fate.comes_at(step))
            assert passed < latest
    fate.spare()
    assert not any(fate.comes_at(step) for step in OF_A_HUB for _ in range(50))


def test_what_was_drawn_stays_and_a_wanted_step_comes_first() -> None:
    fate = Fate(context(link.world.MODULE).Array("i", 2))
    for seed in range(5):
        fate.spare()
        fate.draw(random.Random(seed), OF_A_WORKSTATION, ("request-out",))
        fate.draw(random.Random(seed), OF_A_WORKSTATION, ("answer-in",))
        assert not any(fate.comes_at("answer-in") for _ in range(20))
        assert any(fate.comes_at("request-out") for _ in range(20))


def test_last_words_name_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    fate = Fate(context(link.world.MODULE).Array("i", 2))
    said: list[str] = []
    monkeypatch.setattr("tests.drills.link.deaths.os.kill", lambda *_: said.append("killed"))
    strike = strike_at(fate, said.append)
    strike("request-out")
    assert said == []
    fate.draw(random.Random(1), {"request-out": 2})
    strike("answer-in")
    strike("request-out")
    assert said == ["request-out", "killed"]


def test_every_mutant_is_named_once_and_dies_where_there_is_such_a_step() -> None:
    assert set(MUTANTS) >= OF_THE_HUB | set(FATAL)
    assert {step for steps in FATAL.values() for step in steps} <= set(OF_A_WORKSTATION) | set(OF_A_HUB)


def good() -> Outcome:
    """Return what a run comes to in which nothing is amiss."""
    return Outcome(operations=9, acknowledged=9)


def bad() -> Outcome:
    """Return what a run comes to in which something was lost."""
    return replace(good(), verdict=Verdict(lost=["x"]))


@pytest.mark.parametrize(
    ("flaw", "has_held"),
    [
        ({}, True),
        ({"acknowledged": 0}, False),
        ({"restless": ["the end: A"]}, False),
        *(({"verdict": Verdict(**{name: ["x"]})}, False)
          for name in ("lost", "duplicated", "overwritten_silently", "unequal", "set_aside")),
    ],
)  # fmt: skip
def test_anything_amiss_or_nothing_said_or_no_rest_fails_the_drill(
    monkeypatch: pytest.MonkeyPatch, flaw: dict[str, object], has_held: bool
) -> None:
    outcome = replace(good(), **flaw)  # type: ignore[arg-type]
    monkeypatch.setattr(link, "rehearse", lambda _operations, _seed, mutant="", *_: bad() if mutant else outcome)
    figures, held = link.run(["--operations", "9"])
    assert held is has_held
    assert figures["mutants_caught"] == list(MUTANTS)


def test_a_mutant_that_survives_fails_the_drill(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        link,
        "rehearse",
        lambda _operations, _seed, mutant="", *_: bad() if mutant not in ("", "blind-retry") else good(),
    )
    assert drills.main(["link", "--operations", "9", "--seed", "3"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "seed 3"
    figures = json.loads(told[-1])
    assert "blind-retry" not in figures["mutants_caught"]
    assert (figures["lost"], figures["seed"], figures["operations"]) == (0, 3, 9)


def test_a_mutant_alone_holds_when_it_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "rehearse", lambda *_: bad())
    assert link.run(["--mutant", "blind-retry"])[1] is True
    monkeypatch.setattr(link, "rehearse", lambda *_: good())
    assert link.run(["--mutant", "blind-retry"])[1] is False
    with pytest.raises((SystemExit, argparse.ArgumentError)):
        link.run(["--mutant", "nobody"])


# --- the bad line ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificate of a line and of who vouches for it."""
    folder = tmp_path_factory.mktemp("certificates")
    make_certificate(folder)
    return folder


@pytest.fixture(scope="module")
def line(certificates: Path) -> Iterator[FaultProxy]:
    """A line to somebody who repeats what he hears."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"

        def repeat(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                while heard := connection.recv(1 << 16):
                    connection.sendall(heard)

        def serve() -> None:
            callers = []
            try:
                while True:
                    callers.append(threading.Thread(target=repeat, args=(server.accept()[0],)))
                    callers[-1].start()
            except OSError:
                for each in callers:
                    each.join()

        thread = threading.Thread(target=serve)
        thread.start()
        with FaultProxy(url, certificates, seed=1) as proxy:
            yield proxy
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def call(line: FaultProxy, certificates: Path, words: bytes) -> bytes:
    """Say something over TLS and return what comes back until so much came, or the line is gone."""
    trust = ssl.create_default_context(cafile=str(certificates / "authority.pem"))
    port = int(line.url.rpartition(":")[2])
    heard = b""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as bare,
        trust.wrap_socket(bare, server_hostname="127.0.0.1") as secure,
    ):
        secure.sendall(words)
        while len(heard) < len(words) and (piece := secure.recv(1 << 16)):
            heard += piece
    return heard


def test_a_clear_line_carries_every_byte(line: FaultProxy, certificates: Path) -> None:
    line.change(Weather())
    words = random.Random(1).randbytes(200_000)
    before = line.bytes_up
    assert call(line, certificates, words) == words
    assert line.bytes_up - before > len(words)
    assert line.bytes_down > len(words)


def test_a_slow_and_distant_line_carries_them_too(line: FaultProxy, certificates: Path) -> None:
    line.change(Weather(delay_s=0.005, bytes_per_s=50_000))
    assert call(line, certificates, b"x" * 2000) == b"x" * 2000
    assert line.done["delay"]
    assert line.done["slow"]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_breaks_the_connection_and_never_gives_other_bytes(
    line: FaultProxy, certificates: Path, fault: str
) -> None:
    """A flipped bit is found by TLS: nobody ever reads another number than was sent."""
    line.change(Weather(fault=fault, within_bytes=100_000, stall_s=0.05))  # type: ignore[arg-type]
    words = random.Random(2).randbytes(300_000)
    heard = b""
    with suppress(OSError):
        heard = call(line, certificates, words)
    assert heard != words
    assert words.startswith(heard)
    assert line.done[fault] == 1


def test_where_nobody_gets_through_the_connection_is_reset(line: FaultProxy, certificates: Path) -> None:
    line.change(Weather(is_cut=True))
    with pytest.raises(OSError, match=r"reset|EOF|[Cc]onnection"):
        call(line, certificates, b"x")
    assert line.done["cut"]


@pytest.mark.parametrize(("portal", "words"), [("page", b"200 OK"), ("redirect", b"302 Found")])
def test_a_portal_answers_in_the_hubs_place(line: FaultProxy, certificates: Path, portal: str, words: bytes) -> None:
    line.change(Weather(portal=portal))  # type: ignore[arg-type]
    assert words in call(line, certificates, b"GET / HTTP/1.1\r\n\r\n" + b" " * 500)


def test_a_portal_without_tls_is_no_hub(line: FaultProxy, certificates: Path) -> None:
    line.change(Weather(portal="plain"))
    with pytest.raises(ssl.SSLError):
        call(line, certificates, b"x")
