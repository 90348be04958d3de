"""What a workstation says of itself with every request: its agreement, and the language it wants to be refused in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from clinic_app.foundation.texts import Language
from clinic_app.hub import fhir_write
from clinic_app.hub.app import build_app
from clinic_app.records import Patient
from clinic_app.storage.exchange.exchange import Write
from clinic_app.sync.link import AnswerError, HubLink, HubRefusalError
from clinic_app.sync.profile import PROFILE_HEADER, PROFILE_VERSION
from tests.helpers.clocks import FixedClock
from tests.helpers.hub_clients import RunningHub, running_hub, write_of

BAD = Write("Patient", "p1", b'{"resourceType":"Patient","id":"p1","gender":"xx"}', None)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    with running_hub(tmp_path / "hub") as made:
        yield made


class Listening(httpx.ASGITransport):
    """A line to the hub on which the headers are heard."""

    heard: list[httpx.Headers]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.heard.append(request.headers)
        return await super().handle_async_request(request)


def push(hub: RunningHub, language: Language, *writes: Write) -> tuple[list[httpx.Headers], Exception | None]:
    """Send writes over a real link; return the headers that went, and what was refused."""
    line = Listening(build_app(hub.hub))
    line.heard = []

    async def send() -> Exception | None:
        link = HubLink("http://hub.test", hub.enrol("org-a").token, FixedClock(), line, language=language)
        try:
            await link.push(writes, "key")
        except (HubRefusalError, AnswerError) as error:
            return error
        finally:
            await link.close()
        return None

    return line.heard, asyncio.run(send())


def test_every_request_says_agreement_and_language(hub: RunningHub) -> None:
    headers, refused = push(hub, "kk", write_of(Patient(id="p1")))
    assert refused is None
    assert [each[PROFILE_HEADER] for each in headers] == [str(PROFILE_VERSION)]
    assert [each["Accept-Language"] for each in headers] == ["kk"]


@pytest.mark.parametrize(("language", "words"), [("kk", "рұқсат етілген"), ("ru", "допустимых"), ("en", "none of the")])
def test_the_reason_arrives_in_the_language_of_the_clinic(hub: RunningHub, language: Language, words: str) -> None:
    _, refused = push(hub, language, BAD)
    assert isinstance(refused, HubRefusalError)
    assert refused.status == 422
    assert "xx" in refused.words
    assert words in refused.words


@pytest.mark.parametrize(("version", "words"), [(PROFILE_VERSION + 3, "too old"), (PROFILE_VERSION - 1, "older than")])
def test_another_agreement_is_a_matter_of_waiting_and_nothing_is_set_aside(
    hub: RunningHub, version: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fhir_write, "PROFILE_VERSION", version)
    _, refused = push(hub, "en", write_of(Patient(id="p1")))
    assert isinstance(refused, AnswerError)
    assert words in str(refused)
