"""The screen of images that are ordered, that come and that go: four parts, of which each role sees its own."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from ui.language import _, say
from ui.orders.inbox_page import InboxPage
from ui.orders.network_page import NetworkPage
from ui.orders.orders_page import OrdersPage
from ui.orders.send_page import SendPage
from ui.orders.view_model import OrdersViewModel
from ui.orders.view_model_inbox import InboxViewModel
from ui.orders.view_model_network import NetworkViewModel
from ui.orders.view_model_sending import SendingViewModel
from ui.widgets.page import Page

ORDERS: Final = "orders"
INBOX: Final = "inbox"
SENDING: Final = "sending"
NETWORK: Final = "network"
_Part = OrdersPage | InboxPage | SendPage | NetworkPage


class OrdersScreen(Page):
    """Tabs; what is not in front is made when it is wanted.

    Args:
        orders: the orders of the day; None for whoever sees none.
        inbox: images without a patient.
        network: the devices.
        place: what it will stand in (see `Page`).
        sending: sends to archives; None for whoever does not.

    Signal ``images_counted`` carries how many studies wait, for whoever shows that elsewhere.
    """

    images_counted = Signal(int)

    def __init__(
        self,
        orders: OrdersViewModel | None,
        inbox: InboxViewModel,
        network: NetworkViewModel,
        place: QWidget | None = None,
        sending: SendingViewModel | None = None,
    ) -> None:
        super().__init__("orders", place)
        self._orders, self._inbox, self._network, self._sending = orders, inbox, network, sending
        for model in (orders, inbox, network, sending):
            if model is not None:
                model.setParent(self)
        self._keys: tuple[str, ...] = (
            *((ORDERS,) if orders is not None else ()),
            *((INBOX,) if inbox.may_file else ()),
            *((SENDING,) if sending is not None and sending.may_send else ()),
            NETWORK,
        )
        self._parts: dict[str, _Part] = {}
        self._count = 0
        self._tabs = QTabWidget(self)
        self._tabs.setObjectName("orders.tabs")
        self._tabs.setDocumentMode(True)
        self._tabs.tabBar().setObjectName("orders.tab_bar")
        self._tabs.tabBar().setDrawBase(False)
        self._frames: dict[str, QVBoxLayout] = {}
        for key in self._keys:
            frame = QWidget()
            self._frames[key] = QVBoxLayout(frame)
            self._frames[key].setContentsMargins(0, 0, 0, 0)
            self._tabs.addTab(frame, "")
        if len(self._keys) == 1:  # Tab walks past whatever lies in tabs whose bar is hidden
            self._tabs.hide()
            self._frames[NETWORK] = self.column
        else:
            self.column.addWidget(self._tabs, 1)
        self._part(self._keys[0])
        self._tabs.currentChanged.connect(lambda _place: self._turn())
        inbox.counted.connect(self._take_count)
        inbox.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))
        self.primary_shortcut(self._primary)
        self.shortcut("Ctrl+N", self._add)
        self.shortcut("F2", self._edit)
        self.shortcut("Esc", self._escape)
        self.retranslate()

    def make_more(self) -> bool:
        """Make one more part; return False when there is none to make."""
        missing = next((key for key in self._keys if key not in self._parts), None)
        if missing is not None:
            self._part(missing)
            return True
        page = self._parts.get(ORDERS)
        return isinstance(page, OrdersPage) and page.make_form()

    def entered(self) -> None:
        """Look at what is in front; as long as the screen is, news are read at once."""
        self._turn()

    def hideEvent(self, event: QHideEvent) -> None:
        """Count only, from now on."""
        self._watch("")
        super().hideEvent(event)

    def retranslate(self) -> None:
        """Say everything anew."""
        self.title.setText(_("Imaging devices") if self._keys == (NETWORK,) else _("Orders and images"))
        self._tabs.tabBar().setAccessibleName(_("Parts of the orders"))
        words = {
            ORDERS: _("Orders of the day"),
            INBOX: _("Images without a patient"),
            SENDING: _("Send to an archive"),
            NETWORK: _("Imaging devices"),
        }
        for place, key in enumerate(self._keys):
            is_counted = key == INBOX and self._count
            self._tabs.setTabText(place, f"{words[key]} ({self._count})" if is_counted else words[key])

    @property
    def _front(self) -> str:
        return self._keys[max(0, self._tabs.currentIndex())] if len(self._keys) > 1 else self._keys[0]

    @property
    def _front_part(self) -> _Part:
        return self._part(self._front)

    def _part(self, key: str) -> _Part:
        """Return what lies behind a tab, made now if this is the first time."""
        if key not in self._parts:
            part = self._make(key)
            part.noticed.connect(self.noticed)
            self._frames[key].addWidget(part)
            self._parts[key] = part
        return self._parts[key]

    def _make(self, key: str) -> _Part:
        if key == NETWORK:
            return NetworkPage(self._network)
        if key == ORDERS and self._orders is not None:
            page = OrdersPage(self._orders)
            page.search_wanted.connect(lambda: self.went.emit("patients"))
            page.inbox_wanted.connect(self._to_inbox)
            return page
        if key == SENDING and self._sending is not None:
            sending = SendPage(self._sending)
            sending.search_wanted.connect(lambda: self.went.emit("patients"))
            return sending
        inbox = InboxPage(self._inbox)
        inbox.search_wanted.connect(lambda: self.went.emit("patients"))
        return inbox

    def _turn(self) -> None:
        self._part(self._front)
        self._watch(self._front if self.isVisible() else "")

    def _watch(self, front: str) -> None:
        if self._orders is not None:
            self._orders.watch(front == ORDERS)
        page = self._parts.get(INBOX)
        if isinstance(page, InboxPage):
            page.watch(front == INBOX)
        if self._sending is not None and SENDING in self._parts:
            self._sending.watch(front == SENDING)
        self._network.watch(front == NETWORK)

    def _to_inbox(self) -> None:
        if INBOX in self._keys:
            self._tabs.setCurrentIndex(self._keys.index(INBOX))

    def _take_count(self, count: int) -> None:
        self._count = count
        self.images_counted.emit(count)
        self.retranslate()

    def _primary(self) -> None:
        self._front_part.primary()

    def _add(self) -> None:
        part = self._front_part
        if isinstance(part, OrdersPage | NetworkPage):
            part.add()

    def _edit(self) -> None:
        part = self._front_part
        if isinstance(part, NetworkPage):
            part.edit()

    def _escape(self) -> None:
        part = self._front_part
        if isinstance(part, OrdersPage | NetworkPage):
            part.escape()
