"""Getting at data whose key is not here: a person's password or the recovery code, and then the data themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError, DamagedError, InvalidInputError
from clinic_app.foundation.texts import Text
from ui.one_wish import OneWish
from ui.tasks import TaskRunner

GROUP_LENGTH: Final = 4
T = TypeVar("T")


class Ways(Protocol):
    """What is asked of `clinic_app.opening.Opening` here."""

    def ways(self) -> frozenset[str]:
        """Return the kinds of ways into the folder."""
        ...

    def with_password(self, login: str, password: str) -> bytes:
        """Return the key, or raise an error with a sentence."""
        ...

    def with_recovery_code(self, code: str) -> bytes:
        """Return the key, or raise an error with a sentence."""
        ...


class OpeningViewModel(QObject):
    """What the unlock window asks.

    Args:
        opening: the ways into the data folder.
        build: opens the data with a key and returns the workstation; slow.
        runner: the way into the background.

    Signals: ``opened(workstation)``; ``damaged(key, Text)``: the key is right, the data are not;
    ``refused(field, Text or None)``, where ``code.3`` is the third group of the code; ``busy_changed(Text or None)``
    says what is waited for.
    """

    opened = Signal(object)
    damaged = Signal(object, object)
    refused = Signal(str, object)
    busy_changed = Signal(object)

    def __init__(self, opening: Ways, build: Callable[[bytes], Any], runner: TaskRunner) -> None:
        super().__init__()
        self._opening = opening
        self._build = build
        self._runner = runner
        self._wish = OneWish[Text](runner, self, self.busy_changed.emit)

    @property
    def ways(self) -> frozenset[str]:
        """The ways a person can go here: ``user``, ``recovery``."""
        return self._opening.ways() & {"user", "recovery"}

    def with_password(self, login: str, password: str) -> None:
        """Open with what somebody signs in with here."""
        for field, value in (("login", login.strip()), ("password", password)):
            if not value:
                self.refused.emit(field, Text("Type the login and the password."))
                return
        self._ask(lambda: self._opening.with_password(login.strip(), password), "")

    def with_code(self, groups: Sequence[str]) -> None:
        """Open with the recovery code, as far as it is typed."""
        wrong = code_fault(groups)
        if wrong is not None:
            self.refused.emit(*wrong)
            return
        self._ask(lambda: self._opening.with_recovery_code("-".join(groups)), "code")

    def _ask(self, work: Callable[[], bytes], field: str) -> None:
        self._run(Text("Trying the key…"), work, self._open, lambda error: self._refuse(error, field))

    def _open(self, key: bytes) -> None:
        def fail(error: ClinicError) -> None:
            if isinstance(error, DamagedError):
                self.damaged.emit(key, error.text)
            else:
                self._refuse(error, "")

        self._run(Text("The key fits. Opening the data…"), lambda: self._build(key), self.opened.emit, fail)

    def _run(
        self, words: Text, work: Callable[[], T], done: Callable[[T], object], failed: Callable[[ClinicError], object]
    ) -> None:
        """Do one thing at a time, and say for what is waited."""
        if not self._wish.is_under_way:
            self.refused.emit("", None)
        self._wish.ask(words, work, done, failed)

    def _refuse(self, error: ClinicError, field: str) -> None:
        told = error.field if isinstance(error, InvalidInputError) and error.field else field
        self.refused.emit(told, error.text)


def code_fault(groups: Sequence[str]) -> tuple[str, Text] | None:
    """Return the first group of a typed code that is not whole and what is said of it, or None."""
    if not any(groups):
        return "code", Text("Type the recovery code from its paper.")
    for number, group in enumerate(groups, 1):
        if len(group) != GROUP_LENGTH:
            words = Text(
                "Group {number} is not whole: a group has {length} characters.", number=number, length=GROUP_LENGTH
            )
            return f"code.{number}", words
    return None
