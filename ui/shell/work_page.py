"""The window of somebody who is signed in: rail, banner, notice, the screens, status bar."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from clinic_app.records import AllergyIntolerance, Patient
from ui.drafts import SCREEN_OF, DraftHolder, SelfKeeper, Worker, draft_words
from ui.language import _, say
from ui.shell.closed_record_page import ClosedRecordPage
from ui.shell.context import ScreenContext
from ui.shell.draft_bar import DraftBar
from ui.shell.draft_book import DraftBook
from ui.shell.rail import Rail
from ui.shell.record_access import RecordAccess
from ui.shell.screens import Screen, screens_of
from ui.shell.space_bar import SpaceBar
from ui.shell.status_strip import StatusStrip
from ui.shell.status_view_model import StatusViewModel
from ui.shell.warm_up import warm_up
from ui.strokes import next_turn
from ui.widgets.chip import Tone
from ui.widgets.front_stack import FrontStack
from ui.widgets.notice import NoticeBar
from ui.widgets.patient_banner import PatientBanner

if TYPE_CHECKING:
    from clinic_app.access import Draft
    from clinic_app.waveforms.store import LongRecordings

_ONE_FORM: Final = ("register", "amend")
"""Kinds of draft that share one form."""
_KEEP_MS: Final = 10_000
"""How often what is typed goes to the disk: a power cut costs no more words than this."""
_BREATH_MS: Final = 40
"""Between two screens that are made ahead; the window answers in between."""


class WorkPage(QWidget):
    """Composes one session's screens; each is made ahead, or when it is first opened if that comes sooner.

    Args:
        context: services, session, patient.
        book: the drafts of whoever is signed in.

    Signals: ``lock_asked``, ``sign_out_asked``, ``language_chosen(str)``, ``theme_chosen(str)``.
    """

    lock_asked = Signal()
    sign_out_asked = Signal()
    language_chosen = Signal(str)
    theme_chosen = Signal(str)

    def __init__(self, context: ScreenContext, book: DraftBook) -> None:
        super().__init__()
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._context = context
        self._book = book
        self._screens = {screen.key: screen for screen in screens_of(context.session.role)}
        self._made: dict[str, QWidget] = {}
        self.rail = Rail(tuple(self._screens.values()))
        self.banner = PatientBanner(self._keys_of("patients"))
        self.notice = NoticeBar("notice")
        self.lock_warning = NoticeBar("lock_warning")
        self.space = SpaceBar(context.workstation.safekeeping.space(), context.events)
        self.access = RecordAccess(context, self)
        self._wanted = ""
        self._drafts = DraftBar()
        self._stack = FrontStack()
        self._status_model = StatusViewModel(context.workstation.sync, context.runner, context.events)
        self.status = StatusStrip(self._status_model, context.session)
        self._breath = QTimer(self, singleShot=True, interval=_BREATH_MS)
        self._keep = QTimer(self, interval=_KEEP_MS)
        self._build()
        self._connect()
        self._follow_patient()

    def _build(self) -> None:
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        right = QVBoxLayout()
        right.setSpacing(0)
        about_patient = (self.banner, self.access.bar, self.access.question)
        for part in (self.lock_warning, self.space, self._drafts, *about_patient, self.notice):
            right.addWidget(part)
        right.addWidget(self._stack, 1)
        middle.addWidget(self.rail)
        middle.addLayout(right, 1)
        page.addLayout(middle, 1)
        page.addWidget(self.status)
        # Whose work is not with patients has none in hand. Not earlier: shown before it has a place, it is a window.
        self.banner.setHidden("patients" not in self._screens)

    def _keys_of(self, key: str) -> str:
        places = list(self._screens)
        return f"Alt+{places.index(key) + 1}" if key in places else ""

    def _connect(self) -> None:
        self._breath.timeout.connect(self._make_ahead)
        self._keep.timeout.connect(self.keep_drafts)
        self._book.changed.connect(self._show_drafts)
        self._book.failed.connect(self._say_refusal)
        self._drafts.taken.connect(self._go_on_with)
        self._drafts.discarded.connect(self._book.discard)
        self.rail.chosen.connect(self._choose)
        self.status.lock_asked.connect(self.lock_asked)
        self.status.sign_out_asked.connect(self.sign_out_asked)
        self.status.exchange_asked.connect(lambda: self.go("exchange"))
        self.banner.put_away.connect(self._put_away)
        self.banner.allow_restricting(self.access.model.may_restrict)
        self.banner.restriction_asked.connect(self.access.ask_restriction)
        self.access.noticed.connect(self.say)
        self.access.opened.connect(lambda: self.go(self._wanted))
        self._context.hand.changed.connect(self._follow_patient)

    def begin(self) -> None:
        """Open the first screen of the role; call it when the page can be seen, so that the cursor finds its place."""
        self._status_model.look()
        self._keep.start()
        self._show_drafts()
        first = next(iter(self._screens))
        self.widget_of(first)
        next_turn(self, self._enter_first)
        warm_up(self, self._make_ahead)

    def _enter_first(self) -> None:
        first = next(iter(self._screens))
        if self.current_key in ("", first):  # else a quick hand has gone elsewhere already
            self.go(first)

    def _make_ahead(self) -> None:
        """Make the role's other screens one by one while nothing else is to be done, so that each opens at once."""
        waiting = next((key for key in self._screens if key not in self._made), None)
        if waiting is not None:
            self.widget_of(waiting)
            self._breath.start()
        elif any(more() for screen in self._made.values() if (more := getattr(screen, "make_more", None))):
            self._breath.start()

    @property
    def current_key(self) -> str:
        """The key of the screen in front."""
        front = self._stack.currentWidget()
        if isinstance(front, ClosedRecordPage):
            return self._wanted
        return next((key for key, widget in self._made.items() if widget is front), "")

    def widget_of(self, key: str) -> QWidget:
        """Return a screen, made now if this is the first time."""
        if key not in self._made:
            self._made[key] = self._make(self._screens[key])
        return self._made[key]

    def go(self, key: str) -> None:
        """Bring a screen to the front, if this role has it and it may be shown."""
        screen = self._screens.get(key)
        if screen is not None and screen.needs_patient and self._context.hand.closed is not None:
            self._show_closed(key)
            return
        if screen is None or (screen.needs_patient and self._context.hand.patient is None):
            self.rail.mark(self.current_key)
            return
        widget = self.widget_of(key)
        self._stack.setCurrentWidget(widget)
        self.rail.mark(key)
        entered = getattr(widget, "entered", None)
        if entered is not None:
            entered()

    def _show_closed(self, key: str) -> None:
        """Say in the place of a screen that the record is closed, until it is opened or put away."""
        self._wanted = key
        self._stack.addWidget(self.access.page)  # again changes nothing
        self._stack.setCurrentWidget(self.access.page)
        self.rail.mark(key)
        self.access.page.entered()

    def _choose(self, key: str) -> None:
        self.notice.leave_good_news()
        self.go(key)

    def say(self, words: str, tone: str = "ok") -> None:
        """Show a notice."""
        self.notice.show_notice(words, cast("Tone", tone))

    def _make(self, screen: Screen) -> QWidget:
        widget = screen.factory(self._context, self._stack)
        self._stack.addWidget(widget)
        for signal, slot in (
            ("noticed", self.say),
            ("went", self.go),
            ("language_chosen", self.language_chosen),
            ("theme_chosen", self.theme_chosen),
            ("allergies_changed", self._ask_allergies),
            ("draft_left", self._book.put_by),
            ("counted", self._show_questions),
            ("results_counted", partial(self.rail.count, "devices")),
            ("images_counted", partial(self.rail.count, "orders")),
        ):
            if hasattr(widget, signal):
                getattr(widget, signal).connect(slot)
        return widget

    def _show_questions(self, count: int) -> None:
        self.rail.count("exchange", count)
        self.status.show_questions(count)

    def has_unsaved(self) -> bool:
        """Return whether something would be lost if the page went now without a word."""
        is_typed = any(each.has_unsaved() for each in self._holders())
        return is_typed or self.is_working() or not all(each.is_kept() for each in self._keepers())

    def unsaved_words(self) -> list[str]:
        """Return what is not saved, a sentence for each."""
        lines = [draft_words(draft) for draft in self._typed()]
        refused = [each for each in self._keepers() if not each.is_kept()]
        return lines + [_("An opinion is not kept yet") for _each in refused]

    def is_working(self) -> bool:
        """Return whether a recording runs."""
        return any(each.is_working() for each in self._made.values() if isinstance(each, Worker))

    def records_for_hours(self) -> bool:
        """Return whether a monitor is being recorded until somebody ends it; that stops with the program."""
        return _runs(self._context.workstation.long_recordings)

    @property
    def is_kept(self) -> bool:
        """Whether everything typed is on the disk, as drafts at least."""
        return self._book.is_kept and all(each.is_kept() for each in self._keepers())

    def keep_drafts(self, done: Callable[[], None] | None = None) -> None:
        """Keep what is typed; call back once everything is on the disk or was refused."""
        keepers = self._keepers()
        left = [len(keepers) + 1]

        def one_is_through() -> None:
            left[0] -= 1
            if left[0] == 0 and done is not None:
                done()

        self._book.keep(self._typed(), one_is_through)
        for each in keepers:
            each.keep_now(one_is_through)

    def end(self, gone: Callable[[], None], *, with_words: bool) -> None:
        """The person leaves: what he typed waits for him, or is thrown away.

        Args:
            gone: called once nothing of the page is on its way to the disk any more.
            with_words: what is typed is kept.
        """
        self._keep.stop()
        self._breath.stop()
        self.keep_drafts(gone)
        self._book.leave_forms(with_words=with_words)

    def warn_of_lock(self, is_near: bool) -> None:
        """Say that the window locks soon, or no longer."""
        if is_near:
            text = Text("Nobody has touched this window for a while: it locks soon. Any key or movement keeps it open.")
            self.lock_warning.show_notice(text, "info")
        else:
            self.lock_warning.hide()

    def _holders(self) -> list[DraftHolder]:
        return [each for each in self._made.values() if isinstance(each, DraftHolder)]

    def _keepers(self) -> list[SelfKeeper]:
        return [each for each in self._made.values() if isinstance(each, SelfKeeper)]

    def _typed(self) -> list[Draft]:
        return [draft for each in self._holders() for draft in each.drafts()]

    def _say_refusal(self, text: Text) -> None:
        self.notice.show_notice(text, "warn")

    def _show_drafts(self) -> None:
        mine = self._book.waiting
        self._drafts.show_drafts(tuple(each for each in mine if SCREEN_OF.get(each.kind) in self._screens))

    def _go_on_with(self, draft: Draft) -> None:
        """Put a draft back into its form, if no other words of the same kind are in the way."""
        holder = cast("DraftHolder", self.widget_of(SCREEN_OF[draft.kind]))
        if any(draft_words(each) == draft_words(draft) or each.kind in _ONE_FORM for each in holder.drafts()):
            self.say(_("Another form is open there: save it or leave it first."), "warn")
            return
        patient = self._context.hand.patient
        if not draft.patient_id:
            self._context.hand.take(None)
            self._put_back(draft)
        elif patient is not None and patient.id == draft.patient_id:
            self._put_back(draft)
        else:
            self._fetch(draft)

    def _fetch(self, draft: Draft) -> None:
        context = self._context

        def take(patient: Patient) -> None:
            context.hand.take(patient)
            self._put_back(draft)

        context.runner.run(
            lambda: context.workstation.registration.get(context.session, draft.patient_id),
            owner=cast("QObject", self),
            done=take,
            failed=lambda error: self.say(say(error.text), "warn"),
        )

    def _put_back(self, draft: Draft) -> None:
        key = SCREEN_OF[draft.kind]
        self._book.take(draft)
        self.go(key)
        cast("DraftHolder", self.widget_of(key)).take_draft(draft)

    def _put_away(self) -> None:
        self._context.hand.take(None)

    def _follow_patient(self) -> None:
        hand = self._context.hand
        shown = hand.patient or hand.closed
        self.banner.show_patient(shown)
        for screen in self._screens.values():
            self.rail.allow(screen.key, not screen.needs_patient or shown is not None)
        front = self._screens.get(self.current_key)
        if front and front.needs_patient and hand.patient is None:
            self.go(front.key if hand.closed else next(iter(self._screens)))
        self._ask_allergies()

    def _ask_allergies(self) -> None:
        patient, context = self._context.hand.patient, self._context
        if patient is None or not context.session.can("read", "AllergyIntolerance"):
            return

        def show(found: tuple[AllergyIntolerance, ...]) -> None:
            if context.hand.patient is not None and context.hand.patient.id == patient.id:
                words = tuple(each.code.text for each in found if each.code and each.code.text)
                self.banner.show_patient(context.hand.patient, words)

        context.runner.run(
            lambda: context.workstation.encounters.allergies(context.session, patient.id),
            owner=cast("QObject", self),
            done=show,
            failed=lambda error: self.say(say(error.text), "warn"),
        )


def _runs(hours: LongRecordings | None) -> bool:
    return hours is not None and bool(hours.running())
