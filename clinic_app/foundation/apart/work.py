"""The decoders themselves: run in the child, or here where nobody minds (tests, and files that were made here)."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.apart.jobs import Answer, CodedFrame, Job, PageCount, PageWish

if TYPE_CHECKING:
    import pypdfium2

_THREADS: Final = min(os.cpu_count() or 1, 4)
_MOST_PAGES: Final = 5000
_LONGEST_PAGE: Final = 4096


Body = bytes | memoryview
Out = NDArray[Any] | None


def _jpeg_rgb(body: bytes, out: Out) -> NDArray[Any]:
    return imagecodecs.jpeg8_decode(body, colorspace="RGB", outcolorspace="RGB", out=out)


def _jpeg_lossless(body: bytes, out: Out) -> NDArray[Any]:
    """Return a lossless JPEG by the faster decoder, or by the one that takes what that one does not know."""
    try:
        return imagecodecs.jpeg8_decode(body, out=out)
    except (RuntimeError, ValueError):
        return imagecodecs.ljpeg_decode(body, out=out)


FAMILIES: Final[Mapping[str, Callable[[bytes, Out], NDArray[Any]]]] = {
    "jpeg": lambda body, out: imagecodecs.jpeg_decode(body, out=out),
    "jpeg lossless": _jpeg_lossless,
    "jpeg-ls": lambda body, out: imagecodecs.jpegls_decode(body, out=out),
    "jpeg 2000": lambda body, out: imagecodecs.jpeg2k_decode(body, numthreads=_THREADS, out=out),
    "htj2k": lambda body, out: imagecodecs.htj2k_decode(body, out=out),
    "jpeg xl": lambda body, out: imagecodecs.jpegxl_decode(body, out=out),
}
"""Compressions by the names a job calls them."""


class Here:
    """Does the work in this process."""

    def run(self, job: Job, body: Body, room: memoryview | None = None) -> tuple[Answer, bytes | memoryview]:
        """Return what came of a job.

        Args:
            job: what is asked.
            body: the bytes it speaks of.
            room: memory to put a picture into, if it turns out as the job expects it.

        Raises:
            ValueError: it cannot be done with these bytes.
        """
        found = _frame(job, body, room) if isinstance(job, CodedFrame) else _pages(job, bytes(body))
        if isinstance(job, PageCount):
            return Answer(found.shape[:1]), b""
        plain = np.ascontiguousarray(found, dtype=found.dtype.newbyteorder("<"))
        return Answer(plain.shape, plain.dtype.str), plain.data.cast("B") if plain.size else b""


RUN_LENGTHS: Final = "run lengths"
HERE: Final = Here()


def _frame(job: CodedFrame, body: Body, room: memoryview | None) -> NDArray[Any]:
    if job.family == RUN_LENGTHS:
        return _run_lengths(job, bytes(body))
    decode = _jpeg_rgb if job.is_rgb else FAMILIES.get(job.family)
    if decode is None:
        raise ValueError(f"no such compression: {job.family[:40]}")
    try:
        found = _decoded(decode, cast("bytes", body), _expected(job, room))
    except (RuntimeError, OSError, MemoryError, imagecodecs.DelayedImportError, TypeError, IndexError) as error:
        raise ValueError(str(error)[:200]) from error
    if found.nbytes > job.largest_bytes:
        raise ValueError("the picture is larger than it may be")
    return found


def _decoded(decode: Callable[[bytes, Out], NDArray[Any]], body: bytes, out: Out) -> NDArray[Any]:
    """Return a picture, in ``out`` if it is one as that expects."""
    if out is not None:
        with suppress(ValueError, RuntimeError, TypeError):
            return np.asarray(decode(body, out))
    return np.asarray(decode(body, None))


def _expected(job: CodedFrame, room: memoryview | None) -> Out:
    """Return the picture a job expects, not yet filled; None where there is no room for it."""
    if room is None or job.kind not in ("|u1", "<u2") or any(side <= 0 for side in job.shape):
        return None
    kind, count = np.dtype(job.kind), math.prod(job.shape)
    if not 0 < count * kind.itemsize <= min(len(room), job.largest_bytes):
        return None
    return np.frombuffer(room, kind, count).reshape(job.shape)


def _run_lengths(job: CodedFrame, body: bytes) -> NDArray[Any]:
    """Return the planes of a run-length frame (PS3.5 annex G).

    The decoder ends the thread on damaged bytes, so only a child is asked for this.
    """
    from rle.rle import decode_frame

    size = math.prod(job.planes)
    if job.bits not in (8, 16, 32) or size * job.bits // 8 > job.largest_bytes:
        raise ValueError("the picture is larger than it may be")
    found = decode_frame(body, job.planes[1] * job.planes[2], job.bits, "<")
    return np.frombuffer(found, f"<u{job.bits // 8}").reshape(job.planes)


def _pages(job: PageCount | PageWish, body: bytes) -> NDArray[np.uint8]:
    """Return a page; or, of all of them, nothing as often as there are pages."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(body)
    except pypdfium2.PdfiumError as error:
        raise ValueError(str(error)[:200]) from error
    try:
        count = min(len(document), _MOST_PAGES)
        if isinstance(job, PageCount):
            return np.zeros((count, 0), dtype=np.uint8)
        if not 0 <= job.index < count:
            raise ValueError("the document has no such page")
        return _page(document[job.index], min(max(job.longest, 16), _LONGEST_PAGE))
    except pypdfium2.PdfiumError as error:
        raise ValueError(str(error)[:200]) from error
    finally:
        document.close()


def _page(page: pypdfium2.PdfPage, longest: int) -> NDArray[np.uint8]:
    try:
        width, height = page.get_size()
        sides = max(width, height)
        if not 1 <= sides <= 1e6:
            raise ValueError("the page has no size")
        bitmap = page.render(scale=longest / sides, rev_byteorder=True, may_draw_forms=False)
        try:
            return np.array(bitmap.to_numpy()[:, :, :3], dtype=np.uint8)
        finally:
            bitmap.close()
    finally:
        page.close()
