"""``main.py view FILE|FOLDER``: images of nobody in a window, or with ``--render`` as a picture file.

Nothing is kept and nobody signs in. Exit codes: 0 it was shown; 2 the words on the command line are none; 3 it cannot
be shown, and a sentence says why.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication

from clinic_app.foundation.apart import Children
from clinic_app.foundation.errors import ClinicError, NotFoundError
from clinic_app.foundation.texts import LANGUAGES, Language, Text
from clinic_app.imaging import LocalFiles
from ui import language, theme
from ui.imaging.files_window import FilesWindow
from ui.imaging.picture_file import picture_of_files, save_picture
from ui.imaging.view_model_files import FilesViewModel
from ui.language import say
from ui.tasks import TaskRunner

CANNOT: Final = 3
_THREADS: Final = 2
_LARGEST_SIDE: Final = 8192


def view(arguments: Sequence[str]) -> int:
    """Show files as the command line says; return the exit code."""
    options = _parse(arguments)
    if options.render and not os.environ.get("QT_QPA_PLATFORM"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"  # no screen is needed
    running = QApplication.instance()
    application = running if isinstance(running, QApplication) else QApplication(sys.argv[:1])
    language.use(cast("Language", options.language or language.current()))
    theme.apply(application, "light")
    decoders = Children()
    try:
        return _render(options, decoders) if options.render else _show(options.path, decoders, application)
    except ClinicError as error:
        print(say(error.text), file=sys.stderr)  # noqa: T201 - this is a command
        return CANNOT
    finally:
        decoders.close()


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dala view", description="Show DICOM files without a patient.")
    parser.add_argument("path", type=Path, metavar="FILE|FOLDER")
    parser.add_argument("--render", type=Path, metavar="OUT.png", help="write what the viewport would show, and end")
    parser.add_argument("--frame", type=int, default=1, metavar="N", help="which image of the series, from 1")
    parser.add_argument("--size", type=_size, metavar="WxH", help="of the viewport (default: the image at 100 %%)")
    parser.add_argument("--language", choices=LANGUAGES, help="language of the window and of sentences")
    return parser.parse_args(arguments)


def _size(words: str) -> QSize:
    width, _x, height = words.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError("like 1024x768")
    sides = int(width), int(height)
    if not all(1 <= side <= _LARGEST_SIDE for side in sides):
        raise argparse.ArgumentTypeError(f"from 1x1 to {_LARGEST_SIDE}x{_LARGEST_SIDE}")
    return QSize(*sides)


def _render(options: argparse.Namespace, decoders: Children) -> int:
    image, notes = picture_of_files(LocalFiles.of(options.path, decoders), options.frame, options.size)
    save_picture(image, options.render)
    for note in notes:
        print(say(note), file=sys.stderr)  # noqa: T201 - this is a command
    return 0


def _show(path: Path, decoders: Children, application: QApplication) -> int:
    if not path.exists():
        raise NotFoundError(Text("There is no file “{name}”.", name=path.name))
    runner = TaskRunner(_THREADS)
    model = FilesViewModel(path, decoders, runner)
    window = FilesWindow(model, path.name)
    window.resize(1262, 760)
    window.show()
    model.look()
    try:
        return application.exec()
    finally:
        window.close()
        runner.close()
