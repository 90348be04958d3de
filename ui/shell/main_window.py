"""The one window of the program: the gate, the work page of whoever is signed in, and the lock over it.

Several people may keep a place at a shared workstation; the page of whoever works is in front, the others' are hidden
until their owners unlock them with their own passwords.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from clinic_app.documents import RecoverySheet
from clinic_app.foundation.texts import LANGUAGES, Language
from clinic_app.settings import LOCK_AFTER_S
from ui import language, theme
from ui.events import CoreEvents
from ui.language import Translated
from ui.shell.context import ScreenContext
from ui.shell.cover import cover_all_but
from ui.shell.crash_dialog import CrashDialog
from ui.shell.draft_book import DraftBook
from ui.shell.erased_notice import ErasedNotice
from ui.shell.first_start import FirstStartScreen
from ui.shell.gate_page import GatePage
from ui.shell.idle_watch import IdleWatch
from ui.shell.leaving import Leaving
from ui.shell.lock import LockScreen
from ui.shell.patient_in_hand import PatientInHand
from ui.shell.recovery_code_page import RecoveryCodePage
from ui.shell.seats import Seat, Seats
from ui.shell.sign_in import SignInScreen
from ui.shell.system_lock import SystemLock, system_lock
from ui.shell.view_model import GateViewModel
from ui.shell.warm_up import warm_up
from ui.shell.work_page import WorkPage
from ui.strokes import next_turn
from ui.tasks import TaskRunner
from ui.widgets.front_stack import FrontStack
from ui.widgets.screen_scale import SCREENS, screen_scales

if TYPE_CHECKING:
    from clinic_app.access import RecentPerson, Session
    from clinic_app.workstation import Workstation

LEAST_WIDTH, LEAST_HEIGHT = 1180, 680


class MainWindow(Translated, QMainWindow):
    """Starts at the gate; the core is asked through ``runner`` only.

    Args:
        workstation: the services of the core.
        runner: the way into the background; outlives the window.
        computer: tells when the computer itself is locked.
    """

    def __init__(self, workstation: Workstation, runner: TaskRunner, computer: SystemLock | None = None) -> None:
        super().__init__()
        self._workstation = workstation
        self._runner = runner
        self.events = CoreEvents()
        self.seats = Seats()
        self._seat: Seat | None = None
        self._coming: Session | None = None
        self._books: dict[str, DraftBook] = {}
        self._place = ""
        self._is_told = False
        self._leaving = Leaving(self, self.seats, self._books)
        self._late_fault: BaseException | None = None
        self._usable_calls: list[Callable[[], object]] = []
        self._subscriptions: list[Callable[[], None]] = []
        self._gate = GateViewModel(workstation.people, workstation.set_up, runner)
        self._sign_in = SignInScreen(self._gate)
        self._first_start = FirstStartScreen(self._gate)
        self._lock = LockScreen(self._gate)
        self._code_page = RecoveryCodePage(runner)
        self._newcomer: Session | None = None
        self._pages = FrontStack()
        self.idle = IdleWatch(workstation.settings[LOCK_AFTER_S], self)
        self._computer = computer or system_lock()
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

    @property
    def session(self) -> Session | None:
        """Who is signed in, also while the window is locked by him."""
        return self._seat.session if self._seat is not None else self._coming

    @property
    def work(self) -> WorkPage | None:
        """The page of whoever is signed in."""
        return self._seat.page if self._seat is not None else None

    @property
    def is_locked(self) -> bool:
        """Whether nobody's work can be seen."""
        return self.work is None or self._pages.currentWidget() is not self.work

    def _connect(self) -> None:
        self._gate.looked.connect(self._after_look)
        self._gate.let_in.connect(self._let_in)
        self._gate.code_made.connect(self._show_code)
        self._code_page.written_down.connect(self._after_code)
        self._lock.left.connect(self._change_person)
        self._runner.faulted.connect(self._show_crash)
        self.events.fault.connect(self._show_crash)
        self.idle.due.connect(self.lock)
        self.idle.warned.connect(self._warn)
        screen_scales().measured.connect(self._keep_screens)
        keys = QShortcut(QKeySequence("Ctrl+Shift+L"), self)
        keys.activated.connect(self.lock)
        self._leaving.left.connect(self.sign_out)
        sync = self._workstation.sync
        ErasedNotice(self._pages, self.events, lambda: sync.state() if sync is not None else None, self.close_now)
        if self._workstation.sync is not None:
            self._subscriptions.append(self._workstation.sync.subscribe(self.events.tell_sync_changed))
        self._subscriptions.append(self._workstation.safekeeping.subscribe(self.events.tell_keeping_changed))

    def when_usable(self, call: Callable[[], object]) -> None:
        """Call back once, when the window is drawn and somebody could sign in."""
        self._usable_calls.append(call)

    def lock(self) -> None:
        """Cover everything; the session, what is being written and the place of the cursor stay, recordings go on."""
        seat = self._seat
        if seat is None or self.is_locked:
            return
        cursor = self.focusWidget()
        seat.page.keep_drafts()
        seat.leave(cursor, cover_all_but(self))
        self.idle.stop()
        self._lock.lock(seat.session)
        self._front(self._lock)
        self._show_people()

    def ask_sign_out(self) -> None:
        """End the session; first ask where something is not saved."""
        if self.work is None or not self._leaving.asks("sign_out", self.work):
            self.sign_out()

    def sign_out(self, with_words: bool = True) -> None:  # a signal carries it
        """End the session: its screens and the patient go, the sign-in screen comes.

        Args:
            with_words: what is typed and not saved is kept as drafts; False throws it away.
        """
        seat, self._seat, self._coming = self._seat, None, None
        if seat is not None:
            self._end(seat, with_words=with_words)
            cover_all_but(self)
        self._to_gate("")

    def retranslate(self) -> None:
        """Put the title of the window."""
        self.setWindowTitle(f"Dala · {self._place}" if self._place else "Dala")

    def showEvent(self, event: QShowEvent) -> None:
        """From now on there is a window the computer can tell of its lock."""
        super().showEvent(event)
        handle = self.windowHandle()
        if not self._is_told and handle is not None:
            self._is_told = True
            self._computer.start(handle, self.lock)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask where something is not saved, let drafts reach the disk, stop listening to the core."""
        if self._leaving.is_held(None if self.is_locked else self.work):
            event.ignore()
            return
        self.idle.stop()
        self._computer.stop()
        ends, self._subscriptions = self._subscriptions, []
        for end in ends:
            end()
        super().closeEvent(event)

    def close_now(self) -> None:
        """Close without a question; what is typed is kept as drafts if the disk still takes it."""
        self._leaving.may_close = True
        for seat in self.seats:
            seat.page.keep_drafts()
        self.close()

    def _front(self, page: QWidget) -> None:
        self._pages.setCurrentWidget(page)

    def _to_gate(self, login: str) -> None:
        self.idle.stop()
        self._gate.forget()
        self._lock.clear()
        self._sign_in.begin(login)
        self._front(self._sign_in)
        self._show_people()
        self.retranslate()

    def _after_look(self, is_empty: bool, place: str) -> None:
        self._name_place(place)
        page: GatePage = self._first_start if is_empty else self._sign_in
        self._front(page)
        self._show_people()
        calls, self._usable_calls = self._usable_calls, []
        for call in calls:
            next_turn(self, call)
        warm_up(self, lambda: None)

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

    def _name_place(self, place: str) -> None:
        self._place = place
        for page in (self._sign_in, self._lock):
            page.show_place(place)
        self.retranslate()

    def _show_people(self) -> None:
        """Put those who worked here last on the buttons; on the lock all but its owner."""
        self._runner.run(self._workstation.recent_people.all, owner=self, done=self._put_people)

    def _put_people(self, people: tuple[RecentPerson, ...]) -> None:
        kept = frozenset(seat.session.login for seat in self.seats)
        mine = self._seat.session.login if self._seat is not None else ""
        if self._sign_in.pad is not None and self._lock.pad is not None:
            self._sign_in.pad.show_people(people, kept)
            self._lock.pad.show_people([each for each in people if each.login != mine], kept)

    def _change_person(self, login: str) -> None:
        """Somebody else wants to sign in at the lock; whoever locked keeps his place."""
        self._seat = None
        self._to_gate(login)

    def _let_in(self, session: Session) -> None:
        for page in (self._sign_in, self._first_start, self._lock):
            page.clear()
        for seat in self.seats.outworn(session):
            self._end(seat, with_words=True)
        if self._seat is not None and self._seat not in self.seats:
            self._seat = None
        kept = self.seats.of(session)
        self._coming = session
        if kept is not None:
            self._come_back(kept)
            return
        self._runner.run(
            partial(self._greet, session),
            owner=self,
            done=partial(self._open_work, session),
            failed=lambda _error: self._open_work(session, {}),
        )

    def _greet(self, session: Session) -> dict[str, str | None]:
        """In the background: note who came, read what he likes."""
        self._workstation.recent_people.note(session)
        kept = self._workstation.preferences
        return {key: kept.get(session, key) for key in ("language", "theme")} | {SCREENS: kept.of_computer(SCREENS)}

    def _open_work(self, session: Session, preferences: dict[str, str | None]) -> None:
        if session is not self._coming:
            return  # signed out, or somebody else came, while the preferences were read
        self._name_place(session.organization_name)
        self._wear(preferences.get("language"), preferences.get("theme"))
        screen_scales().use(preferences.get(SCREENS))
        context = ScreenContext(self._workstation, self._runner, session, PatientInHand(), self.events)
        book = self._book(session)
        work = WorkPage(context, book)
        self._pages.addWidget(work)
        work.lock_asked.connect(self.lock)
        work.sign_out_asked.connect(self.ask_sign_out)
        work.language_chosen.connect(self._use_language)
        work.theme_chosen.connect(self._use_theme)
        self._sit(Seat(session, work, book))
        next_turn(work, work.begin)  # the window is drawn first, then its first screen
        book.open()

    def _come_back(self, seat: Seat) -> None:
        session = seat.session
        self._runner.run(lambda: self._workstation.recent_people.note(session), owner=self, done=lambda _none: None)
        self._wear(*seat.worn)
        self._sit(seat)
        seat.come_back()
        if self._late_fault is not None:
            error, self._late_fault = self._late_fault, None
            self._show_crash(error)

    def _sit(self, seat: Seat) -> None:
        self._seat, self._coming = seat, None
        self.seats.sit(seat)
        self._front(seat.page)
        for each in self.seats.surplus():
            self._end(each, with_words=True)
        self.idle.start()
        self.retranslate()

    def _book(self, session: Session) -> DraftBook:
        """Return the drafts of a person; they outlive his page, so that what is on its way to the disk is not lost."""
        if session.practitioner_id not in self._books:
            book = DraftBook(self._workstation.drafts, self._runner, session, self)
            self._books[session.practitioner_id] = book
        return self._books[session.practitioner_id]

    def _end(self, seat: Seat, *, with_words: bool) -> None:
        """Give a place up: its screens go and their memory with them."""
        self.seats.remove(seat)
        self._pages.removeWidget(seat.page)
        seat.page.end(seat.page.deleteLater, with_words=with_words)

    def _warn(self, is_near: bool) -> None:
        if self.work is not None:
            self.work.warn_of_lock(is_near)

    def _wear(self, wanted: str | None, shade: str | None) -> None:
        if wanted in LANGUAGES and wanted != language.current():
            language.use(wanted)
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
        if session is not None and not self.is_locked:
            self._runner.run(
                lambda: self._workstation.preferences.put(session, key, value), owner=self, done=lambda _none: None
            )

    def _keep_screens(self, sizes: str) -> None:
        if self.session is not None and not self.is_locked:
            keep = partial(self._workstation.preferences.put_for_computer, SCREENS, sizes)
            self._runner.run(keep, owner=self, done=lambda _none: None)

    def _show_crash(self, error: BaseException) -> None:
        if any(each.isVisible() for each in self.findChildren(CrashDialog)):
            return  # one is enough; every fault is in the log
        if self.is_locked and self._seat is not None:
            self._late_fault = error
            return
        dialog = CrashDialog(error, self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
