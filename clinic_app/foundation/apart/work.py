"""The decoders themselves: run in the child, or here where nobody minds (tests, and files that were made here)."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.apart.jobs import Answer, CodedFrame, Job, PageCount, PageWish

if TYPE_CHECKING:
    import pypdfium2

_THREADS: Final = min(os.cpu_count() or 1, 4)
_MOST_PAGES: Final = 5000
_LONGEST_PAGE: Final = 4096


def _jpeg(body: bytes, *, is_rgb: bool) -> NDArray[Any]:
    if is_rgb:
        return np.asarray(imagecodecs.jpeg8_decode(body, colorspace="RGB", outcolorspace="RGB"))
    return np.asarray(imagecodecs.jpeg_decode(body))


def _jpeg_lossless(body: bytes) -> NDArray[Any]:
    """Return a lossless JPEG by the faster decoder, or by the one that takes what that one does not know."""
    try:
        return np.asarray(imagecodecs.jpeg8_decode(body))
    except (RuntimeError, ValueError):
        return np.asarray(imagecodecs.ljpeg_decode(body))


FAMILIES: Final[Mapping[str, Callable[[bytes], Any]]] = {
    "jpeg": lambda body: _jpeg(body, is_rgb=False),
    "jpeg lossless": _jpeg_lossless,
    "jpeg-ls": imagecodecs.jpegls_decode,
    "jpeg 2000": lambda body: imagecodecs.jpeg2k_decode(body, numthreads=_THREADS),
    "htj2k": imagecodecs.htj2k_decode,
    "jpeg xl": imagecodecs.jpegxl_decode,
}
"""Compressions by the names a job calls them."""


class Here:
    """Does the work in this process."""

    def run(self, job: Job, body: bytes) -> tuple[Answer, bytes | memoryview]:
        """Return what came of a job.

        Raises:
            ValueError: it cannot be done with these bytes.
        """
        found = _frame(job, body) if isinstance(job, CodedFrame) else _pages(job, body)
        if isinstance(job, PageCount):
            return Answer(found.shape[:1]), b""
        plain = np.ascontiguousarray(found, dtype=found.dtype.newbyteorder("<"))
        return Answer(plain.shape, plain.dtype.str), plain.data.cast("B") if plain.size else b""


RUN_LENGTHS: Final = "run lengths"
HERE: Final = Here()


def _frame(job: CodedFrame, body: bytes) -> NDArray[Any]:
    if job.family == RUN_LENGTHS:
        return _run_lengths(job, body)
    if job.family not in FAMILIES:
        raise ValueError(f"no such compression: {job.family[:40]}")
    try:
        found = np.asarray(_jpeg(body, is_rgb=True) if job.is_rgb else FAMILIES[job.family](body))
    except (RuntimeError, OSError, MemoryError, imagecodecs.DelayedImportError, TypeError, IndexError) as error:
        raise ValueError(str(error)[:200]) from error
    if found.nbytes > job.largest_bytes:
        raise ValueError("the picture is larger than it may be")
    return found


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
