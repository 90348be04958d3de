"""What proves a device, and everything that looks like it and does not: each of it is refused."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey

from clinic_app.foundation.errors import InvalidInputError, NotAllowedError
from clinic_app.keys.assertions import Prover, check_assertion, checked_jwk, imported_key, make_assertion
from clinic_app.keys.signing_key import SigningKey

NOW: Final = datetime(2026, 3, 5, 7, tzinfo=UTC)
SECONDS: Final = int(NOW.timestamp())
HUB, DEVICE, OTHER = "urn:dala:hub:17", "device-1", "device-2"
KEY: Final = SigningKey.create()
OTHERS_KEY: Final = SigningKey.create()
CURVE_KEY: Final = ECKey.generate_key("P-256")
PROVERS: Final = {
    DEVICE: Prover("Ed25519", json.dumps(KEY.public_jwk)),
    OTHER: Prover("Ed25519", json.dumps(OTHERS_KEY.public_jwk)),
    "curve": Prover("ES256", json.dumps(CURVE_KEY.as_dict(private=False))),
}
HEADER: Final = {"alg": "Ed25519", "kid": DEVICE, "typ": "JWT"}
CLAIMS: Final = {
    "iss": DEVICE,
    "sub": DEVICE,
    "aud": HUB,
    "iat": SECONDS,
    "exp": SECONDS + 120,
    "jti": "0123456789abcdef",
}


def encoded(part: object) -> str:
    """Return one part of a JWT."""
    body = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(body).decode().rstrip("=")


def signed(header: object = HEADER, claims: object = CLAIMS, key: SigningKey = KEY) -> str:
    """Return any header and claims under a signature that is right over exactly these bytes."""
    start = f"{encoded(header)}.{encoded(claims)}"
    signature = key._key.private_key.sign(start.encode())
    return f"{start}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def with_claims(**changed: object) -> str:
    """Return a rightly signed assertion with other claims; None leaves one out."""
    claims = {name: value for name, value in {**CLAIMS, **changed}.items() if value is not None}
    return signed(claims=claims)


def with_header(**changed: object) -> str:
    """Return a rightly signed assertion with another header; None leaves a name out."""
    return signed({name: value for name, value in {**HEADER, **changed}.items() if value is not None})


def under_hmac(secret: bytes, algorithm: str = "HS256") -> str:
    """Return an assertion under a MAC, as an attacker makes it who has only the public key."""
    start = f"{encoded({**HEADER, 'alg': algorithm})}.{encoded(CLAIMS)}"
    mac = hmac.digest(secret, start.encode(), "sha256")
    return f"{start}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def curve_signed(algorithm: str = "ES256", **changed: object) -> str:
    """Return an assertion of the device that has a key on a NIST curve."""
    claims = {**CLAIMS, "iss": "curve", "sub": "curve", **changed}
    header = {"alg": algorithm, "kid": "curve", "typ": "JWT"}
    return jws.serialize_compact(header, json.dumps(claims).encode(), CURVE_KEY, algorithms=["ES256"])


def check(assertion: str, now: datetime = NOW) -> Any:
    return check_assertion(assertion, {HUB, "https://hub.med.kz/token"}, now, PROVERS.get)


def public_bytes(encoding: Encoding, form: PublicFormat) -> bytes:
    """Return the device's public key as an attacker may try it for a secret."""
    key: bytes = KEY._key.public_key.public_bytes(encoding, form)
    return key


GOOD = signed()
START = GOOD.rpartition(".")[0]
TWICE = b'{"iss":"device-1","sub":"device-1","aud":"urn:dala:hub:17","exp":%d,"exp":%d,"jti":"0123456789"}'
CORPUS: Final[dict[str, Callable[[], str]]] = {
    "alg none": lambda: f"{encoded({**HEADER, 'alg': 'none'})}.{encoded(CLAIMS)}.",
    "alg none with a signature": lambda: with_header(alg="none"),
    "alg None": lambda: with_header(alg="None"),
    "alg nOnE": lambda: f"{encoded({**HEADER, 'alg': 'nOnE'})}.{encoded(CLAIMS)}.AA",
    "no alg": lambda: with_header(alg=None),
    "alg null": lambda: signed(json.dumps({**HEADER, "alg": None}).encode()),
    "alg a list": lambda: with_header(alg=["Ed25519"]),
    "alg EdDSA, another name": lambda: with_header(alg="EdDSA"),
    "alg of another kind": lambda: with_header(alg="ES256"),
    "alg RS256": lambda: with_header(alg="RS256"),
    "HS256 with the public key": lambda: under_hmac(public_bytes(Encoding.Raw, PublicFormat.Raw)),
    "HS256 with the public key as PEM": lambda: under_hmac(
        public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    ),
    "HS256 with the public key as JWK": lambda: under_hmac(PROVERS[DEVICE].public_jwk.encode()),
    "HS256 with nothing": lambda: under_hmac(b""),
    "a MAC under the right alg": lambda: under_hmac(public_bytes(Encoding.Raw, PublicFormat.Raw), "Ed25519"),
    "ES256 under the other algorithm's name": lambda: ".".join(
        (encoded({**HEADER, "kid": "curve"}), *curve_signed().split(".")[1:])
    ),
    "no signature": lambda: f"{START}.",
    "signature of zeros": lambda: f"{START}.{encoded(bytes(64))}",
    "another's signature": lambda: signed(key=OTHERS_KEY),
    "claims changed after signing": lambda: (
        f"{encoded(HEADER)}.{encoded({**CLAIMS, 'jti': 'x' * 16})}." + GOOD.rpartition(".")[2]
    ),
    "kid of another": lambda: with_header(kid=OTHER),
    "kid of nobody": lambda: with_header(kid="device-3"),
    "no kid": lambda: with_header(kid=None),
    "kid a path": lambda: with_header(kid="../../device-1"),
    "kid with SQL": lambda: with_header(kid="device-1' OR '1'='1"),
    "kid a number": lambda: with_header(kid=1),
    "kid an object": lambda: with_header(kid={"id": DEVICE}),
    "jwk in the header": lambda: signed({**HEADER, "jwk": OTHERS_KEY.public_jwk}, key=OTHERS_KEY),
    "own jwk in the header": lambda: with_header(jwk=KEY.public_jwk),
    "jku": lambda: with_header(jku="https://evil.example/keys"),
    "x5u": lambda: with_header(x5u="https://evil.example/chain"),
    "x5c": lambda: with_header(x5c=["MIIB"]),
    "x5t": lambda: with_header(x5t="AAAA"),
    "crit unknown": lambda: with_header(crit=["exp"], exp=SECONDS),
    "crit empty": lambda: with_header(crit=[]),
    "b64 false": lambda: with_header(b64=False, crit=["b64"]),
    "zip": lambda: with_header(zip="DEF"),
    "cty JWT, one in another": lambda: signed({**HEADER, "cty": "JWT"}, GOOD.encode()),
    "one in another without saying so": lambda: signed(claims=GOOD.encode()),
    "typ of another purpose": lambda: with_header(typ="at+jwt"),
    "typ null": lambda: signed(json.dumps({**HEADER, "typ": None}).encode()),
    "alg twice": lambda: signed(b'{"alg":"none","alg":"Ed25519","kid":"device-1"}'),
    "kid twice": lambda: signed(b'{"alg":"Ed25519","kid":"device-2","kid":"device-1"}'),
    "exp twice": lambda: signed(claims=TWICE % (SECONDS + 9_999_999, SECONDS + 60)),
    "wrong aud": lambda: with_claims(aud="https://evil.example/token"),
    "aud of the hub without its path": lambda: with_claims(aud="https://hub.med.kz"),
    "aud with a slash more": lambda: with_claims(aud="https://hub.med.kz/token/"),
    "aud in capitals": lambda: with_claims(aud=HUB.upper()),
    "aud a list with ours": lambda: with_claims(aud=[HUB, "https://evil.example/token"]),
    "aud a list of ours": lambda: with_claims(aud=[HUB]),
    "aud empty": lambda: with_claims(aud=""),
    "no aud": lambda: with_claims(aud=None),
    "wrong iss": lambda: with_claims(iss=OTHER),
    "wrong sub": lambda: with_claims(sub=OTHER),
    "iss and sub of another": lambda: with_claims(iss=OTHER, sub=OTHER),
    "no iss": lambda: with_claims(iss=None),
    "no sub": lambda: with_claims(sub=None),
    "expired": lambda: with_claims(exp=SECONDS - 1),
    "expires this second": lambda: with_claims(exp=SECONDS),
    "expired yesterday": lambda: with_claims(exp=SECONDS - 86_400, iat=SECONDS - 86_500),
    "lives too long": lambda: with_claims(exp=SECONDS + 301),
    "lives for ever": lambda: with_claims(exp=1 << 39),
    "no exp": lambda: with_claims(exp=None),
    "exp words": lambda: with_claims(exp=str(SECONDS + 60)),
    "exp true": lambda: with_claims(exp=True),
    "exp huge": lambda: with_claims(exp=10**300),
    "exp not a number": lambda: signed(claims=json.dumps({**CLAIMS, "exp": float("nan")}).encode()),
    "exp infinite": lambda: signed(claims=json.dumps({**CLAIMS, "exp": float("inf")}).encode()),
    "exp too great for a float": lambda: signed(
        claims=json.dumps(CLAIMS).replace(str(SECONDS + 120), "1e999").encode()
    ),
    "exp negative": lambda: with_claims(exp=-SECONDS),
    "not yet": lambda: with_claims(nbf=SECONDS + 61),
    "nbf words": lambda: with_claims(nbf="now"),
    "issued in the future": lambda: with_claims(iat=SECONDS + 61),
    "issued long ago": lambda: with_claims(iat=SECONDS - 181),
    "issued after it expires": lambda: with_claims(iat=SECONDS + 50, exp=SECONDS + 40),
    "no jti": lambda: with_claims(jti=None),
    "jti empty": lambda: with_claims(jti=""),
    "jti short": lambda: with_claims(jti="1234567"),
    "jti a number": lambda: with_claims(jti=12345678),
    "jti long": lambda: with_claims(jti="a" * 129),
    "jti with a NUL": lambda: with_claims(jti="01234567\x00"),
    "a claim nobody knows": lambda: with_claims(scope="system/*.*"),
    "cnf": lambda: with_claims(cnf={"jwk": OTHERS_KEY.public_jwk}),
    "claims a list": lambda: signed(claims=[CLAIMS]),
    "claims a word": lambda: signed(claims="device-1"),
    "claims no JSON": lambda: signed(claims=b"{"),
    "claims in UTF-16": lambda: signed(claims=json.dumps(CLAIMS).encode("utf-16")),
    "claims with a mark in front": lambda: signed(claims=b"\xef\xbb\xbf" + json.dumps(CLAIMS).encode()),
    "header a list": lambda: signed(header=[HEADER]),
    "nested deeply": lambda: signed(claims=b"[" * 2800),
    "header nested deeply": lambda: signed(header=b'{"alg":' * 390),
    "huge": lambda: with_claims(jti="a" * 1_000_000),
    "huge in dots": lambda: "." * 1_000_000,
    "a number of thousands of digits": lambda: signed(claims=b'{"exp":' + b"9" * 2900 + b"}"),
    "empty": lambda: "",
    "dots": lambda: "..",
    "two parts": lambda: START,
    "five parts, encrypted": lambda: f"{GOOD}.AA.AA",
    "spaces around": lambda: f" {GOOD} ",
    "a line end": lambda: f"{GOOD}\n",
    "padding": lambda: f"{START}=.{GOOD.rpartition('.')[2]}",
    "plain base64 instead": lambda: GOOD.replace("-", "+").replace("_", "/") + "+",
    "JSON serialization": lambda: json.dumps({"payload": encoded(CLAIMS), "signatures": []}),
    "letters of no alphabet": lambda: "қ.қ.қ",
}


@pytest.mark.parametrize("name", CORPUS)
def test_what_does_not_prove_who_asks_is_refused(name: str) -> None:
    with pytest.raises(NotAllowedError, match="does not prove"):
        check(CORPUS[name]())


@pytest.mark.parametrize(
    "assertion",
    [
        GOOD,
        make_assertion(KEY, DEVICE, HUB, NOW),
        with_header(typ=None),
        with_claims(aud="https://hub.med.kz/token"),
        with_claims(iat=None),
        with_claims(nbf=SECONDS),
        with_claims(exp=SECONDS + 300, iat=SECONDS),
        with_claims(exp=SECONDS + 1.5),
        with_claims(iat=SECONDS + 59),
    ],
)
def test_what_our_devices_and_other_smart_clients_make_is_taken(assertion: str) -> None:
    assert check(assertion).device_id == DEVICE


def test_a_device_with_a_key_on_a_nist_curve_is_known_by_that() -> None:
    assert check(curve_signed()).device_id == "curve"
    with pytest.raises(NotAllowedError):
        check(curve_signed(aud="elsewhere"))


def test_the_answer_says_what_must_not_come_again() -> None:
    assertion = check(GOOD)
    assert (assertion.jti, assertion.expires_at) == (CLAIMS["jti"], NOW + timedelta(seconds=120))
    made = {check(make_assertion(KEY, DEVICE, HUB, NOW)).jti for _ in range(20)}
    assert len(made) == 20


@pytest.mark.parametrize("late_s", [0, 119])
def test_it_is_good_until_it_expires(late_s: int) -> None:
    assert check(GOOD, NOW + timedelta(seconds=late_s)).device_id == DEVICE
    with pytest.raises(NotAllowedError):
        check(GOOD, NOW + timedelta(seconds=120))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_changed_letter_gets_through(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(GOOD) - 2))  # the last letter of a base64 word has bits nobody reads
    letter = data.draw(st.sampled_from("AZaz09-_.=+/ \n\x00қ"))
    if GOOD[place] != letter:
        with pytest.raises(NotAllowedError):
            check(GOOD[:place] + letter + GOOD[place + 1 :])


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: f"{encoded(b)}.{encoded(b)}.{encoded(b)}"))
def test_nothing_a_stranger_sends_is_more_than_refused(sent: str) -> None:
    with pytest.raises(NotAllowedError):
        check(sent)


@pytest.mark.parametrize("key", [SigningKey.create().public_jwk, ECKey.generate_key("P-256").as_dict(private=False)])
def test_a_public_key_comes_back_in_one_form(key: dict[str, str]) -> None:
    told = {**key, "kid": "mine", "use": "sig"}
    prover = checked_jwk(told)
    assert prover == checked_jwk(dict(reversed(told.items())))
    assert imported_key(prover).as_dict(private=False)["x"] == key["x"]


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {},
        "key",
        {"kty": "oct", "k": "AAAA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {**KEY.public_jwk, "crv": "X25519"},
        {**KEY.public_jwk, "crv": "Ed448"},
        {**KEY.public_jwk, "x": "AAAA"},
        {**KEY.public_jwk, "x": 7},
        {**KEY.public_jwk, "x": "қ" * 43},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": ["OKP"], "crv": "Ed25519", "x": "AAAA"},
        OKPKey.generate_key("Ed25519").as_dict(private=True),
        ECKey.generate_key("P-384").as_dict(private=False),
        {**ECKey.generate_key("P-256").as_dict(private=False), "y": "AAAA"},
    ],
)
def test_what_is_no_public_key_of_a_kind_we_take_is_refused(told: object) -> None:
    with pytest.raises(InvalidInputError, match="no signing key"):
        checked_jwk(told)
