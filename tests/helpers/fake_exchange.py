"""An exchange in memory: what waits, questions and refusals are what a test puts there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from clinic_app.access import Session
from clinic_app.foundation.errors import ClinicError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.sync import ContentOnWay, Difference, ExchangeSummary, JoinedRecord, Question, Side, WaitingItem
from tests.helpers.clocks import NOON

NAME = "Әлібекқызы Гүлнұр"


def item(seq: int, **changed: object) -> WaitingItem:
    """Return a patient's card that waits."""
    plain = WaitingItem(seq, "Patient", Text("Patient's card"), NAME, "records", 1400, NOON - timedelta(minutes=seq))
    return replace(plain, **changed)  # type: ignore[arg-type]


def content(place: int, **changed: object) -> ContentOnWay:
    """Return a picture of which a quarter has gone up."""
    plain = ContentOnWay(f"{place:064x}", "up", "images", 4_000_000, 1_000_000, "queued")
    return replace(plain, **changed)  # type: ignore[arg-type]


def question(seq: int, **changed: object) -> Question:
    """Return a question about a birth date and a telephone; ours is the later answer."""
    birth = Difference("birthDate", Text("Birth date"), ("05.03.1964",), ("03.05.1964",), True)
    telephone = Difference("telecom", Text("Telephone and post"), ("+7 701 111",), (), False)
    plain = Question(
        seq, "Patient", f"p{seq}", Text("Patient's card"), f"p{seq}", NAME, NOON, NOON - timedelta(days=2), "1",
        (birth, telephone), "mine", ("05.03.1964", "640305400123"),
    )  # fmt: skip
    return replace(plain, **changed)  # type: ignore[arg-type]


class FakeExchange:
    """Answers as the real one does; ``settlements`` and ``tries`` are what people did."""

    def __init__(self) -> None:
        self.items: list[WaitingItem] = []
        self.parts: list[ContentOnWay] = []
        self.questions: list[Question] = []
        self.joinings: list[JoinedRecord] = []
        self.told = ExchangeSummary(has_hub=True, last_contact_at=NOON)
        self.settlements: list[tuple[int, dict[str, Side]]] = []
        self.tries: list[object] = []
        self.hastened: list[object] = []
        self.refusal: ClinicError | None = None

    def summary(self, session: Session) -> ExchangeSummary:
        session.require("read", "Device")
        refused = [each.state for each in (*self.items, *self.parts)]
        return replace(
            self.told,
            items=sum(each.count for each in self.items if each.state == "queued"),
            contents=sum(each.state == "queued" for each in self.parts),
            bytes_waiting=sum(each.size_bytes for each in self.items)
            + sum(each.size_bytes - each.offset_bytes for each in self.parts),
            set_aside=refused.count("quarantined") + refused.count("failed"),
            questions=len(self.questions),
        )

    def waiting(self, session: Session) -> tuple[WaitingItem, ...]:
        return tuple(self.items)

    def contents(self, session: Session) -> tuple[ContentOnWay, ...]:
        return tuple(self.parts)

    def joined(self, session: Session) -> tuple[JoinedRecord, ...]:
        return tuple(self.joinings)

    def conflicts(self, session: Session) -> tuple[Question, ...]:
        return tuple(self.questions)

    def retry(self, session: Session, item: WaitingItem | ContentOnWay) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.tries.append(item)
        self.items = [replace(each, state="queued") if each is item else each for each in self.items]
        self.parts = [replace(each, state="queued") if each is item else each for each in self.parts]

    def send_first(self, session: Session, item: WaitingItem | ContentOnWay) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.hastened.append(item)
        self.items = [replace(each, is_first=True) if each is item else each for each in self.items]

    def settle(self, session: Session, question: Question, chosen: Mapping[str, Side]) -> None:
        if self.refusal is not None:
            raise self.refusal
        if question.seq not in [each.seq for each in self.questions]:
            raise NotFoundError(Text("This conflict is settled already."))
        self.settlements.append((question.seq, dict(chosen)))
        self.questions = [each for each in self.questions if each.seq != question.seq]
