"""Who a hub is, who it lets in by a code, and the short-lived tokens it gives to whoever proves that he has his key.

A token is the hub's own: the device's id and an end, under a MAC of a secret every process of the hub makes from its
key. Whether that device is still let in is looked up with every request, so that a revocation counts at once.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, NotAllowedError
from clinic_app.foundation.texts import Text
from clinic_app.keys.assertions import Prover, check_assertion, checked_jwk
from clinic_app.keys.signing_key import ERASE, RECEIPT, SigningKey, fingerprint, is_mac_of, mac_of, thumbprint
from clinic_app.storage import Store
from clinic_app.storage.feed.accounts import Admitted, FeedAccounts, Note, noted_nowhere
from clinic_app.storage.feed.audit_heads import FeedAuditHeads, Head, Seen
from clinic_app.storage.feed.callers import FeedCallers
from clinic_app.storage.feed.rows import Caller
from clinic_app.storage.kept_secrets import secret_or_make

TOKEN_LIVES: Final = timedelta(minutes=10)
_KEY_NAME: Final = "hub-signing-key"
_MARK: Final = "d1"
_TOKEN: Final = re.compile(r"d1\.([A-Za-z0-9-]{1,64})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})", re.ASCII)


class EraseOrderError(ClinicError):
    """The device is shut out and is to erase its keys.

    Args:
        order: says so, signed by this hub.
    """

    def __init__(self, order: str) -> None:
        super().__init__(Text("This workstation is to erase its data."))
        self.order = order


@dataclass(frozen=True)
class Grant:
    """A token and how many seconds it is good for."""

    token: str
    seconds: int


class Accounts:
    """The accounts of one hub.

    Args:
        store: holds them, and the hub's own key.
        callers: the workstations.
        clock: the time of tokens and proofs.
        name: what the hub is called.
        addresses: under which the hub is reached, without a slash at the end; a SMART client names one in its proofs.
    """

    def __init__(
        self, store: Store, callers: FeedCallers, clock: Clock, name: str = "Dala", addresses: Collection[str] = ()
    ) -> None:
        self.name = name
        self.devices = FeedAccounts(store.database, clock)
        self.heads = FeedAuditHeads(store.database, clock)
        self._callers = callers
        self._clock = clock
        self.key = _own_key(store)
        self.audience = f"urn:dala:hub:{thumbprint(self.key.public_jwk).hex()}"
        """What the hub is called in proofs, whatever its address: by its key."""
        self._addresses = tuple(addresses)
        self._secret = self.key.secret_for("hub tokens")

    @property
    def address(self) -> str:
        """Where the hub is to be reached; empty where nobody said."""
        return self._addresses[0] if self._addresses else ""

    def identity(self) -> dict[str, Any]:
        """Return what the hub tells everybody about itself."""
        jwk = self.key.public_jwk
        return {"name": self.name, "fingerprint": fingerprint(jwk), "audience": self.audience, "jwk": jwk}

    def admit(
        self,
        code: str,
        jwk: object,
        organization_id: str = "",
        note: Note = noted_nowhere,
    ) -> Admitted | None:
        """Let a device in by its code, with its public key; None where the code is not good.

        Args:
            code: as it was read.
            jwk: what the device says is its public key.
            organization_id: the hospital it says it belongs to; empty for none yet.
            note: writes down who came by a code for several computers.

        Raises:
            InvalidInputError: that is no public key.
            ConflictError: the code is for another organisation than the device says; it stays good.
            CodeSpentError: the code is one of several computers and lets nobody in any more.
        """
        prover = checked_jwk(jwk)
        return self.devices.admit(code, prover.algorithm, prover.public_jwk, organization_id, note)

    def grant(self, assertion: str) -> Grant:
        """Return a token for a proof.

        Raises:
            NotAllowedError: it proves nothing, was used before, or comes from a device that is shut out.
            EraseOrderError: that device is also to erase its keys.
        """
        audiences = {self.audience, *(f"{each}/token" for each in self._addresses)}
        proof = check_assertion(assertion, audiences, self._clock.now(), self._prover)
        if not self.devices.take_assertion(proof.device_id, proof.jti, proof.expires_at):
            raise NotAllowedError(Text("This does not prove who asks."))
        device = self.devices.key_of(proof.device_id)
        if device is not None and device.is_revoked:
            if device.erase_because is None or device.revoked_at is None:
                raise NotAllowedError(Text("This workstation is not enrolled at the hub."))
            at = device.revoked_at.isoformat()
            claims = {"kind": ERASE, "device": device.device_id, "at": at, "because": device.erase_because}
            self.devices.note_told(device.device_id)
            raise EraseOrderError(self.key.sign({**claims, "hub": self.name}))
        return self._token_for(proof.device_id)

    def caller(self, token: str) -> Caller | None:
        """Return whose token this is, of either kind; None for one that is not or no longer good."""
        if not token.startswith(f"{_MARK}."):
            return self._callers.caller(token)
        found = _TOKEN.fullmatch(token)
        if found is None:
            return None
        device_id, end, mac = found.groups()
        if not is_mac_of(mac, self._secret, f"{device_id}.{end}") or int(end) <= self._clock.now().timestamp():
            return None
        return self._callers.caller_with_id(device_id)

    def countersign(self, caller: Caller, head: Head, then: Head) -> tuple[Seen, str]:
        """Compare the head of a workstation's trail with what was seen, and return the hub's word on it, signed."""
        seen = self.heads.see(caller, head, then)
        kept = seen.before if seen.verdict == "unknown" else head
        claims = {
            "kind": RECEIPT,
            "device": caller.workstation_id,
            "links": kept.links,
            "head": kept.mac,
            "verdict": seen.verdict,
            "breaks": seen.breaks,
            "at": self._clock.now().isoformat(),
        }
        return seen, self.key.sign(claims)

    def _prover(self, device_id: str) -> Prover | None:
        device = self.devices.key_of(device_id)
        return Prover(device.algorithm, device.public_jwk) if device else None

    def _token_for(self, device_id: str) -> Grant:
        seconds = int(TOKEN_LIVES.total_seconds())
        end = str(int(self._clock.now().timestamp()) + seconds)
        return Grant(f"{_MARK}.{device_id}.{end}.{mac_of(self._secret, f'{device_id}.{end}')}", seconds)


def _own_key(store: Store) -> SigningKey:
    """Return the hub's key; the first time, make it."""
    return SigningKey.from_bytes(secret_or_make(store, _KEY_NAME, lambda: SigningKey.create().to_bytes()))
