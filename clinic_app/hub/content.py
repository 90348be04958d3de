"""The endpoints through which big content goes: resumable upload in pieces, download from any byte on.

Uploads are tus 1.0.0 with an address that says what the content is: whoever sends the same again, or goes on after a
cut, needs to have kept nothing. ``POST /blob/{sha256}`` is the same as a creation, and tells at once how far it is.
Source: tus 1.0.0 (core, creation, checksum, expiration); RFC 9110 section 14 for Range.
"""

from __future__ import annotations

import re
from email.utils import format_datetime
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.hub.gate import caller_of, hub_of, read_body
from clinic_app.hub.refusals import HttpRefusalError
from clinic_app.hub.releases import pieces_of
from clinic_app.hub.tus import check_sum, check_type, digest_in, options
from clinic_app.storage.feed.content import MAX_CONTENT_BYTES, MAX_PIECE_BYTES, Upload

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LENGTH: Final = "upload-length"
_RANGE = re.compile(r"bytes=(\d{1,12})-(\d{0,12})", re.ASCII)


async def create(request: Request) -> Response:
    """POST /blob with Upload-Length and the digest in Upload-Metadata: begin; Location says where it goes on."""
    caller = await caller_of(request)
    if "upload-defer-length" in request.headers:
        raise HttpRefusalError(400, "not-supported", Text("The header {header} has to be a number.", header=_LENGTH))
    size = _number(request, _LENGTH)
    if size > MAX_CONTENT_BYTES:
        raise HttpRefusalError(413, "too-long", Text("Content of this size is not taken."))
    sha256 = _checked(digest_in(request))
    upload = await run_in_threadpool(hub_of(request).content.begin, caller, sha256, size)
    return Response(status_code=201, headers={**_progress(upload), "Location": f"/blob/{sha256}"})


async def begin(request: Request) -> Response:
    """POST /blob/{sha256} with Upload-Length: begin, or learn how far it has come."""
    caller = await caller_of(request)
    size = _number(request, _LENGTH)
    upload = await run_in_threadpool(hub_of(request).content.begin, caller, _digest(request), size)
    return Response(status_code=200 if upload.offset else 201, headers=_progress(upload))


async def state(request: Request) -> Response:
    """HEAD /blob/{sha256}: Upload-Offset and Upload-Length of the caller's upload."""
    caller = await caller_of(request)
    upload = await run_in_threadpool(hub_of(request).content.state, caller, _digest(request))
    return Response(headers=_progress(upload))


async def append(request: Request) -> Response:
    """PATCH /blob/{sha256} with Upload-Offset: the next piece."""
    caller = await caller_of(request)
    check_type(request)
    offset = _number(request, "upload-offset")
    piece = await read_body(request, MAX_PIECE_BYTES)
    check_sum(request, piece)
    upload = await run_in_threadpool(hub_of(request).content.append, caller, _digest(request), offset, piece)
    return Response(status_code=204, headers=_progress(upload))


async def download(request: Request) -> Response:
    """GET /blob/{sha256}, with Range: for whoever may see a record that points to it; a release is for everybody."""
    caller = await caller_of(request)
    content, sha256, releases = hub_of(request).content, _digest(request), hub_of(request).releases
    release = await run_in_threadpool(releases.file_of, sha256) if releases is not None else None
    size = release.stat().st_size if release else await run_in_threadpool(content.size_for, caller, sha256)
    start, end = _range(request.headers.get("range"), size)
    headers = {"Content-Length": str(end - start), "Accept-Ranges": "bytes", "Cache-Control": "no-store"}
    is_part = "range" in request.headers
    if is_part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    pieces = pieces_of(release, start, end) if release else content.read(caller, sha256, start, end)
    return StreamingResponse(pieces, 206 if is_part else 200, headers, "application/octet-stream")


def _progress(upload: Upload) -> dict[str, str]:
    headers = {
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.size),
        "Upload-Complete": "?1" if upload.is_whole else "?0",
        "Cache-Control": "no-store",
    }
    if upload.expires_at is not None:
        headers["Upload-Expires"] = format_datetime(upload.expires_at, usegmt=True)
    return headers


def _digest(request: Request) -> str:
    return _checked(request.path_params["sha256"])


def _checked(digest: object) -> str:
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise InvalidInputError(Text("Content is named by its SHA-256 digest in lower-case hex."))
    return digest


def _number(request: Request, header: str) -> int:
    typed = request.headers.get(header, "")
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 12):
        raise InvalidInputError(Text("The header {header} has to be a number.", header=header))
    return int(typed)


def _range(header: str | None, size: int) -> tuple[int, int]:
    """Return the half-open range asked for, the whole where none is."""
    if header is None:
        return 0, size
    match = _RANGE.fullmatch(header)
    start = int(match[1]) if match else size
    end = min(size, int(match[2]) + 1 if match and match[2] else size)
    if not 0 <= start < end:
        raise HttpRefusalError(416, "invalid", Text("There is no such part of this content."))
    return start, end


ROUTES: Final = (
    Route("/blob", options, methods=["OPTIONS"]),
    Route("/blob", create, methods=["POST"]),
    Route("/blob/{sha256}", options, methods=["OPTIONS"]),
    Route("/blob/{sha256}", state, methods=["HEAD"]),
    Route("/blob/{sha256}", begin, methods=["POST"]),
    Route("/blob/{sha256}", append, methods=["PATCH"]),
    Route("/blob/{sha256}", download, methods=["GET"]),
)
