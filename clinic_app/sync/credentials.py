"""What a node shows its hub with every request: the value of the Authorization header (RFC 6750).

A link asks for it before each request and tells when the hub refused it, so that what is short-lived is fetched anew.
"""

from __future__ import annotations

from typing import Protocol

import httpx

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.texts import Text


class UnknownNodeError(LinkError):
    """The hub does not let this node in, or no longer."""

    def __init__(self) -> None:
        super().__init__(Text("The hub does not know this workstation; it has to be enrolled again."))


class Credentials(Protocol):
    """How one node proves to one hub who it is."""

    async def header(self, client: httpx.AsyncClient) -> str:
        """Return what the Authorization header says from now on; may ask the hub for it.

        Args:
            client: talks to the hub, and sends no Authorization by itself.

        Raises:
            LinkError: the hub cannot be reached, or does not give what is needed.
        """
        ...

    def refused(self) -> None:
        """Take note that the hub did not know the last header (401)."""
        ...


class StaticToken:
    """A token that was given to a workstation when it was enrolled and stays the same.

    Args:
        token: as `clinic_app.hub` printed it.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    async def header(self, client: httpx.AsyncClient) -> str:  # noqa: ARG002 - it asks nobody
        """Return the token as a bearer."""
        return f"Bearer {self._token}"

    def refused(self) -> None:
        """Stay as it is: there is no other token."""


def credentials_of(shown: Credentials | str) -> Credentials:
    """Return credentials; a word alone is a static token."""
    return StaticToken(shown) if isinstance(shown, str) else shown
