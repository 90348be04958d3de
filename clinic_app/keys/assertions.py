"""How a device proves to a hub that it has the key it was let in with: a JWT that lives for minutes and is used once.

The hub takes what our workstations and other SMART backend clients make and nothing else: the one algorithm of that
device, headers without keys or extensions of their own, every claim once and of its right type.

Source: RFC 7523 section 3 (private_key_jwt), HL7 SMART App Launch 2.2, Backend Services; RFC 8725 (best practices).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from clinic_app.foundation.errors import InvalidInputError, NotAllowedError
from clinic_app.foundation.texts import Text
from clinic_app.keys.signing_key import SigningKey

LIVES: Final = timedelta(seconds=120)
"""How long what we make is good; a hub takes up to `LONGEST`."""
LONGEST: Final = timedelta(minutes=5)
AHEAD: Final = timedelta(seconds=60)
"""How far the device's clock may be before ours; it corrects itself by our Date header."""
ALGORITHMS: Final = ("Ed25519", "ES256")
_KINDS: Final = {"OKP": ("Ed25519", "Ed25519", ("kty", "crv", "x")), "EC": ("ES256", "P-256", ("kty", "crv", "x", "y"))}
"""By type of key: algorithm, curve, and the names its public half has (RFC 7518, 8037)."""
LARGEST: Final = 4096
_PART: Final = re.compile(r"[A-Za-z0-9_-]{1,4000}", re.ASCII)
_JTI: Final = re.compile(r"[A-Za-z0-9._~+/=:-]{8,128}", re.ASCII)
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
_HEADER: Final = frozenset({"alg", "kid", "typ"})
_CLAIMS: Final = frozenset({"iss", "sub", "aud", "exp", "iat", "nbf", "jti"})
_NEEDED: Final = frozenset({"iss", "sub", "aud", "exp", "jti"})
_MOST_SECONDS: Final = 1 << 40


@dataclass(frozen=True)
class Prover:
    """Whose proof may be how: the one algorithm and the public key of a device."""

    algorithm: str
    public_jwk: str


@dataclass(frozen=True)
class Assertion:
    """A proof that holds: which device made it, by what name it is never taken again, and until when it would be."""

    device_id: str
    jti: str
    expires_at: datetime


def make_assertion(key: SigningKey, device_id: str, audience: str, now: datetime) -> str:
    """Return a fresh proof.

    Args:
        key: the device's.
        device_id: its id at the hub.
        audience: the hub, as it called itself.
        now: by the hub's clock.
    """
    seconds = int(now.timestamp())
    claims = {
        "iss": device_id,
        "sub": device_id,
        "aud": audience,
        "iat": seconds,
        "exp": seconds + int(LIVES.total_seconds()),
        "jti": secrets.token_urlsafe(24),
    }
    return key.sign(claims, {"kid": device_id, "typ": "JWT"})


def check_assertion(
    assertion: str, audiences: Collection[str], now: datetime, prover_of: Callable[[str], Prover | None]
) -> Assertion:
    """Return what a proof proves, if it does; that it is used only once is the caller's to see to.

    Args:
        assertion: as it came.
        audiences: the names of this hub.
        now: by this hub's clock.
        prover_of: finds the key of a device.

    Raises:
        NotAllowedError: it proves nothing; why is not told.
    """
    parts = assertion.split(".") if len(assertion) <= LARGEST else []
    if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):
        raise _refused()
    device_id = _checked_header(_object(parts[0]))
    claims = _object(parts[1])
    prover = prover_of(device_id)
    if prover is None or _object(parts[0])["alg"] != prover.algorithm or prover.algorithm not in ALGORITHMS:
        raise _refused()
    try:
        jws.deserialize_compact(assertion, imported_key(prover), algorithms=[prover.algorithm])
    except (JoseError, ValueError, TypeError) as error:
        raise _refused() from error
    return _checked_claims(claims, device_id, audiences, now)


def checked_jwk(told: object) -> Prover:
    """Return the public key a device tells of itself, brought into one form, with the algorithm that goes with it.

    Raises:
        InvalidInputError: it is no public key of a kind that is taken, or has a secret part.
    """
    if not isinstance(told, dict) or "d" in told:
        raise _no_key()
    algorithm, curve, names = _KINDS.get(str(told.get("kty")), ("", "", ()))
    jwk = {name: told.get(name) for name in names}
    if not algorithm or jwk["crv"] != curve or not all(isinstance(each, str) for each in jwk.values()):
        raise _no_key()
    prover = Prover(algorithm, json.dumps(jwk, sort_keys=True, separators=(",", ":")))
    try:
        imported_key(prover).as_dict(private=False)
    except (JoseError, ValueError, TypeError) as error:
        raise _no_key() from error
    return prover


def imported_key(prover: Prover) -> OKPKey | ECKey:
    """Return a device's public key for checking its signatures."""
    kind: type[OKPKey | ECKey] = OKPKey if prover.algorithm == "Ed25519" else ECKey
    return kind.import_key(json.loads(prover.public_jwk))


def _checked_header(header: dict[str, Any]) -> str:
    kid = header.get("kid")
    if not {"alg", "kid"} <= header.keys() <= _HEADER or header.get("typ", "JWT") != "JWT":
        raise _refused()
    if not isinstance(kid, str) or not _ID.fullmatch(kid):
        raise _refused()
    return kid


def _checked_claims(claims: dict[str, Any], device_id: str, audiences: Collection[str], now: datetime) -> Assertion:
    if not _NEEDED <= claims.keys() <= _CLAIMS:
        raise _refused()
    jti, audience = claims["jti"], claims["aud"]
    if claims["iss"] != device_id or claims["sub"] != device_id:
        raise _refused()
    if not isinstance(audience, str) or audience not in audiences:
        raise _refused()
    if not isinstance(jti, str) or not _JTI.fullmatch(jti):
        raise _refused()
    expires_at = _moment(claims["exp"])
    if not now < expires_at <= now + LONGEST:
        raise _refused()
    for name in ("iat", "nbf"):
        if name in claims and _moment(claims[name]) > now + AHEAD:
            raise _refused()
    if "iat" in claims and not expires_at - LONGEST <= _moment(claims["iat"]) <= expires_at:
        raise _refused()
    return Assertion(device_id, jti, expires_at)


def _moment(told: object) -> datetime:
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 < told < _MOST_SECONDS:
        raise _refused()
    try:
        return datetime.fromtimestamp(told, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise _refused() from error


def _object(part: str) -> dict[str, Any]:
    """Return the JSON object in one part; one that says the same name twice is none."""
    try:
        body = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        told = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, binascii.Error, RecursionError) as error:
        raise _refused() from error
    if not isinstance(told, dict):
        raise _refused()
    return told


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


def _refused() -> NotAllowedError:
    return NotAllowedError(Text("This does not prove who asks."))


def _no_key() -> InvalidInputError:
    return InvalidInputError(Text("This is no signing key."))
