"""The imaging screen under the hand: first image, scrolling, window, memory. In a process of its own.

Run as ``python -m tests.performance.imaging_screen CT_IMAGE``; prints the figures as JSON. Everything is real:
an encrypted store, the service, decoders in their own process, the view model, the screen; only the display is not one.
What is timed ends when the picture was painted, not when it was asked for.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tests.performance.imaging_study import IMAGES, write_study

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from ui.imaging.imaging_screen import ImagingScreen
    from ui.imaging.view_model import ImagingViewModel
    from ui.widgets.image_canvas import ImageCanvas

_LONGEST_S: Final = 60.0
_FIRST_RUNS: Final = 5
_DRAGS: Final = 150
_BLOCK: Final = 30
"""One hand does not drag in two pictures in turns at every step."""
_WARM: Final = 5
_LARGE: Final = 4000
_GLASS: Final = 1024


def main() -> None:
    """Measure all and print it."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    application = QApplication([])
    awake = QTimer(application)
    awake.start(1000)  # whoever waits for nothing looks at his watch
    figures: dict[str, Any] = {}
    figures["memory_mb_at_start"] = round(_memory_mb("VmRSS"))
    with _room(Path(sys.argv[1]), figures) as (model, screen, come_back):
        turn = application.processEvents
        figures["memory_mb_before"] = round(_memory_mb("VmRSS"))
        figures |= _first_images(model, screen, come_back, turn)
        figures |= _scrolling(screen, turn)
        figures["memory_mb_of_decoders"] = round(sum(_memory_mb("VmHWM", pid) for pid in _children()))
        figures["memory_mb_500_ct"] = round(_memory_mb("VmHWM")) + figures["memory_mb_of_decoders"]
    figures |= _dragging(turn)
    print(json.dumps(figures))


@contextmanager
def _room(
    source: Path, figures: dict[str, Any]
) -> Iterator[tuple[ImagingViewModel, ImagingScreen, Callable[[], None]]]:
    """Put a study into a store, open the screen for its patient, and close everything at the end."""
    from clinic_app.access import Trail
    from clinic_app.foundation.apart import Children
    from clinic_app.imaging import Imaging, KeyImages
    from clinic_app.records import HumanName, Patient
    from tests.helpers.nodes import node
    from tests.helpers.taking_in import take_folder
    from ui import language
    from ui.imaging.imaging_screen import ImagingScreen
    from ui.imaging.view_model import ImagingViewModel
    from ui.shell.patient_in_hand import PatientInHand
    from ui.tasks import TaskRunner

    language.use("en")
    children, runner = Children(), TaskRunner()
    with tempfile.TemporaryDirectory() as folder, node(Path(folder) / "data", "bench") as here:
        trail = Trail(here.store, here.clock)
        imaging = Imaging(here.store, trail, here.clock, children)
        patient = Patient(id="p1", name=(HumanName(family="Bench"),))
        other = Patient(id="p2", name=(HumanName(family="Other"),))
        here.store.records.commit((patient, other))
        session = here.session("doctor")
        write_study(source, Path(folder) / "cd", is_alone=False)
        take_begin = time.perf_counter()
        take_folder(imaging, session, patient.id, Path(folder) / "cd", is_confirmed=True)
        figures["import_images_per_s"] = round(IMAGES / (time.perf_counter() - take_begin))
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest memory is counted from here
        hand = PatientInHand()
        model = ImagingViewModel(imaging, KeyImages(here.store, trail, here.clock), runner, session, hand)
        screen = ImagingScreen(model)
        screen.resize(1366, 768)
        screen.show()

        def come_back() -> None:
            hand.take(other)
            hand.take(patient)

        try:
            yield model, screen, come_back
        finally:
            screen.close()
            runner.close()
            children.close()


def _first_images(
    model: ImagingViewModel, screen: ImagingScreen, come_back: Callable[[], None], turn: Callable[[], object]
) -> dict[str, Any]:
    """Time from the click on a series of 500 images until its first one was painted; each time from the store."""
    found = []
    for _run in range(_FIRST_RUNS):
        come_back()
        _wait(lambda: len(model.rows) == 2 and screen.canvas.picture is not None, turn)
        small = next(place for place, row in enumerate(model.rows) if row.images == 1)
        _choose(screen, small)
        _wait(lambda: screen.canvas.image_count == 1 and screen.canvas.picture is not None, turn)
        _wait(lambda: model._runner.is_idle, turn)
        begin = time.perf_counter()
        _choose(screen, 1 - small)
        _wait(lambda: screen.canvas.image_count == IMAGES and screen.canvas.picture is not None, turn)
        _painted(screen.canvas, turn)
        found.append(time.perf_counter() - begin)
    return {"first_image_s": round(max(found), 3), "first_image_s_runs": [round(each, 3) for each in found]}


def _choose(screen: ImagingScreen, place: int) -> None:
    screen.series.setCurrentIndex(screen.series.model().index(place, 0))


def _scrolling(screen: ImagingScreen, turn: Callable[[], object]) -> dict[str, Any]:
    """Turn through the series picture by picture, each one painted: as it comes from the store, then from memory."""
    canvas = screen.canvas
    canvas.go_to(1)
    _wait(lambda: canvas.image_number == 1, turn)
    figures = {}
    for name, numbers in (("scroll_fps", range(2, IMAGES + 1)), ("scroll_back_fps", range(IMAGES - 1, 0, -1))):
        each_ms = []
        for number in numbers:
            begin = time.perf_counter()
            canvas.go_to(number)
            _wait(lambda number=number: canvas.image_number == number, turn)  # type: ignore[misc]
            _painted(canvas, turn)
            each_ms.append((time.perf_counter() - begin) * 1000)
        figures[name] = round(len(each_ms) / sum(each_ms) * 1000)
        figures[f"{name}_p95_ms"] = round(_p95(each_ms), 1)
    return figures


def _dragging(turn: Callable[[], object]) -> dict[str, Any]:
    """Drag the window of a radiograph of sixteen million pixels, beside pyqtgraph's way of showing it, in turns.

    The best stretch of each counts, as others use this machine too; all of ours are told.
    """
    y, x = np.mgrid[0:_LARGE, 0:_LARGE].astype(np.float32) / _LARGE
    noise = np.random.default_rng(0).integers(0, 200, (_LARGE, _LARGE))
    values = (np.abs(np.sin(x * 9) * np.cos(y * 7)) * 3800 + noise).astype(np.uint16)
    canvas, step_ours = _our_drag(values, turn)
    plot, step_theirs = _their_drag(values, turn)
    ours: list[list[float]] = []
    theirs: list[list[float]] = []
    for begin in range(0, _DRAGS, _BLOCK):
        for step, times in ((step_ours, ours), (step_theirs, theirs)):
            for number in range(_WARM):
                step(number)
            times.append([_milliseconds(step, number) for number in range(begin, begin + _BLOCK)])
    for widget in (canvas, plot):
        widget.close()
    return {
        "window_drag_p95_ms": round(min(map(_p95, ours)), 2),
        "window_drag_median_ms": round(min(map(statistics.median, ours)), 2),
        "window_drag_p95_ms_blocks": [round(_p95(each), 1) for each in ours],
        "window_drag_pyqtgraph_p95_ms": round(min(map(_p95, theirs)), 2),
        "window_drag_pyqtgraph_median_ms": round(min(map(statistics.median, theirs)), 2),
    }


def _milliseconds(step: Callable[[int], None], number: int) -> float:
    begin = time.perf_counter()
    step(number)
    return (time.perf_counter() - begin) * 1000


def _our_drag(values: np.ndarray, turn: Callable[[], object]) -> tuple[QWidget, Callable[[int], None]]:
    from PySide6.QtCore import QEvent, QPointF, Qt
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    from tests.helpers.frames import made_frame
    from ui.pictures import picture_of
    from ui.widgets.image_canvas import ImageCanvas
    from ui.widgets.image_overlay import Corners

    canvas = ImageCanvas("bench.canvas")
    canvas.resize(_GLASS, _GLASS)
    canvas.show_series(1)
    canvas.show_picture(picture_of(made_frame(values)), 1, Corners())
    canvas.show()
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier

    def send(kind: QEvent.Type, at: QPointF) -> None:
        QApplication.sendEvent(canvas, QMouseEvent(kind, at, canvas.mapToGlobal(at), left, left, none))

    turn()
    send(QEvent.Type.MouseButtonPress, QPointF(300, 300))

    def step(number: int) -> None:
        send(QEvent.Type.MouseMove, QPointF(300 + number % 60, 300 + number % 47))
        _painted(canvas, turn)

    return canvas, step


def _their_drag(values: np.ndarray, turn: Callable[[], object]) -> tuple[QWidget, Callable[[int], None]]:
    import pyqtgraph

    view = pyqtgraph.GraphicsLayoutWidget()
    view.resize(_GLASS, _GLASS)
    item = pyqtgraph.ImageItem(values, axisOrder="row-major")
    box = view.addViewBox(lockAspect=True)
    box.addItem(item)
    view.show()
    turn()

    def step(number: int) -> None:
        item.setLevels((number % 60 * 4, 4000 - number % 47 * 4))
        turn()

    return view, step


def _painted(canvas: ImageCanvas, turn: Callable[[], object]) -> None:
    """Return when the canvas has painted what it shows."""
    turn()
    before = canvas.paints
    if not before:
        _wait(lambda: canvas.paints > before, turn)


def _wait(is_so: Callable[[], bool], turn: Callable[[], object]) -> None:
    """Wait as the program does: the thread of the windows sleeps until something comes for it."""
    from PySide6.QtCore import QCoreApplication, QEventLoop

    end = time.monotonic() + _LONGEST_S
    turn()
    while not is_so():
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        if time.monotonic() > end:
            raise TimeoutError("the screen did not follow")


def _p95(runs: Sequence[float]) -> float:
    return sorted(runs)[-(-len(runs) * 95 // 100) - 1]


def _memory_mb(what: str, pid: int | str = "self") -> float:
    """Return a figure of a process's memory in megabytes, as Linux counts it."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:")) / 1024


def _children() -> tuple[int, ...]:
    tasks = Path("/proc/self/task").iterdir()
    return tuple(int(pid) for task in tasks for pid in (task / "children").read_text(encoding="ascii").split())


if __name__ == "__main__":
    main()
