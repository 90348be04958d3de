"""Who is let in: the title and the address together, so many at once, and the reason for everybody who is not."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from clinic_app.foundation.texts import Text
from clinic_app.imaging.network import gate as module
from clinic_app.imaging.network.gate import CALLED_OTHERWISE, MOST_CONNECTIONS, MOST_OF_A_STRANGER, Gate, Refused
from clinic_app.imaging.network.peers import Peer
from clinic_app.imaging.network.visits import MOST_STRANGERS, MOST_VISITS, VisitBook, shown
from tests.helpers.clocks import NOON

SEND = frozenset({"send"})
FIXED = Peer("CT", "CT1", "10.0.0.7", uses=SEND)  # type: ignore[arg-type]
ROAMING = Peer("US", "US1", "", uses=SEND)  # type: ignore[arg-type]
NAMED = Peer("MR", "MR1", "mr.hospital", uses=SEND)  # type: ignore[arg-type]
IDLE = Peer("Old", "OLD", "10.0.0.9")
GATE = Gate("DALA", (FIXED, ROAMING, NAMED, IDLE))


@pytest.mark.parametrize(
    ("calling", "called", "host", "peer"),
    [
        ("CT1", "DALA", "10.0.0.7", FIXED),
        (" CT1 ", "DALA ", "10.0.0.7", FIXED),
        ("CT1", "DALA", "10.0.0.8", None),
        ("ct1", "DALA", "10.0.0.7", None),
        ("US1", "DALA", "192.168.1.1", ROAMING),
        ("OLD", "DALA", "10.0.0.9", None),
        ("X", "DALA", "10.0.0.7", None),
    ],
)
def test_a_device_is_its_title_and_its_address(calling: str, called: str, host: str, peer: Peer | None) -> None:
    verdict = GATE.judge(calling, called, host)
    assert (verdict if peer else isinstance(verdict, Refused)) == (peer or True)


def test_who_calls_us_by_another_name_is_told_so_and_is_no_stranger() -> None:
    verdict = GATE.judge("CT1", "PACS", "10.0.0.7")
    assert isinstance(verdict, Refused)
    assert (verdict.diagnostic, verdict.is_stranger) == (CALLED_OTHERWISE, False)
    assert "PACS" in verdict.remark.render("ru")


def test_a_name_is_looked_up_once_and_one_that_cannot_be_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def looked_up(host: str, *_: Any) -> list[Any]:
        asked.append(host)
        if host == "gone":
            raise OSError("no such name")
        return [(0, 0, 0, "", ("10.0.0.20", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    gate = Gate("DALA", (NAMED, Peer("Gone", "GONE", "gone", uses=SEND)))  # type: ignore[arg-type]
    assert gate.judge("MR1", "DALA", "10.0.0.20") is NAMED
    assert isinstance(gate.judge("MR1", "DALA", "10.0.0.21"), Refused)
    assert isinstance(gate.judge("GONE", "DALA", "10.0.0.20"), Refused)
    assert isinstance(gate.judge("GONE", "DALA", "10.0.0.20"), Refused)
    assert asked == ["mr.hospital", "gone"]


def test_a_device_stays_let_in_while_names_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [[(0, 0, 0, "", ("10.0.0.5", 0))]]
    now_s = [1000.0]

    def looked_up(host: str, _port: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        if not answers:
            raise OSError("no answer")
        return answers.pop()

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    monkeypatch.setattr("clinic_app.imaging.network.gate.time.monotonic", lambda: now_s[0])
    peer = Peer("CT", "CT1", "ct.hospital", uses=frozenset({"send"}))
    gate = Gate("DALA", [peer])
    assert gate.judge("CT1", "DALA", "10.0.0.5") == peer
    for _hour in range(3):
        now_s[0] += 3600
        assert gate.judge("CT1", "DALA", "10.0.0.5") == peer
        assert isinstance(gate.judge("CT1", "DALA", "10.0.0.6"), Refused)


def test_a_stranger_has_few_places_and_a_listed_device_many() -> None:
    gate = Gate("DALA", (FIXED,))
    assert [gate.may_connect("10.9.9.9") for _ in range(MOST_OF_A_STRANGER + 1)] == [True] * MOST_OF_A_STRANGER + [
        False
    ]
    assert all(gate.may_connect("10.0.0.7") for _ in range(MOST_CONNECTIONS - MOST_OF_A_STRANGER))
    assert not gate.may_connect("10.0.0.7")
    gate.gone("10.9.9.9")
    assert gate.may_connect("10.0.0.7")
    gate.gone("never here")
    assert not gate.may_connect("10.0.0.7")


def test_the_book_keeps_the_last_visits_and_counts_what_happens_in_them() -> None:
    book = VisitBook()
    for number in range(MOST_VISITS + 5):
        last = book.begin(NOON, f"D{number}", "10.0.0.7", "CT")
    book.note(last, images=2, refused_images=1, questions=1, remark=Text("The file is too large."))
    book.end(last, NOON)
    book.end(last, NOON)
    visits = book.visits()
    assert (len(visits), visits[0].number) == (MOST_VISITS, last)
    assert (visits[0].images, visits[0].refused_images, visits[0].questions) == (2, 1, 1)
    assert visits[0].ended_at == NOON
    book.note(1, images=1)  # gone long ago
    assert book.visits() == visits


def test_each_stranger_stands_once_with_his_last_call() -> None:
    book = VisitBook()
    for number in range(MOST_STRANGERS + 3):
        book.refuse(NOON, f"S{number}", "10.1.1.1", Text("This device is not listed."), is_stranger=True)
    book.refuse(NOON, "S9", "10.1.1.1", Text("This device is not listed."), is_stranger=True)
    strangers = book.strangers()
    assert len(strangers) == MOST_STRANGERS
    assert strangers[0].ae_title == "S9"
    book.refuse(NOON, "CT1", "10.0.0.7", Text("This device is not listed."), is_stranger=False)
    book.forget_stranger("S9", "10.1.1.1")
    assert "S9" not in {each.ae_title for each in book.strangers()}
    assert book.version > MOST_STRANGERS


def test_what_a_stranger_calls_himself_can_be_shown() -> None:
    assert shown("  A\x00\x1bB\n ") == "A��B"
    assert shown("x" * 50) == "x" * 16
    assert module.MOST_OF_A_STRANGER < module.MOST_CONNECTIONS
