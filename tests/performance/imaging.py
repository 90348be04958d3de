"""What the viewer makes of real files, and how long it takes beside pydicom with its own handlers, in the same run.

Every file of the collection is opened as the viewer opens it, decoders in their own process as in the clinic; what is
refused is named with its reason. A file that holds nothing to be seen (a plan, a protocol, a list of others, a header
without pixels) is not renderable and is listed as such. Times are of decoding alone and per megapixel; only the ratios
are worth comparing on a shared machine. Lossless JPEG is timed as a series, as the viewer loads one: two pictures
under way at once, each with a child (`ui.imaging.reader`); theirs is the same series, picture after picture, as
pydicom has no other way. What a picture takes by itself is told beside it (`speedup_jpeg_lossless_alone`). The screen
is measured in a process of its own (`imaging_screen`), headers and what is received beside DCMTK (`imaging_headers`,
`imaging_receive`).
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from clinic_app.foundation.apart import Children
from clinic_app.foundation.errors import ClinicError
from clinic_app.imaging import FrameStack, LocalFiles, Tracing, render
from clinic_app.imaging.decoders import decoded_frame
from clinic_app.imaging.reading import frame_count, read_dataset
from clinic_app.waveforms import from_dicom
from tests.performance.imaging_headers import header_figures
from tests.performance.imaging_receive import receive_figures
from ui.imaging.reader import AT_ONCE

DATA: Final = Path(__file__).parents[3] / "shared" / "data" / "dicom"
RUNS: Final = {"": 3, "speedup_us_loop": 12, "speedup_jpeg_lossless": 80}
"""Turns of each file, by the goal it is measured for: a small picture waits longest for a processor others use."""
BURST: Final = 3
"""Runs of one before the other has its turn: a series is decoded picture after picture."""
SERIES: Final = 8
"""Images of a series that is timed; each turn decodes all of them."""
GOALS: Final[dict[str, tuple[str, float]]] = {
    "speedup_jpeg_lossless": (">=", 3.0),
    "speedup_us_loop": (">=", 5.0),
    "first_image_s": ("<", 0.5),
    "scroll_fps": (">=", 60.0),
    "window_drag_p95_ms": ("<", 16.7),
    "memory_mb_500_ct": ("<", 500.0),
}
_SCREEN: Final = "ct/CTImage.dcm_JPEGProcess14SV1TransferSyntax_1.2.840.10008.1.2.4.70.dcm"
_PLAIN: Final = "ct/CTImage.dcm_LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1.dcm"
_JPEG_LOSSLESS: Final = ("1.2.840.10008.1.2.4.57.dcm", "1.2.840.10008.1.2.4.70.dcm")
_LOOP: Final = "us/examples_ybr_color.dcm"
_LOSSY: Final = (".4.50.", ".4.51.", ".4.53.", ".4.55.")
_TOLD: Final = ("speedup", "scroll", "window", "memory", "import", "header", "receive")
_NO_FILES: Final = ("SOURCES.txt", "README")
"""Words about the collection, which are no part of it."""
_NOTHING_IN_IT: Final = (
    "The images this file speaks of are not here.",
    "This file only lists others; open the folder it lies in.",
    "The file holds no image.",
)


class Ask(Protocol):
    """Asks the other process."""

    def __call__(self, path: Path, times: int = 1) -> float | str:
        """Return the milliseconds of decoding a file, the mean of several times; a text where it fails."""
        ...


@dataclass
class Matrix:
    """What became of every file."""

    rendered: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    nothing_to_see: dict[str, str] = field(default_factory=dict)
    with_a_note: dict[str, str] = field(default_factory=dict)


def bench_imaging(json_file: Path | None) -> int:
    """Measure, print and write the figures; return the exit code: 1 where a goal is missed."""
    if not DATA.is_dir():
        print(f"no files to look at: {DATA}")
        return 1
    children = Children()
    try:
        matrix = look_at_everything(DATA, children)
        figures = {**_figures_of(matrix), "oracle": oracle(DATA, children), **speeds(DATA, children)}
    finally:
        children.close()
    figures |= screen_figures(DATA / _SCREEN)
    figures |= header_figures(DATA / _PLAIN)
    figures |= receive_figures(DATA / _PLAIN)
    figures["machine"] = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    figures["python"] = platform.python_version()
    figures["goals"] = {name: f"{sign} {bound}" for name, (sign, bound) in GOALS.items()}
    figures["missed"] = [name for name in GOALS if not _holds(name, figures.get(name))]
    has_held = figures["has_held"] = not figures["missed"] and not figures["oracle"]["differing"]
    _tell(figures)
    if json_file:
        json_file.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if has_held else 1


def look_at_everything(folder: Path, children: Children) -> Matrix:
    """Open every file of a folder, all its pictures."""
    matrix = Matrix()
    for path in sorted(each for each in folder.rglob("*") if each.is_file() and each.name not in _NO_FILES):
        name = path.relative_to(folder).as_posix()
        try:
            note = _look(path, children)
        except ClinicError as error:
            reason = str(error)
            (matrix.nothing_to_see if reason in _NOTHING_IN_IT else matrix.refused)[name] = reason
            continue
        matrix.rendered.append(name)
        if note:
            matrix.with_a_note[name] = note
    return matrix


def oracle(folder: Path, children: Children) -> dict[str, Any]:
    """Compare one CT image in all its compressions, pixel by pixel."""
    files = sorted((folder / "ct").glob("CTImage.dcm_*"))
    plain = _pixels(next(each for each in files if "LittleEndianExplicit" in each.name), children)
    lossless = [each for each in files if not any(part in each.name for part in _LOSSY)]
    lossy = [each for each in files if each not in lossless]
    differing = [each.name for each in lossless if not np.array_equal(_pixels(each, children), plain)]
    least = min(float(np.corrcoef(_pixels(each, children).ravel(), plain.ravel())[0, 1]) for each in lossy)
    return {
        "syntaxes": len(files),
        "lossless": len(lossless),
        "identical": len(lossless) - len(differing),
        "differing": differing,
        "lossy_least_correlation": round(least, 4),
    }


def speeds(folder: Path, children: Children) -> dict[str, Any]:
    """Time ours beside pydicom in turns; the best run of each counts, as others use this machine too."""
    timed = [*sorted((folder / "ct").glob("CTImage.dcm_*")), folder / _LOOP, *sorted((folder / "xray").glob("*.dcm"))]
    rows = {}
    with _default_handlers() as ask:
        series = _series_rows([path for path in timed if path.name.endswith(_JPEG_LOSSLESS)], children, ask)
        for path in timed:
            theirs = [ask(path) for _ in range(2)]  # the first loads libraries
            ours = [_timed(path, children)[0]]
            for _ in range(RUNS[name_of_goal(path)]):
                theirs += [ask(path) for _ in range(BURST)]
                ours += [_timed(path, children)[0] for _ in range(BURST)]
            pixels = _timed(path, children)[1]
            rows[path.relative_to(folder).as_posix()] = _row(ours[1:], theirs[2:], pixels)
    alone = [row for name, row in rows.items() if name.endswith(_JPEG_LOSSLESS)]
    return {
        "speedup_jpeg_lossless": _mean_speedup(series.values()),
        "speedup_jpeg_lossless_alone": _mean_speedup(alone),
        "speedup_us_loop": rows[_LOOP]["speedup"],
        "handlers": _handlers(),
        "times": rows,
        "times_of_series": series,
    }


def _mean_speedup(rows: Iterable[dict[str, Any]]) -> float | None:
    known = [row["speedup"] for row in rows if row["speedup"] is not None]
    return round(statistics.geometric_mean(known), 2) if known else None


def _series_rows(paths: Sequence[Path], children: Children, ask: Ask) -> dict[str, dict[str, Any]]:
    """Time series, each of one image many times over, read as files of their own, beside pydicom in turns."""
    ours: dict[Path, list[float]] = {path: [] for path in paths}
    theirs: dict[Path, list[float | str]] = {path: [] for path in paths}
    series = {path: [read_dataset(path.read_bytes()) for _ in range(SERIES)] for path in paths}
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for _ in range(1 + RUNS["speedup_jpeg_lossless"]):
            for path, datasets in series.items():
                begin = time.perf_counter()
                list(threads.map(lambda dataset: decoded_frame(dataset, 0, children), datasets))
                ours[path].append((time.perf_counter() - begin) * 1000 / SERIES)
                theirs[path].append(ask(path, SERIES))
    sizes = {path: datasets[0].Rows * datasets[0].Columns / 1e6 for path, datasets in series.items()}
    return {path.name: _row(ours[path][1:], theirs[path][1:], sizes[path]) for path in paths}  # the first loads


def screen_figures(source: Path) -> dict[str, Any]:
    """Return what the screen does with a study of five hundred images; nothing else runs in its process."""
    command = [sys.executable, "-m", "tests.performance.imaging_screen", str(source)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def name_of_goal(path: Path) -> str:
    """Return which goal a file is measured for, empty for none; those get more runs."""
    if path.name.endswith(_JPEG_LOSSLESS):
        return "speedup_jpeg_lossless"
    return "speedup_us_loop" if path.as_posix().endswith(_LOOP) else ""


@contextmanager
def _default_handlers() -> Iterator[Ask]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.performance.imaging_default"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        asked, told = process.stdin, process.stdout
        assert asked is not None
        assert told is not None

        def ask(path: Path, times: int = 1) -> float | str:
            asked.write(f"{times} {path}\n")
            asked.flush()
            found: float | str = json.loads(told.readline())
            return found

        yield ask


def _row(ours: list[float], theirs: list[float | str], pixels: float) -> dict[str, Any]:
    best, numbers = min(ours), [each for each in theirs if not isinstance(each, str)]
    return {
        "ours_ms_per_mpix": round(best / pixels, 2),
        "default_ms_per_mpix": round(min(numbers) / pixels, 2) if numbers else theirs[0],
        "speedup": round(min(numbers) / best, 2) if numbers else None,
        "medians_ms": [round(statistics.median(each), 2) for each in (ours, numbers) if each],
    }


def _look(path: Path, children: Children) -> str:
    """Open a file as the viewer does, draw each of its pictures, and return what it is warned about."""
    files = LocalFiles.of(path, children)
    found = files.shelf.opened(files.studies[0].series[0].uid)
    if isinstance(found, Tracing):
        from_dicom(found.data)
        return ""
    if not isinstance(found, FrameStack):
        return ""
    notes, damaged, last = set(), 0, None
    for number in range(len(found)):
        try:
            frame = found.frame(number)
            render(frame, frame.default_window)
            notes |= {str(note.render("en")) for note in frame.notes}
        except ClinicError as error:
            damaged, last = damaged + 1, error
    if last is not None and damaged == len(found):
        raise last
    return "; ".join([*sorted(notes), *([f"{damaged} of {len(found)} images are damaged"] if damaged else [])])


def _pixels(path: Path, children: Children) -> Any:
    return decoded_frame(read_dataset(path.read_bytes()), 0, children)[0].astype(np.float64)


def _timed(path: Path, children: Children) -> tuple[float, float]:
    """Return the milliseconds of decoding all frames of a file one by one, and its megapixels."""
    dataset = read_dataset(path.read_bytes())
    count = frame_count(dataset)
    begin = time.perf_counter()
    for index in range(count):
        decoded_frame(dataset, index, children)
    return (time.perf_counter() - begin) * 1000, dataset.Rows * dataset.Columns * count / 1e6


def _handlers() -> list[str]:
    """Return which of pydicom's own handlers are installed here."""
    from importlib.util import find_spec

    return [name for name in ("gdcm", "libjpeg", "openjpeg", "jpeg_ls", "PIL", "rle") if find_spec(name)]


def _figures_of(matrix: Matrix) -> dict[str, Any]:
    return {
        "rendered": len(matrix.rendered),
        "renderable": len(matrix.rendered) + len(matrix.refused),
        "refused": matrix.refused,
        "nothing_to_see": matrix.nothing_to_see,
        "with_a_note": matrix.with_a_note,
    }


def _holds(name: str, value: float | None) -> bool:
    sign, bound = GOALS[name]
    if value is None:
        return False
    return value < bound if sign == "<" else value >= bound


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    yield f"rendered {figures['rendered']} of {figures['renderable']} renderable files"
    yield from (f"  refused: {name}: {reason}" for name, reason in figures["refused"].items())
    yield f"nothing to see in {len(figures['nothing_to_see'])} others"
    same = figures["oracle"]
    yield f"one CT image in {same['syntaxes']} ways: {same['identical']} of {same['lossless']} lossless are identical"
    for name, row in figures["times"].items():
        yield f"  {row['ours_ms_per_mpix']:8} ms/Mpix, default {row['default_ms_per_mpix']}: {name}"
    yield f"handlers of pydicom here: {', '.join(figures['handlers'])}"
    for name, value in figures.items():
        if name in GOALS or name.startswith(_TOLD):
            wanted = figures["goals"].get(name, "")
            yield f"{name:34} {value!s:>24}   {wanted}{'   MISSED' if name in figures['missed'] else ''}"


def _tell(figures: dict[str, Any]) -> None:
    for line in _lines(figures):
        print(line)
