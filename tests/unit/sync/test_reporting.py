"""What a workstation tells its hub of itself, and how a trail that was cut is noticed by both."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, func, select

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.texts import Text
from clinic_app.hub.app import build_hub
from clinic_app.hub.gate import Hub
from clinic_app.keys.signing_key import RECEIPT, SigningKey
from clinic_app.storage import Store
from clinic_app.storage.feed.audit_heads import Head
from clinic_app.storage.feed.rows import Caller
from clinic_app.storage.tables import AUDIT_CHAIN
from clinic_app.storage.trail.countersigned import Countersigned, keep_countersigned, kept_countersigned
from clinic_app.storage.trail.rows import standing_of
from clinic_app.storage.trail.tables import AUDIT_LINE
from clinic_app.sync.hub_account import HubAccount
from clinic_app.sync.reporting import EVERY_S, Reporting
from tests.helpers.audit_rows import audit_row
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import opened


class Desk:
    """A hub's half of a report, asked without a network; ``said`` is what came."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.caller = Caller("pc-1", "org-a")
        self.said: list[dict[str, Any]] = []
        self.answer: dict[str, Any] | None = {}
        self.error: LinkError | None = None

    async def report(self, said: bytes) -> dict[str, Any] | None:
        self.said.append(msgspec.json.decode(said))
        if self.error is not None:
            raise self.error
        if self.answer != {}:
            return self.answer
        audit, then = self.said[-1]["audit"], self.said[-1]["then"]
        seen, receipt = self.hub.accounts.countersign(self.caller, Head(**mac(audit)), Head(**mac(then)))
        return {"verdict": seen.verdict, "links": seen.before.links, "receipt": receipt}


def mac(links: dict[str, Any]) -> dict[str, Any]:
    return {"links": links["links"], "mac": links["head"]}


class Place:
    """A workstation, its reports, and seconds that pass when the test says so."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self.store, self.desk = store, desk
        self.now_s = 0.0
        key = desk.hub.accounts.key.public_jwk
        self.account: HubAccount | None = HubAccount("pc-1", b"", "Хаб", key, "urn", NOON)
        self.reporting = self.restarted()

    def restarted(self) -> Reporting:
        return Reporting(self.store, self.desk, self.account, lambda: self.now_s)

    def report(self) -> None:
        self.now_s += EVERY_S
        asyncio.run(self.reporting.run())

    def write(self, events: int) -> None:
        self.store.records.commit([], audit=[audit_row() for _ in range(events)])

    def cut(self, events: int) -> None:
        """Remove the newest events, as somebody with the key might."""
        with self.store.database.writing() as connection:
            last = connection.scalar(select(func.max(AUDIT_CHAIN.c.seq))) or 0
            for table in (AUDIT_CHAIN, AUDIT_LINE):
                connection.execute(delete(table).where(table.c.seq > last - events))

    @property
    def word(self) -> Countersigned:
        word = kept_countersigned(self.store.memory)
        assert word is not None
        return word


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with opened(tmp_path / "hub") as far, opened(tmp_path / "here") as near:
        yield Place(near, Desk(build_hub(far, FixedClock())))


def test_the_hub_is_told_what_waits_and_signs_how_far_the_trail_has_come(place: Place) -> None:
    place.write(4)
    place.report()
    (said,) = place.desk.said
    head, links = place.store.audit.head()
    assert said["audit"] == {"links": links, "head": head} != {"links": 0, "head": ""}
    assert said["program"]
    assert said["waiting"] == place.store.outbox.count()
    assert (place.word.links, place.word.head, place.word.verdict) == (links, head, "whole")
    assert standing_of(place.word, place.store.audit) == "whole"


def test_nothing_new_is_not_told_and_news_wait_a_minute(place: Place) -> None:
    place.write(1)
    place.report()
    place.write(1)
    asyncio.run(place.reporting.run())
    assert len(place.desk.said) == 1
    place.report()
    place.report()
    assert len(place.desk.said) == 2


def test_a_workstation_that_has_lost_the_word_shows_its_trail_where_the_hub_asks(place: Place) -> None:
    place.write(5)
    place.report()
    place.store.memory.put("hub-audit-receipt", b"")
    place.write(5)
    place.report()
    assert [each["then"]["links"] for each in place.desk.said] == [0, 0, 5]
    assert (place.word.verdict, place.word.links) == ("whole", 10)


def test_a_trail_that_was_cut_is_noticed_here_and_there(place: Place) -> None:
    place.write(9)
    place.report()
    place.cut(3)
    assert standing_of(place.word, place.store.audit) == "shorter"
    place.report()
    assert (place.word.verdict, place.word.breaks) == ("shorter", 1)
    assert "pc-1" in place.desk.hub.accounts.heads.breaks()
    place.write(2)
    place.report()
    assert (place.word.verdict, place.word.breaks) == ("whole", 1)


def test_a_trail_that_was_cut_and_grew_again_is_noticed(place: Place) -> None:
    place.write(6)
    place.report()
    place.cut(3)
    place.write(9)
    assert standing_of(place.word, place.store.audit) == "other"
    place.report()
    assert place.word.verdict == "other"


def test_a_hub_that_takes_no_reports_is_asked_once(place: Place) -> None:
    place.desk.answer = None
    place.write(1)
    place.report()
    place.write(1)
    place.report()
    assert len(place.desk.said) == 1


@pytest.mark.parametrize("receipt", [None, 7, "", "a.b.c", "foreign", "another device", "order"])
def test_a_word_that_is_not_the_hubs_is_not_kept(place: Place, receipt: object) -> None:
    key = place.desk.hub.accounts.key
    claims = {"device": "pc-1", "links": 1, "head": "", "verdict": "whole", "breaks": 0, "at": NOON.isoformat()}
    made = {
        "foreign": SigningKey.create().sign({**claims, "kind": RECEIPT}),
        "another device": key.sign({**claims, "kind": RECEIPT, "device": "pc-2"}),
        "order": key.sign({**claims, "kind": "dala-erase"}),
    }
    place.desk.answer = {"verdict": "whole", "receipt": made.get(str(receipt), receipt)}
    place.write(1)
    place.report()
    assert kept_countersigned(place.store.memory) is None


def test_a_static_token_is_told_of_but_has_no_word_to_keep(place: Place) -> None:
    place.account = None
    place.reporting = place.restarted()
    place.write(1)
    place.report()
    assert len(place.desk.said) == 1
    assert kept_countersigned(place.store.memory) is None


def test_a_link_that_breaks_leaves_the_report_for_the_next_time(place: Place) -> None:
    place.write(1)
    place.desk.error = LinkError(Text("The hub cannot be reached."))
    with pytest.raises(LinkError):
        place.report()
    place.desk.error = None
    place.report()
    assert place.word.links == place.store.audit.head()[1]


@pytest.mark.parametrize("links", [None, "5", -1, 1 << 60, 5.5])
def test_a_hub_that_asks_for_nonsense_is_shown_nothing(place: Place, links: object) -> None:
    place.desk.answer = {"verdict": "unknown", "links": links, "receipt": None}
    place.write(1)
    place.report()
    assert [each["then"]["head"] for each in place.desk.said] == ["", ""]


def test_a_word_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    word = Countersigned(3, "ab", "other", 2, NOON)
    with opened(tmp_path) as store:
        assert kept_countersigned(store.memory) is None
        keep_countersigned(store.memory, word)
        assert kept_countersigned(store.memory) == word
        assert standing_of(word, store.audit) == "shorter"
        assert [store.audit.link(place) for place in (-1, 0, 1)] == ["", "", ""]
