"""A token and records are sent over TLS or to this very computer; to any other address not one byte goes."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.texts import LANGUAGES
from clinic_app.sync.link import HubLink, is_private

PRIVATE = (
    "https://hub.med.kz",
    "https://10.0.0.5:8443/dala",
    "https://[2001:db8::1]:8443",
    "http://127.0.0.1:8080",
    "http://[::1]:8080",
    "http://localhost:8080",
)
OPEN = (
    "",
    "nonsense",
    "http://hub.med.kz",
    "http://10.0.0.5:8443",
    "http://127.0.0.1.evil.org",
    "http://localhost.evil.org",
    "https://user:secret@hub.med.kz",
    "http://user@127.0.0.1",
    "https://",
    "hub.med.kz",
    "ftp://127.0.0.1",
    "file:///etc/passwd",
    "http://[::1",
    "https://hub:99999",
    "//127.0.0.1",
    'https://hub"; x = "1',
    "https://hub\\",
    "https://hub\nx = 1",
    "https://hub med.kz",
)


@pytest.mark.parametrize("address", PRIVATE)
def test_over_tls_and_within_this_computer_it_is_private(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize("address", OPEN)
def test_everywhere_else_it_is_not(address: str) -> None:
    assert not is_private(address)


@given(st.text(max_size=40))
def test_any_address_has_an_answer(address: str) -> None:
    assert not is_private(f"http://hub.example/{address}")
    assert isinstance(is_private(address), bool)


def test_nothing_is_sent_to_an_open_address() -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:
        listener.settimeout(0.2)
        port = listener.getsockname()[1]

        async def ask() -> None:
            link = HubLink(f"http://0.0.0.0:{port}", "secret-token", SystemClock())
            try:
                await link.changes("")
            finally:
                await link.close()

        with pytest.raises(LinkError, match="https://") as refusal:
            asyncio.run(ask())
        assert all("https://" in refusal.value.text.render(language) for language in LANGUAGES)
        accepted = None
        with suppress(TimeoutError):
            accepted, _ = listener.accept()
            accepted.close()
        assert accepted is None, "somebody was called"
