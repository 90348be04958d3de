"""The orders of one day: read, written, begun, finished, cancelled, and opened again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.order_record import OrderForm
from clinic_app.imaging.orders import ImageOrder
from ui.one_wish import OneWish
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.imaging.network.service import ImageNetwork
    from clinic_app.imaging.orders import ImageOrders
    from ui.shell.patient_in_hand import PatientInHand

LOOK_MS: Final = 15_000


class OrdersViewModel(QObject):
    """The orders for one person.

    Signals: ``changed`` (see ``orders``), ``hand_changed``, ``ordered(accession)``, ``moved(ImageOrder)``,
    ``refused(field, Text)``, ``busy_changed(bool)``.
    """

    changed = Signal()
    hand_changed = Signal()
    ordered = Signal(str)
    moved = Signal(object)
    refused = Signal(str, object)
    busy_changed = Signal(bool)

    def __init__(
        self,
        orders: ImageOrders,
        network: ImageNetwork,
        runner: TaskRunner,
        session: Session,
        hand: PatientInHand,
        clock: Clock,
    ) -> None:
        super().__init__()
        self._orders = orders
        self._network = network
        self._runner = runner
        self._session = session
        self._clock = clock
        self.hand = hand
        self.day = self.today
        self.orders: tuple[ImageOrder, ...] = ()
        self._is_asking = False
        self._asks_again = False
        self._wish = OneWish[bool](runner, self, lambda is_busy: self.busy_changed.emit(bool(is_busy)))
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.look)
        hand.changed.connect(self.hand_changed)

    @property
    def now(self) -> datetime:
        """This moment."""
        return self._clock.now()

    @property
    def today(self) -> date:
        """This day, by the local clock."""
        return self.now.astimezone().date()

    @property
    def may_order(self) -> bool:
        """Whether this person writes and cancels orders."""
        return self._session.role in ("doctor", "specialist")

    @property
    def may_move(self) -> bool:
        """Whether this person says that one has begun or is done."""
        return self._session.role in ("nurse", "doctor", "specialist")

    def stations(self) -> tuple[tuple[str, str], ...]:
        """Return the machines that ask for orders: AE title and name of each."""
        return tuple((peer.ae_title, peer.name) for peer in self._network.peers() if "worklist" in peer.uses)

    def watch(self, is_watched: bool) -> None:
        """Say whether somebody looks."""
        if is_watched:
            self._timer.start()
            self.look()
        else:
            self._timer.stop()

    def go_to(self, day: date) -> None:
        """Show another day."""
        self.day = day
        self.look()

    def step(self, days: int) -> None:
        """Go so many days on or back."""
        self.go_to(self.day + timedelta(days=days))

    def look(self) -> None:
        """Read the day's orders anew."""
        if self._is_asking:
            self._asks_again = True
            return
        self._is_asking, self._asks_again = True, False
        orders, session, day = self._orders, self._session, self.day
        self._runner.run(lambda: orders.of_day(session, day), owner=self, done=self._take, failed=self._fail)

    def order(self, form: OrderForm) -> None:
        """Write an order for the patient in hand."""
        patient = self.hand.patient
        if patient is None:
            self.refused.emit("patient", Text("Choose a patient first."))
            return

        def done(order: ImageOrder) -> None:
            self.day = order.at.astimezone().date()
            self.ordered.emit(order.accession)
            self.look()

        self._wish.ask(True, lambda: self._orders.order(self._session, patient.id, form), done, self._refuse)

    def begin(self, order: ImageOrder) -> None:
        """Say that pictures are being taken."""
        self._move(lambda: self._orders.begin(self._session, order.id))

    def finish(self, order: ImageOrder) -> None:
        """Say that it is done."""
        self._move(lambda: self._orders.finish(self._session, order.id))

    def reopen(self, order: ImageOrder) -> None:
        """Take back that it has begun or is done."""
        self._move(lambda: self._orders.reopen(self._session, order.id))

    def cancel(self, order: ImageOrder, reason: str) -> None:
        """Cancel an order."""
        self._move(lambda: self._orders.cancel(self._session, order.id, reason))

    def _move(self, work: Callable[[], ImageOrder]) -> None:
        def done(order: ImageOrder) -> None:
            self.moved.emit(order)
            self.look()

        self._wish.ask(True, work, done, self._refuse)

    def _take(self, orders: tuple[ImageOrder, ...]) -> None:
        self._is_asking = False
        if self._asks_again:
            self.look()
            return
        self.orders = orders
        self.changed.emit()

    def _fail(self, error: ClinicError) -> None:
        self._is_asking = False
        self.refused.emit("", error.text)

    def _refuse(self, error: ClinicError) -> None:
        self.refused.emit(error.field if isinstance(error, InvalidInputError) else "", error.text)
        if not isinstance(error, InvalidInputError):
            self.look()  # what is shown is old
