"""Devices with keys of their own at a hub without a network, and rightly or wrongly made proofs of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

import httpx

from clinic_app.hub.gate import Hub
from clinic_app.keys.assertions import make_assertion
from clinic_app.keys.signing_key import SigningKey
from clinic_app.storage.feed.accounts import Admission
from tests.helpers.asgi import AsgiClient

BY_JWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Device:
    """One enrolled device: its id at the hub and its key."""

    http: AsgiClient
    hub: Hub
    id: str
    key: SigningKey

    def proof(self, now: datetime | None = None, audience: str = "") -> str:
        """Return a fresh proof, rightly made."""
        named = audience or self.hub.accounts.audience
        return make_assertion(self.key, self.id, named, now or self.hub.clock.now())

    def asked(self, proof: str) -> httpx.Response:
        """Return the hub's answer to a proof."""
        form = {"grant_type": "client_credentials", "client_assertion_type": BY_JWT, "client_assertion": proof}
        return self.http.post("/token", content=urlencode(form), headers=FORM)

    def token(self) -> str:
        """Return a fresh token; the hub has to give one."""
        response = self.asked(self.proof())
        assert response.status_code == 200, response.text
        return str(response.json()["access_token"])

    def get(self, path: str, token: str = "") -> httpx.Response:
        """Ask for something under a token; without one, under a fresh one."""
        return self.http.get(path, headers={"Authorization": f"Bearer {token or self.token()}"})


def enrolled(http: AsgiClient, hub: Hub, organization: str = "org-a", name: str = "PC") -> Device:
    """Return a device that came in by a code."""
    code, _ = hub.accounts.devices.new_code(Admission(organization, name))
    key = SigningKey.create()
    response = http.post("/enrol", json={"code": code, "jwk": key.public_jwk})
    assert response.status_code == 200, response.text
    return Device(http, hub, response.json()["device"], key)
