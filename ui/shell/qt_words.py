"""What Qt itself says: into the log by its kind alone, because Qt quotes what it was given; its last words to IT."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

_LEVELS: Final = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
log = logging.getLogger(__name__)


@contextmanager
def heard(last_words: Callable[[str], object]) -> Iterator[None]:
    """Hear what Qt says for the length of the block; a console, which nobody keeps, is told the words too.

    Args:
        last_words: told the words with which Qt ends the process, before it does.
    """

    def hear(kind: QtMsgType, context: QMessageLogContext, words: str) -> None:
        if kind is QtMsgType.QtFatalMsg:
            last_words(words)
        log.log(_LEVELS.get(kind, logging.WARNING), "Qt said something: %s", context.category)
        if sys.stderr is not None:
            sys.stderr.write(f"{words}\n")

    former = qInstallMessageHandler(hear)
    try:
        yield
    finally:
        qInstallMessageHandler(former)
