"""An S3-compatible store on loopback (moto's server), and what a hub needs to find it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import boto3
import httpx
from moto.server import ThreadedMotoServer

BUCKET: Final = "contents"
ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "only-for-tests",
    "AWS_SECRET_ACCESS_KEY": "only-for-tests",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Where boto3 looks first; a hub under test gets it from here."""


@dataclass(frozen=True)
class Bucket:
    """A store with one empty bucket."""

    url: str
    client: Any

    def objects(self) -> dict[str, bytes]:
        """Return what lies in the bucket."""
        found = self.client.list_objects_v2(Bucket=BUCKET).get("Contents", ())
        return {each["Key"]: self.client.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in found}

    def clear(self) -> None:
        """Empty the bucket."""
        for name in self.objects():
            self.client.delete_object(Bucket=BUCKET, Key=name)


@contextmanager
def running_bucket() -> Iterator[Bucket]:
    """Run a store for the length of the block; boto3 finds its login in `ENVIRONMENT`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        httpx.post(f"{url}/moto-api/reset", trust_env=False)  # what servers before it in this process held
        client = boto3.client("s3", endpoint_url=url)
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        yield Bucket(url, client)
        client.close()
    finally:
        server.stop()
