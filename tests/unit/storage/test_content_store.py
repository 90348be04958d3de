"""The folder and the bucket keep the same promises; nothing that leaves for the bucket can be read there."""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clinic_app.foundation.errors import DamagedError, InvalidInputError, NotFoundError, StorageError
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.content_place import contents_of, sweep_contents
from clinic_app.storage import BlobStore, Store
from clinic_app.storage.contents.content_store import ContentStore
from clinic_app.storage.contents.content_store_s3 import S3Contents, open_bucket
from tests.helpers.asgi import AsgiClient
from tests.helpers.bucket import BUCKET, ENVIRONMENT, Bucket, running_bucket
from tests.helpers.clocks import FixedClock
from tests.helpers.hub_clients import HubClient
from tests.helpers.stores import KEY, opened

DATA = b"\0" * 128 + "DICM Қасымов".encode() + bytes(range(256)) * 600
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def environment() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    yield
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture(scope="module", autouse=True)
def standing(environment: None) -> Iterator[Bucket]:
    with running_bucket() as made:
        yield made


@pytest.fixture
def bucket(standing: Bucket) -> Bucket:
    standing.clear()
    return standing


@pytest.fixture
def s3(bucket: Bucket) -> S3Contents:
    return open_bucket(f"s3://{BUCKET}/dala", bucket.url, KEY)


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> ContentStore:
    if request.param == "folder":
        return BlobStore(tmp_path / "blobs", KEY)
    made: S3Contents = request.getfixturevalue("s3")
    return made


@pytest.mark.parametrize("data", [b"", b"x", b"y" * 65_536, DATA])
def test_a_content_comes_back_as_it_was(place: ContentStore, data: bytes) -> None:
    sha256 = place.put(data)
    assert sha256 == hashlib.sha256(data).hexdigest()
    assert place.put(data) == sha256
    assert place.read(sha256) == data


@pytest.mark.parametrize("sha256", ["ab" * 32, "", "../../etc/passwd", "AB" * 32])
def test_what_nobody_put_is_not_found(place: ContentStore, sha256: str) -> None:
    with pytest.raises(NotFoundError):
        place.read(sha256)


def test_who_runs_the_bucket_learns_neither_words_nor_names(s3: S3Contents, bucket: Bucket) -> None:
    s3.put(DATA)
    ((name, sealed),) = bucket.objects().items()
    assert name.startswith("dala/")
    assert SHA not in name
    assert b"DICM" not in sealed
    assert "Қасымов".encode() not in sealed


@pytest.mark.parametrize(
    "change", [lambda b: b[:-1], lambda b: b"", lambda b: b[:500] + b"\xff" + b[501:], bytes.upper]
)
def test_an_object_somebody_changed_is_noticed(s3: S3Contents, bucket: Bucket, change: object) -> None:
    s3.put(DATA)
    ((name, sealed),) = bucket.objects().items()
    assert callable(change)
    bucket.client.put_object(Bucket=BUCKET, Key=name, Body=change(sealed))
    with pytest.raises(DamagedError):
        s3.read(SHA)


def test_objects_that_were_exchanged_are_noticed(s3: S3Contents, bucket: Bucket) -> None:
    s3.put(DATA)
    other = s3.put(b"other")
    (one, first), (two, second) = bucket.objects().items()
    bucket.client.put_object(Bucket=BUCKET, Key=one, Body=second)
    bucket.client.put_object(Bucket=BUCKET, Key=two, Body=first)
    for sha256 in (SHA, other):
        with pytest.raises(DamagedError):
            s3.read(sha256)


def test_what_nobody_names_goes_after_a_day_and_nothing_else(s3: S3Contents, bucket: Bucket) -> None:
    s3.put(DATA)
    s3.put(b"orphan")
    bucket.client.put_object(Bucket=BUCKET, Key="dala/somebody-elses.txt", Body=b"x")
    bucket.client.put_object(Bucket=BUCKET, Key="other/" + "ab" * 32, Body=b"x")
    assert s3.keep_only({SHA}) == 0
    assert s3.keep_only({SHA}, datetime.now(UTC) + timedelta(hours=23)) == 0
    assert s3.keep_only({SHA}, datetime.now(UTC) + timedelta(hours=25)) == 1
    assert s3.read(SHA) == DATA
    assert len(bucket.objects()) == 3


def test_another_key_finds_nothing(s3: S3Contents, bucket: Bucket) -> None:
    s3.put(DATA)
    with pytest.raises(NotFoundError):
        open_bucket(f"s3://{BUCKET}/dala", bucket.url, bytes(32)).read(SHA)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "contents",
        "http://contents/x",
        "s3://",
        "s3:///x",
        "s3://CONTENTS",
        "s3://a/x?y",
        "s3://a b/x",
        "s3://aaa/ы",
    ],
)
def test_an_address_that_is_no_bucket_is_refused(address: str) -> None:
    with pytest.raises(InvalidInputError):
        open_bucket(address, "", KEY)


def test_a_bucket_that_is_not_there_is_said_at_the_start(bucket: Bucket) -> None:
    with pytest.raises(StorageError) as refused:
        open_bucket("s3://nowhere-here", bucket.url, KEY)
    assert "refused" in str(refused.value)


def test_a_store_that_does_not_answer_is_no_missing_content(
    s3: S3Contents, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    import botocore.exceptions

    def fail(**_: object) -> None:
        raise botocore.exceptions.EndpointConnectionError(endpoint_url=bucket.url)

    monkeypatch.setattr(s3._client, "get_object", fail)
    with pytest.raises(StorageError) as refused:
        s3.read(SHA)
    assert not isinstance(refused.value, NotFoundError | DamagedError)


def options(bucket: Bucket | None, **more: str) -> argparse.Namespace:
    """Return what a hub was started with."""
    made = argparse.Namespace(content="", s3_endpoint="")
    if bucket is not None:
        made = argparse.Namespace(content=f"s3://{BUCKET}/hub", s3_endpoint=bucket.url)
    return argparse.Namespace(**{**vars(made), **more})


def handed_in(store: Store, place: ContentStore) -> tuple[int, str]:
    """Hand a content to a hub over its API, and return its answer to who asks how far it is."""
    http = AsgiClient(build_app(hub := build_hub(store, FixedClock(), contents=place)))
    try:
        client = HubClient(http, hub.callers.enrol("org-a", "PC"))
        sha256 = client.upload(DATA)
        state = http.head(f"/blob/{sha256}", headers=client.headers)
        return state.status_code, state.headers.get("upload-complete", "")
    finally:
        http.close()


def test_a_hub_keeps_its_contents_in_the_bucket_and_none_in_its_folder(bucket: Bucket, tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        assert handed_in(store, contents_of(store, options(bucket))) == (200, "?1")
        assert len(bucket.objects()) == 1
        assert not list((tmp_path / "blobs").glob("??/*"))
        assert sweep_contents(store, options(bucket)) == "removed: 0"


def test_a_hub_is_not_started_where_its_contents_are_not(bucket: Bucket, tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        contents_of(store, options(None))
        handed_in(store, contents_of(store, options(bucket)))
        contents_of(store, options(bucket))
        with pytest.raises(InvalidInputError, match="lie in"):
            contents_of(store, options(None))
        with pytest.raises(InvalidInputError, match="lie in"):
            contents_of(store, options(bucket, content=f"s3://{BUCKET}/other"))


def test_a_store_on_another_computer_needs_tls(bucket: Bucket, tmp_path: Path) -> None:
    with opened(tmp_path) as store, pytest.raises(InvalidInputError, match="https"):
        contents_of(store, options(bucket, s3_endpoint="http://s3.example.org"))


def test_a_piece_that_went_missing_has_the_content_sent_again(bucket: Bucket, tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        place = contents_of(store, options(bucket))
        http = AsgiClient(build_app(hub := build_hub(store, FixedClock(), contents=place)))
        client = HubClient(http, hub.callers.enrol("org-a", "PC"))
        start = {**client.headers, "Upload-Length": str(len(DATA))}
        http.post(f"/blob/{SHA}", headers=start)
        http.patch(f"/blob/{SHA}", content=DATA[:99], headers={**client.headers, "Upload-Offset": "0"})
        bucket.clear()
        last = http.patch(f"/blob/{SHA}", content=DATA[99:], headers={**client.headers, "Upload-Offset": "99"})
        assert last.status_code == 422
        assert client.upload(DATA) == SHA
        assert http.head(f"/blob/{SHA}", headers=client.headers).headers["upload-complete"] == "?1"
        http.close()
