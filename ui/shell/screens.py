"""Which screens there are, for whom, and how each is made: the one place where rooms meet their services.

The makers import their screens when they are first opened, so that the sign-in window need not wait for the imaging
room.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QWidget

from clinic_app.foundation.texts import Text
from ui.remembered import Remembered
from ui.shell.context import ScreenContext

if TYPE_CHECKING:
    from clinic_app.access import Role
    from clinic_app.imaging import Opened
    from clinic_app.records import ImagingStudy
    from ui.imaging.shelf import SeriesRow
    from ui.people.data_page import DataPage
    from ui.people.hub_page import HubPage

CARE: Final[frozenset[str]] = frozenset({"registrar", "nurse", "doctor", "specialist", "laboratory"})
EVERYONE: Final[frozenset[str]] = CARE | {"administrator", "statistician", "auditor"}
EXCHANGERS: Final[frozenset[str]] = EVERYONE - {"statistician"}
BEDSIDE: Final[frozenset[str]] = frozenset({"nurse", "doctor", "specialist"})


@dataclass(frozen=True)
class Screen:
    """One entry of the rail.

    Args:
        key: its stable name: the button is ``rail.<key>``.
        title: its title.
        icon: name of its icon.
        factory: makes the widget for one session, in the place where it will stand.
        roles: who may see it.
        needs_patient: it shows one patient's data and stays closed while there is none in hand.
        is_at_foot: it stands at the foot of the rail.
    """

    key: str
    title: Text
    icon: str
    factory: Callable[[ScreenContext, QWidget], QWidget]
    roles: frozenset[str] = EVERYONE
    needs_patient: bool = False
    is_at_foot: bool = False


def _patients(context: ScreenContext, place: QWidget) -> QWidget:
    from ui.registration.registration_screen import RegistrationScreen
    from ui.registration.view_model import RegistrationViewModel

    model = RegistrationViewModel(context.workstation.registration, context.runner, context.session, context.hand)
    return RegistrationScreen(model, place)


def _chart(context: ScreenContext, place: QWidget) -> QWidget:
    from ui.encounters.chart_screen import ChartScreen
    from ui.encounters.view_model import ChartViewModel

    station = context.workstation
    model = ChartViewModel(
        station.encounters, station.recordings, station.imaging, context.runner, context.session, context.hand
    )
    return ChartScreen(model, place)


def _signals(context: ScreenContext, place: QWidget) -> QWidget:
    from ui.waveforms.monitor_screen import MonitorScreen
    from ui.waveforms.view_model import MonitorViewModel
    from ui.waveforms.view_model_bedside import BedsideViewModel
    from ui.waveforms.view_model_interrupted import InterruptedModel
    from ui.waveforms.view_model_long import LongViewModel
    from ui.waveforms.view_model_whose import BedOwner

    station = context.workstation
    long = LongViewModel(station.long_recordings, context.runner, context.session, context.hand, station.clock)
    return MonitorScreen(
        MonitorViewModel(
            station.live_traces,
            station.recordings,
            station.encounters,
            station.monitor_listener,
            context.runner,
            context.session,
            context.hand,
            station.clock,
        ),
        place,
        Remembered(station.preferences, context.runner, context.session, "monitor"),
        BedsideViewModel(station.bedside, station.limits, context.runner, context.session),
        long,
        InterruptedModel(station.long_recordings, context.runner, context.session, context.hand),
        BedOwner(long, station.registration, context.runner, context.session, context.hand),
    )


def _recordings(context: ScreenContext, place: QWidget) -> QWidget:
    from clinic_app.waveforms.sound_output import SoundCard
    from ui.waveforms.recordings_screen import RecordingsScreen
    from ui.waveforms.view_model_files import FilesModel
    from ui.waveforms.view_model_interrupted import InterruptedModel
    from ui.waveforms.view_model_long_reading import LongReadingModel
    from ui.waveforms.view_model_long_taking import LongTakingModel
    from ui.waveforms.view_model_recordings import RecordingsViewModel
    from ui.waveforms.view_model_sound import SoundViewModel

    station = context.workstation
    hours = station.long_recordings
    model = RecordingsViewModel(station.recordings, context.runner, context.session, context.hand, hours)
    remembered = Remembered(station.preferences, context.runner, context.session, "recordings")
    sound, reader = (
        SoundViewModel(SoundCard(), context.runner),
        LongReadingModel(hours, context.runner, context.session),
    )
    files = FilesModel(station.recording_files, context.runner, context.session, context.hand)
    interrupted = InterruptedModel(hours, context.runner, context.session, context.hand, is_his_only=True)
    taking = LongTakingModel(station.long_files, reader, context.runner, context.session)
    return RecordingsScreen(model, place, remembered, sound, files, reader, interrupted, taking)


def _images(context: ScreenContext, place: QWidget) -> QWidget:
    from ui.imaging.imaging_screen import ImagingScreen
    from ui.imaging.measuring.marks_model import MarksModel
    from ui.imaging.outside.view_model_exit import ExitViewModel
    from ui.imaging.view_model import ImagingViewModel
    from ui.imaging.view_model_archive import ArchiveViewModel

    station = context.workstation
    remembered = Remembered(station.preferences, context.runner, context.session, "images")
    site = station.settings.folder
    model = ImagingViewModel(station.imaging, station.key_images, context.runner, context.session, context.hand, site)
    model.marks = MarksModel(station.marks, context.runner, context.session)
    archive = ArchiveViewModel(station.archives, context.runner, context.session, context.hand)
    leaving = ExitViewModel(
        station.image_exit,
        lambda row: station.imaging.stack(context.session, row.study, row.uid),
        context.runner,
        context.session,
    )
    return ImagingScreen(model, place, remembered, archive if archive.can_search else None, leaving)


def _orders(context: ScreenContext, place: QWidget) -> QWidget:
    from ui.orders.orders_screen import OrdersScreen
    from ui.orders.view_model import OrdersViewModel
    from ui.orders.view_model_inbox import InboxViewModel
    from ui.orders.view_model_network import NetworkViewModel
    from ui.orders.view_model_sending import SendingViewModel

    station, runner, session, hand = context.workstation, context.runner, context.session, context.hand
    network = station.image_network
    orders = (
        OrdersViewModel(station.image_orders, network, runner, session, hand, station.clock)
        if session.role != "administrator"
        else None
    )
    inbox = InboxViewModel(station.image_inbox, runner, session, hand, station.clock)
    sending = SendingViewModel(station.image_sending, station.archives, station.imaging, runner, session, hand)
    return OrdersScreen(orders, inbox, NetworkViewModel(network, station.archives, runner, session), place, sending)


def _referrals(context: ScreenContext, place: QWidget) -> QWidget:
    from ui.referral.referral_screen import ReferralScreen
    from ui.referral.view_model import ReferralViewModel

    model = ReferralViewModel(context.workstation, context.runner, context.session, context.hand, context.events)
    return ReferralScreen(model, place)


def _worklist(context: ScreenContext, place: QWidget) -> QWidget:
    from ui.consultation.consultation_screen import ConsultationScreen
    from ui.consultation.view_model import ConsultationViewModel
    from ui.imaging.measuring.marks_model import MarksModel
    from ui.imaging.series_desk import SeriesDesk

    model = ConsultationViewModel(context.workstation, context.runner, context.session, context.hand, context.events)
    images = context.workstation.imaging

    def open_series(study: ImagingStudy, series_uid: str) -> Opened:
        return images.opened(context.session, study, series_uid)

    def leave(row: SeriesRow, what: str) -> None:
        context.workstation.image_exit.note(context.session, row.study, what)

    def make_desk(stands_in: QWidget) -> SeriesDesk:
        marks = MarksModel(context.workstation.marks, context.runner, context.session)
        may_leave = context.session.can("export", "ImagingStudy")
        return SeriesDesk(
            "consultation", open_series, context.runner, stands_in, marks=marks, leave=leave if may_leave else None
        )

    return ConsultationScreen(model, make_desk, place)


def _settings(context: ScreenContext, place: QWidget) -> QWidget:
    from ui.people.settings_screen import SettingsScreen
    from ui.people.update_card import UpdateCard
    from ui.people.view_model import PeopleViewModel
    from ui.people.view_model_updates import UpdatesViewModel

    model = PeopleViewModel(context.workstation.people, context.runner, context.session)
    updates = UpdateCard(UpdatesViewModel(context.workstation.updates, context.runner, context.session))
    return SettingsScreen(model, _data_page(context), _hub_page(context), place, updates)


def _data_page(context: ScreenContext) -> Callable[[], DataPage] | None:
    """What makes the page of keys and backups, for those who answer for the computer."""

    def make() -> DataPage:
        from clinic_app.settings import BACKUP_FOLDER
        from ui.people.data_page import DataPage
        from ui.people.view_model_data import DataViewModel

        station = context.workstation
        model = DataViewModel(station, context.runner, context.session)
        return DataPage(model, context.runner, station.settings[BACKUP_FOLDER])

    return make if context.session.role == "administrator" else None


def _hub_page(context: ScreenContext) -> Callable[[], HubPage] | None:
    """What makes the page of the hub, for those who connect the computer to one."""

    def make() -> HubPage:
        from ui.people.hub_page import HubPage
        from ui.people.view_model_hub import HubViewModel

        return HubPage(HubViewModel(context.workstation, context.runner, context.session))

    return make if context.session.role == "administrator" else None


def _exchange(context: ScreenContext, place: QWidget) -> QWidget:
    from ui.exchange.exchange_screen import ExchangeScreen
    from ui.exchange.view_model import ExchangeViewModel

    station = context.workstation
    model = ExchangeViewModel(station.exchange, station.sync, context.runner, context.session, context.events)
    return ExchangeScreen(model, place)


def _devices(context: ScreenContext, place: QWidget) -> QWidget:
    from ui.devices.devices_screen import DevicesScreen
    from ui.devices.view_model_devices import DevicesViewModel
    from ui.devices.view_model_results import ResultsViewModel

    station = context.workstation
    return DevicesScreen(
        ResultsViewModel(station.result_inbox, context.runner, context.session, context.hand),
        DevicesViewModel(station.devices, station.live_traces, context.runner, context.session),
        place,
    )


def _audit(context: ScreenContext, place: QWidget) -> QWidget:
    from ui.audit.audit_screen import AuditScreen
    from ui.audit.review_page import ReviewPage
    from ui.audit.trail_page import TrailPage
    from ui.audit.view_model import TrailViewModel
    from ui.audit.view_model_reviews import ReviewsViewModel

    station = context.workstation
    inbox = ReviewsViewModel(station.break_glass, context.runner, context.session)
    trail = TrailPage(TrailViewModel(station.audit_log, context.runner, context.session))
    return AuditScreen(trail, ReviewPage(inbox), inbox, place)


def _statistics(context: ScreenContext, place: QWidget) -> QWidget:
    from ui.statistics.statistics_screen import StatisticsScreen
    from ui.statistics.view_model import StatisticsViewModel

    station = context.workstation
    model = StatisticsViewModel(station.statistics, context.runner, context.session, station.clock)
    return StatisticsScreen(model, place=place)


SCREENS: Final[tuple[Screen, ...]] = (
    Screen("worklist", Text("Worklist"), "inbox", _worklist, frozenset({"specialist"})),
    Screen("patients", Text("Patients"), "users", _patients, CARE),
    Screen("chart", Text("Chart"), "clipboard-list", _chart, BEDSIDE | {"laboratory"}, needs_patient=True),
    Screen("signals", Text("Signals"), "activity", _signals, BEDSIDE),
    Screen("recordings", Text("Recordings"), "heart-pulse", _recordings, BEDSIDE, needs_patient=True),
    Screen("images", Text("Images"), "scan", _images, BEDSIDE, needs_patient=True),
    Screen("orders", Text("Image orders"), "calendar", _orders, BEDSIDE | {"registrar"}),
    Screen("referrals", Text("Referrals"), "send", _referrals, frozenset({"doctor"})),
    Screen("audit", Text("Audit trail"), "scroll-text", _audit, frozenset({"auditor"})),
    Screen("statistics", Text("Statistics"), "chart-column", _statistics, frozenset({"statistician", "auditor"})),
    Screen("settings", Text("Settings"), "settings", _settings, is_at_foot=True),
    Screen("devices", Text("Devices"), "plug", _devices, BEDSIDE | {"laboratory", "administrator"}),
    Screen("image_network", Text("Image network"), "scan-line", _orders, frozenset({"administrator"})),
    Screen("exchange", Text("Exchange"), "cloud-upload", _exchange, EXCHANGERS),
)


def screens_of(role: Role) -> tuple[Screen, ...]:
    """Return the screens a role sees, in the order of the rail."""
    return tuple(screen for screen in SCREENS if role in screen.roles)
