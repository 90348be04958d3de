"""The one window of the program: the gate, the work page of whoever is signed in, and the lock over it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QTimer
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QWidget
from shiboken6 import isValid

from clinic_app.documents import RecoverySheet
from clinic_app.foundation.texts import LANGUAGES, Language
from ui import language, theme
from ui.events import CoreEvents
from ui.language import Translated
from ui.shell.context import ScreenContext
from ui.shell.crash_dialog import CrashDialog
from ui.shell.first_start import FirstStartScreen
from ui.shell.gate_page import GatePage
from ui.shell.lock import LockScreen
from ui.shell.patient_in_hand import PatientInHand
from ui.shell.recovery_code_page import RecoveryCodePage
from ui.shell.screens import warm_up
from ui.shell.sign_in import SignInScreen
from ui.shell.view_model import GateViewModel
from ui.shell.work_page import WorkPage
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.workstation import Workstation

LEAST_WIDTH, LEAST_HEIGHT = 1180, 680


class MainWindow(Translated, QMainWindow):
    """Starts at the gate; the core is asked through ``runner`` only.

    Args:
        workstation: the services of the core.
        runner: the way into the background; outlives the window.
    """

    def __init__(self, workstation: Workstation, runner: TaskRunner) -> None:
        super().__init__()
        self._workstation = workstation
        self._runner = runner
        self.events = CoreEvents()
        self.session: Session | None = None
        self.work: WorkPage | None = None
        self._cursor: QWidget | None = None
        self._usable_calls: list[Callable[[], object]] = []
        self._end_subscription: Callable[[], None] | None = None
        self._gate = GateViewModel(workstation.people, workstation.set_up, runner)
        self._sign_in = SignInScreen(self._gate)
        self._first_start = FirstStartScreen(self._gate)
        self._lock = LockScreen(self._gate)
        self._code_page = RecoveryCodePage(runner)
        self._newcomer: Session | None = None
        self._pages = QStackedWidget()
        for page in (self._sign_in, self._first_start, self._lock, self._code_page):
            self._pages.addWidget(page)
            page.choices.language_chosen.connect(self._use_language)
            page.choices.theme_chosen.connect(self._use_theme)
        self.setCentralWidget(self._pages)
        self.setMinimumSize(LEAST_WIDTH, LEAST_HEIGHT)
        self.resize(1366, 768)
        self._connect()
        self.retranslate()
        self._gate.look()

    def _connect(self) -> None:
        self._gate.looked.connect(self._after_look)
        self._gate.let_in.connect(self._let_in)
        self._gate.code_made.connect(self._show_code)
        self._code_page.written_down.connect(self._after_code)
        self._lock.left.connect(self.sign_out)
        self._runner.faulted.connect(self._show_crash)
        self.events.fault.connect(self._show_crash)
        keys = QShortcut(QKeySequence("Ctrl+Shift+L"), self)
        keys.activated.connect(self.lock)
        if self._workstation.sync is not None:
            self._end_subscription = self._workstation.sync.subscribe(self.events.tell_sync_changed)

    def when_usable(self, call: Callable[[], object]) -> None:
        """Call back once, when the window is drawn and somebody could sign in."""
        self._usable_calls.append(call)

    def lock(self) -> None:
        """Cover everything; the session, what is being written and the place of the cursor stay."""
        if self.session is not None and self.work is not None and self._pages.currentWidget() is self.work:
            self._cursor = self.focusWidget()
            self._lock.lock(self.session)
            self._front(self._lock)

    def sign_out(self) -> None:
        """End the session: its screens and the patient go, the sign-in screen comes."""
        if self.work is not None:
            self._pages.removeWidget(self.work)
            self.work.deleteLater()
        self.session, self.work = None, None
        self._gate.forget()
        self._sign_in.clear()
        self._front(self._sign_in)
        self.retranslate()

    def retranslate(self) -> None:
        """Put the title of the window."""
        place = f" · {self.session.organization_name}" if self.session else ""
        self.setWindowTitle(f"Dala{place}")

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop listening to the core before the window goes."""
        if self._end_subscription is not None:
            self._end_subscription()
            self._end_subscription = None
        super().closeEvent(event)

    def _front(self, page: QWidget) -> None:
        self._pages.setCurrentWidget(page)

    def _after_look(self, is_empty: bool) -> None:
        page: GatePage = self._first_start if is_empty else self._sign_in
        self._front(page)
        calls, self._usable_calls = self._usable_calls, []
        for call in calls:
            QTimer.singleShot(0, self, call)
        self._runner.run(warm_up, owner=self, done=lambda _none: None)

    def _show_code(self, code: str, session: Session) -> None:
        """Show the recovery code of the data before the first administrator comes in."""
        self._newcomer = session
        made_at = self._workstation.clock.now()
        self._code_page.show_sheet(RecoverySheet(code, session.organization_name, "Dala", made_at))
        self._front(self._code_page)

    def _after_code(self) -> None:
        session, self._newcomer = self._newcomer, None
        if session is not None:
            self._let_in(session)

    def _let_in(self, session: Session) -> None:
        for page in (self._sign_in, self._first_start, self._lock):
            page.clear()
        if self.session is not None and self.work is not None:
            if session.login == self.session.login:
                self._front(self.work)
                if self._cursor is not None and isValid(self._cursor) and self._cursor.isVisible():
                    self._cursor.setFocus()
                return
            self.sign_out()
        self.session = session
        self._runner.run(
            lambda: {key: self._workstation.preferences.get(session, key) for key in ("language", "theme")},
            owner=self,
            done=partial(self._open_work, session),
            failed=lambda _error: self._open_work(session, {}),
        )

    def _open_work(self, session: Session, preferences: dict[str, str | None]) -> None:
        if session is not self.session:
            return  # signed out, or somebody else came, while the preferences were read
        self._wear(preferences)
        context = ScreenContext(self._workstation, self._runner, session, PatientInHand(), self.events)
        self.work = WorkPage(context)
        self._pages.addWidget(self.work)
        self.work.lock_asked.connect(self.lock)
        self.work.sign_out_asked.connect(self.sign_out)
        self.work.language_chosen.connect(self._use_language)
        self.work.theme_chosen.connect(self._use_theme)
        self._front(self.work)
        QTimer.singleShot(0, self.work, self.work.begin)  # the window is drawn first, then its first screen
        self.retranslate()

    def _wear(self, preferences: dict[str, str | None]) -> None:
        wanted = preferences.get("language")
        if wanted in LANGUAGES and wanted != language.current():
            language.use(wanted)
        shade = preferences.get("theme")
        if shade in ("light", "dark") and shade != theme.current():
            self._dress(shade)

    def _use_language(self, chosen: str) -> None:
        language.use(cast("Language", chosen))
        self._remember("language", chosen)

    def _use_theme(self, chosen: str) -> None:
        self._dress(chosen)
        self._remember("theme", chosen)

    @staticmethod
    def _dress(shade: str) -> None:
        application = QApplication.instance()
        if isinstance(application, QApplication):
            theme.apply(application, cast("theme.ThemeName", shade))

    def _remember(self, key: str, value: str) -> None:
        session = self.session
        if session is not None:
            self._runner.run(
                lambda: self._workstation.preferences.put(session, key, value), owner=self, done=lambda _none: None
            )

    def _show_crash(self, error: BaseException) -> None:
        if any(each.isVisible() for each in self.findChildren(CrashDialog)):
            return  # one is enough; every fault is in the log
        dialog = CrashDialog(error, self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
