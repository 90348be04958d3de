"""Messages packed on the wire: what the hub unpacks, what it refuses to, and how its own answers are packed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import zstandard

from clinic_app.foundation.ids import new_id
from clinic_app.records import Patient
from clinic_app.sync.compression import digest_header
from clinic_app.sync.wire import MAX_MESSAGE_BYTES, encode_transaction
from tests.helpers.hub_clients import HubClient, running_hub, write_of

A = "org-a"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubClient]:
    with running_hub(tmp_path_factory.mktemp("hub")) as made:
        yield made.enrol(A)


def _packed(body: bytes, coding: str) -> bytes:
    return zstandard.ZstdCompressor().compress(body) if coding == "zstd" else gzip.compress(body, mtime=0)


def _post(client: HubClient, body: bytes, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.http.post("/", content=body, headers={**client.headers, **named})


def _issue(response: httpx.Response) -> str:
    return str(json.loads(response.content)["issue"][0]["code"])


def _patients(client: HubClient, count: int) -> None:
    for _ in range(count):
        client.put(Patient(id=new_id()))


@pytest.mark.parametrize("coding", ["zstd", "gzip", "x-gzip", "GZIP", " zstd "])
def test_a_packed_transaction_is_unpacked_and_stored(client: HubClient, coding: str) -> None:
    patient = Patient(id=new_id())
    body = _packed(encode_transaction([write_of(patient)]), "zstd" if "zstd" in coding else "gzip")
    assert _post(client, body, Content_Encoding=coding, Content_Digest=digest_header(body)).status_code == 200
    read = client.http.get(f"/Patient/{patient.id}", headers=client.headers)
    assert read.json()["id"] == patient.id


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
def test_a_bomb_is_refused_before_it_is_unpacked(client: HubClient, coding: str) -> None:
    body = _packed(bytes(200 << 20), coding)
    assert len(body) < MAX_MESSAGE_BYTES
    assert _post(client, body, Content_Encoding=coding).status_code == 413


def test_a_message_as_large_as_may_be_is_unpacked_and_one_byte_more_is_not(client: HubClient) -> None:
    most = b" " * MAX_MESSAGE_BYTES
    assert _post(client, _packed(most, "zstd"), Content_Encoding="zstd").status_code == 422
    assert _post(client, _packed(most + b" ", "zstd"), Content_Encoding="zstd").status_code == 413


def test_a_window_larger_than_any_message_is_not_reserved(client: HubClient) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = packer.compress(b" " * 1000) + packer.flush()
    assert _post(client, body, Content_Encoding="zstd").status_code == 400


@pytest.mark.parametrize(
    "body", [b"x", b"", b"\x28\xb5\x2f\xfd", b"\x1f\x8b\x08", gzip.compress(b"{}", mtime=0) + b"more"]
)
@pytest.mark.parametrize("coding", ["zstd", "gzip"])
def test_what_is_not_packed_as_it_says_is_refused(client: HubClient, coding: str, body: bytes) -> None:
    response = _post(client, body, Content_Encoding=coding)
    assert response.status_code in (400, 422)


@pytest.mark.parametrize("coding", ["br", "deflate", "identity, gzip", "zstd, zstd", "é"])
def test_a_coding_the_hub_does_not_know_is_told_which_it_knows(client: HubClient, coding: str) -> None:
    headers: Any = {**client.headers, "Content-Encoding": coding.encode("latin-1")}
    response = client.http.post("/", content=b"x", headers=headers)
    assert response.status_code == 415
    assert response.headers["accept-encoding"] == "zstd, gzip"


@pytest.mark.parametrize("coding", ["zstd", "gzip", "identity"])
def test_a_bit_that_turned_over_on_the_way_is_to_be_sent_again(client: HubClient, coding: str) -> None:
    patient = Patient(id=new_id(), birth_date="1964-03-05")
    plain = encode_transaction([write_of(patient)])
    body = bytearray(plain if coding == "identity" else _packed(plain, coding))
    digest = digest_header(bytes(body))
    body[plain.index(b"1964") if coding == "identity" else len(body) // 2] ^= 1
    response = _post(client, bytes(body), Content_Encoding=coding, Content_Digest=digest)
    assert (response.status_code, _issue(response)) == (400, "transient")
    assert client.http.get(f"/Patient/{patient.id}", headers=client.headers).status_code == 404


@pytest.mark.parametrize("digest", ["", "md5=:AAAA:", "sha-256=nonsense", "x" * 10_000])
def test_a_digest_of_another_kind_says_nothing(client: HubClient, digest: str) -> None:
    assert _post(client, encode_transaction([write_of(Patient(id=new_id()))]), Content_Digest=digest).status_code == 200


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
def test_a_page_is_packed_as_the_caller_asked_and_carries_its_digest(client: HubClient, coding: str) -> None:
    _patients(client, 3)
    headers = {**client.headers, "Accept-Encoding": coding}
    with_own = client.http.get("/$changes?own=true", headers=headers)
    plain = client.http.get("/$changes?own=true", headers={**client.headers, "Accept-Encoding": "identity"})
    assert with_own.headers["content-encoding"] == coding
    assert with_own.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in plain.headers
    assert with_own.json()["entry"] == plain.json()["entry"]
    assert int(with_own.headers["content-length"]) < int(plain.headers["content-length"])


def test_the_digest_is_that_of_the_bytes_on_the_wire(client: HubClient) -> None:
    _patients(client, 1)
    answer = client.http.get("/$changes?own=true", headers={**client.headers, "Accept-Encoding": "identity"})
    assert answer.headers["content-digest"] == digest_header(answer.content)
    assert answer.content.startswith(b"{")


@pytest.mark.parametrize("asked", ["zstd;q=0, gzip;q=0.000", "br", "", ",,,;q", "zstd;q=2"])
def test_who_takes_neither_gets_it_as_it_is(client: HubClient, asked: str) -> None:
    answer = client.http.get("/metadata", headers={"Accept-Encoding": asked})
    assert "content-encoding" not in answer.headers
    assert answer.json()["resourceType"] == "CapabilityStatement"


def test_a_short_refusal_is_not_packed_and_says_what_the_hub_takes(client: HubClient) -> None:
    answer = client.http.get("/Patient/nobody", headers={**client.headers, "Accept-Encoding": "zstd"})
    assert (answer.status_code, answer.headers["accept-encoding"]) == (404, "zstd, gzip")


def test_contents_are_streamed_as_they_are(client: HubClient) -> None:
    data = bytes(100_000)
    sha256 = client.upload(data)
    client.put(_pointing_to(sha256))
    answer = client.http.get(f"/blob/{sha256}", headers={**client.headers, "Accept-Encoding": "zstd"})
    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers
    assert answer.content == data


def _pointing_to(sha256: str) -> Patient:
    from clinic_app.records import Extension
    from clinic_app.terminology.systems import CONTENT_SHA256

    return Patient(id=new_id(), extension=(Extension(url=CONTENT_SHA256, value_string=sha256),))


def test_gzip_of_several_parts_is_not_unpacked_past_the_first(client: HubClient) -> None:
    body = gzip.compress(encode_transaction([write_of(Patient(id=new_id()))]))
    assert _post(client, body + body, Content_Encoding="gzip").status_code == 400
