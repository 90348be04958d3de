"""Where a hub's contents lie, on the command line: ``--content s3://bucket/prefix`` instead of the data folder.

``sweep-contents`` removes from the bucket what no content is made of any more; in the folder that is done with every
look through it.
"""

from __future__ import annotations

import argparse
from typing import Final

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.storage import Store
from clinic_app.storage.contents.content_store import FOLDER, ContentStore, claim_place
from clinic_app.storage.contents.content_store_s3 import S3Contents, open_bucket
from clinic_app.storage.feed.content import FeedContent
from clinic_app.sync.link import is_private

SWEEP: Final = "Remove from the bucket what no content is made of any more; the hub goes on meanwhile."


def ask_content(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where contents lie."""
    parser.add_argument(
        "--content", default="", help="bucket for the contents, s3://bucket/prefix; default: the folder"
    )
    parser.add_argument("--s3-endpoint", default="", help="address of the S3-compatible store; default: Amazon's")


def contents_of(store: Store, options: argparse.Namespace) -> ContentStore:
    """Return the place the options name, once it answers.

    Raises:
        InvalidInputError: no such address, an unsafe way there, or this hub's contents lie elsewhere.
        StorageError: it does not answer, or does not let us in.
    """
    if not options.content:
        claim_place(store, FOLDER)
        return store.blobs
    bucket = _bucket(store, options)
    claim_place(store, options.content.rstrip("/"))
    return bucket


def sweep_contents(store: Store, options: argparse.Namespace) -> str:
    """Remove from the bucket what nobody names; return a line that says how much that was.

    Raises:
        InvalidInputError: no bucket, or not this hub's.
        StorageError: it does not answer.
    """
    bucket = _bucket(store, options)
    claim_place(store, options.content.rstrip("/"))
    needed = FeedContent(store.database, bucket).pieces()
    return f"removed: {bucket.keep_only(needed)}"


def _bucket(store: Store, options: argparse.Namespace) -> S3Contents:
    if options.s3_endpoint and not is_private(options.s3_endpoint):
        raise InvalidInputError(
            Text("The address of the store has to begin with https://, unless it is on this computer.")
        )
    return open_bucket(options.content, options.s3_endpoint, store.key)
