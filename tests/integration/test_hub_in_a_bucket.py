"""A hub as a process with its contents in a running S3-compatible store: handed in, restarted, read, and swept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from clinic_app.records import Attachment, DocumentReference, DocumentReferenceContent
from clinic_app.records.datatypes import SHA256_URN
from clinic_app.sync.wire import encode_transaction
from tests.helpers.bucket import BUCKET, ENVIRONMENT, Bucket, running_bucket
from tests.helpers.hub_clients import write_of
from tests.helpers.hub_process import HubProcess

DATA = bytes(range(256)) * 700
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with running_bucket() as made:
        yield made


def hand_in(hub: HubProcess, token: str) -> None:
    """Send a content in two pieces, and a record that points to it."""
    own = {"Authorization": f"Bearer {token}"}
    httpx.post(f"{hub.url}/blob/{SHA}", headers={**own, "Upload-Length": str(len(DATA))})
    for start, end in ((0, 70_000), (70_000, len(DATA))):
        moved = {**own, "Upload-Offset": str(start)}
        assert httpx.patch(f"{hub.url}/blob/{SHA}", content=DATA[start:end], headers=moved).status_code == 204
    attachment = Attachment(content_type="image/png", url=SHA256_URN + SHA, size=len(DATA))
    content = (DocumentReferenceContent(attachment=attachment),)
    record = DocumentReference(id="picture", status="current", content=content)
    said = httpx.post(f"{hub.url}/", content=encode_transaction([write_of(record)]), headers=own)
    assert said.status_code == 200, said.text


def test_contents_lie_in_the_bucket_and_are_read_from_any_byte_after_a_restart(bucket: Bucket, tmp_path: Path) -> None:
    place = ("--content", f"s3://{BUCKET}/hub-1", "--s3-endpoint", bucket.url)
    hub = HubProcess(tmp_path / "hub", options=place)
    token = hub.enrol("org-a", "Reception")
    with hub:
        hand_in(hub, token)
        hub.stop()
        hub.start()
        own = {"Authorization": f"Bearer {token}", "Range": "bytes=69990-"}
        answer = httpx.get(f"{hub.url}/blob/{SHA}", headers=own)
        assert (answer.status_code, answer.content) == (206, DATA[69_990:])
        assert hub.say("sweep-contents", *place).strip() == "removed: 0"
    assert len(bucket.objects()) == 2
    assert not list((tmp_path / "hub" / "blobs").glob("??/*"))
