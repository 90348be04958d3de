"""Contents in a bucket of an S3-compatible store: Amazon's, Ceph, MinIO, or the one of the ministry's data centre.

What leaves this computer is sealed exactly as in the folder, under names that only the key can make. Who we are the
library finds in its usual places (environment, ``~/.aws/credentials``, the machine's role), never on a command line.
Source: Amazon S3 API, "PutObject", "GetObject", "ListObjectsV2".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlsplit

from clinic_app.foundation.clock import Clock, SystemClock
from clinic_app.foundation.errors import DamagedError, InvalidInputError, NotFoundError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.keys.derived import derive
from clinic_app.storage.contents.blob_format import DAMAGED, BlobCipher
from clinic_app.storage.contents.blobs import unsealed

_SCHEME: Final = "s3"
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_PREFIX: Final = re.compile(r"[A-Za-z0-9._/-]{0,200}", re.ASCII)
_ADDRESS: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LARGEST_OBJECT: Final = 16 << 20
_YOUNG: Final = timedelta(hours=12)
KEPT: Final = timedelta(days=1)
"""What nobody names stays so long: it may be on its way to being named."""
_NOT_THERE: Final = frozenset({"NoSuchKey", "404", "NotFound"})


class S3Contents:
    """The contents of one hub in a bucket.

    Args:
        client: boto3's, for the store.
        place: the bucket's name and what every name in it begins with.
        key: the hub's data key.
        clock: says what is young.

    Safe for use from several threads, as boto3's clients are.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - boto3 has no types
        place: tuple[str, str],
        key: bytes,
        clock: Clock | None = None,
    ) -> None:
        self._client = client
        self._clock = clock or SystemClock()
        self._bucket, self._prefix = place
        self._key = key
        self._name_key = derive(key, "blob names")

    def check(self) -> None:
        """Return if the bucket is there and lets us in.

        Raises:
            StorageError: not now.
        """
        with _s3_errors():
            self._client.head_bucket(Bucket=self._bucket)

    def put(self, data: bytes) -> str:
        """Keep a content; return its address. Durable on return.

        Raises:
            StorageError: it was not kept.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        name = self._name(sha256)
        if not self._is_young(name):
            sealed = b"".join(BlobCipher.fresh(self._key, sha256).seal(iter((data,))))
            with _s3_errors():
                self._client.put_object(Bucket=self._bucket, Key=name, Body=sealed)
        return sha256

    def read(self, sha256: str) -> bytes:
        """Return a whole content.

        Raises:
            NotFoundError: it is not there.
            DamagedError: what is there is not what was written.
            StorageError: the store cannot be reached.
        """
        with _s3_errors():
            answer = self._client.get_object(Bucket=self._bucket, Key=self._name(sha256))
            with answer["Body"] as body:
                sealed = body.read(_LARGEST_OBJECT + 1)
        if len(sealed) > _LARGEST_OBJECT:
            raise DamagedError(DAMAGED)
        return unsealed(sealed, self._key, sha256)

    def keep_only(self, needed: AbstractSet[str], now: datetime | None = None) -> int:
        """Remove what is not among ``needed`` and was put over a day ago; return how many.

        Args:
            needed: addresses, read before this is called.
            now: by the store's clock; None for this computer's.

        Raises:
            StorageError: the store cannot be reached; some may be removed.
        """
        names = {self._name(sha256) for sha256 in needed}
        oldest = (now or self._clock.now()) - KEPT
        removed = 0
        for name, put_at in self._listed():
            if name in names or put_at > oldest or not _ADDRESS.fullmatch(name.rpartition("/")[2]):
                continue
            if (again := self._put_at(name)) is not None and again <= oldest:  # it may have been put again meanwhile
                with _s3_errors():
                    self._client.delete_object(Bucket=self._bucket, Key=name)
                removed += 1
        return removed

    def _listed(self) -> Iterator[tuple[str, datetime]]:
        with _s3_errors():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            for page in pages:
                for each in page.get("Contents", ()):
                    yield each["Key"], each["LastModified"]

    def _is_young(self, name: str) -> bool:
        """Return whether it is there, and was put so lately that nobody takes it for forgotten."""
        put_at = self._put_at(name)
        return put_at is not None and self._clock.now() - put_at < _YOUNG

    def _put_at(self, name: str) -> datetime | None:
        try:
            with _s3_errors():
                put_at: datetime = self._client.head_object(Bucket=self._bucket, Key=name)["LastModified"]
        except NotFoundError:
            return None
        return put_at

    def _name(self, sha256: str) -> str:
        if not _ADDRESS.fullmatch(sha256):
            raise _missing()
        name = hmac.digest(self._name_key, bytes.fromhex(sha256), "sha256").hex()
        return f"{self._prefix}{name[:2]}/{name}"


def open_bucket(address: str, endpoint: str, key: bytes) -> S3Contents:
    """Return the contents in a bucket, which is there.

    Args:
        address: ``s3://bucket/prefix``.
        endpoint: address of the store; empty for Amazon's.
        key: the hub's data key.

    Raises:
        InvalidInputError: no such address, or boto3 is not installed.
        StorageError: the store does not answer, or does not let us in.
    """
    parts = urlsplit(address)
    prefix = parts.path.strip("/")
    is_right = parts.scheme == _SCHEME and _BUCKET.fullmatch(parts.netloc) and _PREFIX.fullmatch(prefix)
    if not is_right or parts.query or parts.fragment:
        raise InvalidInputError(Text("The address of a bucket looks like this: s3://bucket/prefix."))
    try:
        boto3, config = import_module("boto3"), import_module("botocore.config")
    except ImportError as error:
        raise InvalidInputError(Text("Contents in a bucket need the program's extra hub-s3.")) from error
    settings = config.Config(connect_timeout=10, read_timeout=60, retries={"max_attempts": 3, "mode": "standard"})
    with _s3_errors():
        try:
            client = boto3.client("s3", endpoint_url=endpoint or None, config=settings)
        except ValueError as error:
            raise InvalidInputError(Text("The address of the store cannot be used.")) from error
    contents = S3Contents(client, (parts.netloc, f"{prefix}/" if prefix else ""), key)
    contents.check()
    return contents


@contextmanager
def _s3_errors() -> Iterator[None]:
    """Tell what is missing from what does not work at the moment; words of the library may hold our name there."""
    exceptions = import_module("botocore.exceptions")
    try:
        yield
    except exceptions.ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _NOT_THERE and error.operation_name != "HeadBucket":
            raise _missing() from error
        raise StorageError(Text("The store of contents refused: {code}", code=code)) from error
    except exceptions.BotoCoreError as error:
        raise StorageError(Text("The store of contents cannot be reached.")) from error


def _missing() -> NotFoundError:
    return NotFoundError(Text("This content is not on this computer yet."))
