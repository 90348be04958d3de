"""One workstation: opens the data folder, makes the services, starts what stands by, and closes all of it in order."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypeVar, cast, get_args

import msgspec

from clinic_app.access import (
    AuditLog,
    BreakGlass,
    Drafts,
    EnrolmentForm,
    KeyKeeping,
    NewUser,
    People,
    Preferences,
    RecentPeople,
    Safekeeping,
    Trail,
    enrol,
    hub_token,
    is_enrolled,
    own_device,
    own_organization,
)
from clinic_app.access.key_keeping import keep_passwords
from clinic_app.consultation import Consultations
from clinic_app.devices import (
    Block,
    DeviceConfig,
    Devices,
    Event,
    MonitorListener,
    Numerics,
    Result,
    add_family,
    config_of,
    table_of,
)
from clinic_app.devices.to_inbox import into
from clinic_app.documents import Documents, LongFiles, RecordingFiles
from clinic_app.encounters import Encounters, ResultInbox
from clinic_app.foundation.apart import Children
from clinic_app.foundation.clock import Clock, SystemClock
from clinic_app.foundation.errors import DeviceError, InvalidInputError, KeyLockedError, StorageError
from clinic_app.foundation.notices import READ_ONLY, tell
from clinic_app.foundation.texts import Language, Text
from clinic_app.imaging import Imaging, KeyImages, MarkKeeping
from clinic_app.imaging.archives import ImageArchives, Network
from clinic_app.imaging.image_inbox import ImageInbox
from clinic_app.imaging.network.awaited import Awaited
from clinic_app.imaging.network.commitment import Commitments
from clinic_app.imaging.network.gate import Gate
from clinic_app.imaging.network.listener import ImageListener, Services
from clinic_app.imaging.network.peers import WebServer, peers_of, servers_of
from clinic_app.imaging.network.sending import ImageSending
from clinic_app.imaging.network.service import ImageNetwork
from clinic_app.imaging.network.worklist import Worklist
from clinic_app.imaging.orders import ImageOrders
from clinic_app.imaging.outside.image_exit import ImageExit
from clinic_app.keys import DATABASE_NAME, KeySlots, KeyStorage, NodeKeys, key_storage, unlock
from clinic_app.keys.erasure import Erasure, erase
from clinic_app.referral import Referrals
from clinic_app.registration import Registration
from clinic_app.settings import (
    BACKUP_FOLDER,
    DICOM_AE_TITLE,
    DICOM_HOST,
    DICOM_PORT,
    HUB_URL,
    IMAGE_TEXTS,
    KEY_STORAGE,
    LANGUAGE,
    LINK_BUDGETS,
    MONITOR_HOST,
    MONITOR_PORT,
    REFERRAL_ACCESS_DAYS,
    RESERVE_MB,
    SYNC_INTERVAL_S,
    UPDATES,
    Settings,
    load_settings,
    read_toml,
    save_settings,
    settings_from,
)
from clinic_app.statistics import Statistics
from clinic_app.storage import BackupKeeper, Lane, Store, one_instance
from clinic_app.storage.backups.rekeying import finish_change
from clinic_app.sync import Exchange, HubEnrolment, SyncService
from clinic_app.sync.arrival import Place, come_in, kept_arrival, settle
from clinic_app.sync.device_credentials import DeviceCredentials
from clinic_app.sync.hub_account import EraseOrder, kept_account
from clinic_app.sync.program_updates import ProgramUpdates
from clinic_app.updates.installed import installed_here
from clinic_app.updates.shelf import Shelf, shelf_of
from clinic_app.updates.system_folder import read_state
from clinic_app.waveforms import Bedside, Limits, LiveTraces, LongRecordings, Recordings
from clinic_app.waveforms.replay_device import REPLAY

T = TypeVar("T")
_SITE_CODE_LENGTH: Final = 4
_MEGABYTE: Final = 1_000_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Workstation:
    """The services of one workstation, for its windows.

    ``sync`` is None where the workstation stands alone. ``monitor_listener`` may not be listening: its port is 0 then.
    """

    settings: Settings
    people: People
    keys: KeyKeeping
    break_glass: BreakGlass
    audit_log: AuditLog
    safekeeping: Safekeeping
    preferences: Preferences
    drafts: Drafts
    recent_people: RecentPeople
    registration: Registration
    encounters: Encounters
    result_inbox: ResultInbox
    monitor_listener: MonitorListener
    devices: Devices
    live_traces: LiveTraces
    bedside: Bedside
    limits: Limits
    long_recordings: LongRecordings
    recordings: Recordings
    recording_files: RecordingFiles
    long_files: LongFiles
    imaging: Imaging
    archives: ImageArchives
    key_images: KeyImages
    image_orders: ImageOrders
    image_inbox: ImageInbox
    image_network: ImageNetwork
    image_sending: ImageSending
    marks: MarkKeeping
    image_exit: ImageExit
    documents: Documents
    referrals: Referrals
    consultations: Consultations
    statistics: Statistics
    sync: SyncService | None
    exchange: Exchange
    updates: ProgramUpdates
    hub: HubEnrolment
    clock: Clock
    _store: Store
    _slots: KeySlots
    _closing: ExitStack

    def set_up(self, facility_name: str, name: str, login: str, password: str) -> str:
        """Set up an empty data folder by hand: the hospital and its first administrator; return the recovery code.

        The code is to be printed and locked away; it is nowhere else. Where IT has left a code of the hub
        (`clinic_app.sync.arrival`), the workstation comes into it; the exchange begins with the next start.
        """
        form = EnrolmentForm(facility_name, users=(NewUser(login, password, name, "administrator"),))
        place = None if is_enrolled(self._store) else come_in(self._store, _hub_url(self.settings), self.clock)
        code = "" if is_enrolled(self._store) else self._slots.new_recovery_code(self._store.key)
        _enrol(self._store, form, place, self.clock)
        return code

    def close(self) -> None:
        """Stop what stands by, then close the store."""
        self._closing.close()


def build_workstation(
    settings: Settings, clock: Clock | None = None, *, key: bytes | None = None, is_read_only: bool = False
) -> Workstation:
    """Open a data folder and make its services.

    Args:
        settings: of that folder.
        clock: the wall clock.
        key: the data key, where a person unlocked the data (`clinic_app.opening`); this computer's key storage opens
            them from then on. None asks that storage.
        is_read_only: for data that are damaged: nothing is taken, nothing stands by, and what can be read is shown.

    Raises:
        ClinicError: the folder is in use, locked, damaged or full; nothing is left open.
    """
    clock = clock or SystemClock()
    with ExitStack() as stack:
        slots, store, keeper = _open(settings, clock, key, stack, is_read_only=is_read_only)
        trail = Trail(store, clock, settings[REFERRAL_ACCESS_DAYS])
        traces = LiveTraces(clock)
        listener = MonitorListener(settings[MONITOR_HOST], settings[MONITOR_PORT], clock)
        add_family(REPLAY)
        devices = Devices(map(config_of, settings.devices), partial(_keep_devices, settings), trail, clock)
        bedside = Bedside(store, traces, clock)
        stack.callback(bedside.close)
        result_inbox = ResultInbox(store, trail, clock)
        _hand_round(listener, devices, traces, bedside, result_inbox)
        referrals = Referrals(store, trail, clock)
        if not is_read_only:
            _join(settings, store, clock)
        shelf, updates = _updates(settings, store, trail)
        sync = _sync(settings, store, referrals, clock, slots, shelf, updates)
        safekeeping = Safekeeping(store, keeper, trail)
        recordings = Recordings(store, trail, clock)
        decoders = stack.enter_context(closing(Children()))
        awaited, orders, image_inbox, network, sending = _image_network(settings, store, trail, clock, decoders)
        imaging = Imaging(store, trail, clock, decoders, settings[IMAGE_TEXTS])
        if not is_read_only:
            safekeeping.note_restoration()
            _stand_by(settings, listener, network, sync, stack)
            stack.callback(devices.stop)
            devices.start()
            bedside.start()
        return Workstation(
            settings=settings,
            people=People(store, clock, slots=slots),
            keys=KeyKeeping(store, slots, trail),
            break_glass=BreakGlass(store, trail, clock),
            audit_log=AuditLog(store, trail, clock),
            safekeeping=safekeeping,
            preferences=Preferences(store),
            drafts=Drafts(store),
            recent_people=RecentPeople(store),
            registration=Registration(store, trail, clock, partial(_site_code, store)),
            encounters=Encounters(store, trail, clock),
            result_inbox=result_inbox,
            monitor_listener=listener,
            devices=devices,
            live_traces=traces,
            bedside=bedside,
            limits=Limits(store, trail),
            long_recordings=LongRecordings(store, trail, clock, bedside.recorder),
            recordings=recordings,
            recording_files=RecordingFiles(store, trail, recordings),
            long_files=LongFiles(store, trail, recordings),
            imaging=imaging,
            archives=_archives(settings, store, trail, imaging, network, awaited),
            key_images=KeyImages(store, trail, clock, decoders),
            image_orders=orders,
            image_inbox=image_inbox,
            image_network=network,
            image_sending=sending,
            marks=MarkKeeping(store, trail, clock, decoders),
            image_exit=ImageExit(store, trail, decoders),
            documents=Documents(store, trail, clock),
            referrals=referrals,
            consultations=Consultations(store, trail, clock),
            statistics=Statistics(store, trail, clock),
            sync=sync,
            exchange=Exchange(store, trail, sync, clock),
            updates=updates,
            hub=HubEnrolment(store, trail, clock, partial(_hub_url, settings), partial(_keep_hub_url, settings)),
            clock=clock,
            _store=store,
            _slots=slots,
            _closing=stack.pop_all(),
        )


def _open(
    settings: Settings, clock: Clock, key: bytes | None, stack: ExitStack, *, is_read_only: bool
) -> tuple[KeySlots, Store, BackupKeeper]:
    """Take the folder for this program alone and open what lies in it; backups are made from now on."""
    stack.enter_context(one_instance(settings.folder))
    slots = KeySlots(settings.folder)
    store = _open_store(settings, clock, slots, key, is_read_only=is_read_only)
    stack.callback(store.close)
    keeper = BackupKeeper(store, clock, Path(settings[BACKUP_FOLDER]) if settings[BACKUP_FOLDER] else None)
    if is_read_only:
        tell(READ_ONLY)
    else:
        keeper.start()
    stack.callback(keeper.stop)
    return slots, store, keeper


def _hand_round(
    listener: MonitorListener, devices: Devices, traces: LiveTraces, bedside: Bedside, inbox: ResultInbox
) -> None:
    """Say who gets what the devices deliver: the screens, what watches and records, and the inbox of results."""
    listener.subscribe(devices.take_in, Block, Numerics, Event)
    devices.subscribe(traces.take_in, Block, Numerics)
    devices.subscribe(bedside.take_in, Block, Numerics, Event)
    devices.subscribe(into(inbox), Result)


def provision(folder: Path, file: Path) -> None:
    """Set up an empty data folder from IT's file; one that is set up already is left as it is, with its settings.

    The file is TOML: a table ``settings``, a table ``facility`` with the fields of `EnrolmentForm`, and a list
    ``people``. It holds passwords and should be deleted afterwards. ``escrow_recipient`` above the tables leaves the
    data key with the organisation.

    Raises:
        InvalidInputError: the file cannot be read or says something unknown or impossible.
        ClinicError: the folder is in use, locked, damaged or full.
    """
    try:
        told = read_toml(file)
        users = tuple(_strictly(NewUser, person) for person in told.pop("people", []))
        form = _strictly(EnrolmentForm, {**told.pop("facility"), "users": users})
        settings = settings_from(folder, {**told.pop("settings", {})})
        escrow = msgspec.convert(told.pop("escrow_recipient", ""), str)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(Text("The file {name} cannot be used to set up.", name=file.name)) from error
    if told:
        raise _unknown(next(iter(told)))
    with one_instance(folder):
        if (folder / DATABASE_NAME).exists() and _is_set_up(load_settings(folder)):
            return
        settings = _with_prepared(settings)
        save_settings(settings)
        slots = KeySlots(folder)
        with closing(_open_store(settings, SystemClock(), slots)) as store:
            if escrow:
                slots.keep_escrow(escrow, store.key)
            clock = SystemClock()
            place = come_in(store, settings[HUB_URL], clock, form.organization_id)
            _enrol(store, form, place, clock)
            keep_passwords(store, slots, form.users)


def _with_prepared(settings: Settings) -> Settings:
    """Return settings with what Setup has written down of language and hub, where they do not say it themselves."""
    prepared = load_settings(settings.folder).values
    kept = {each.key: prepared[each.key] for each in (LANGUAGE, HUB_URL) if each.key in prepared}
    return replace(settings, values={**kept, **settings.values})


def _enrol(store: Store, form: EnrolmentForm, place: Place | None, clock: Clock) -> None:
    """Set up, as part of the hospital whose hub has let this workstation in, if one has."""
    if place is not None:
        name = form.facility_name or place.organization
        form = replace(form, organization_id=place.organization_id, facility_name=name)
    enrol(store, NodeKeys.create(), form)
    if place is not None:
        settle(store, place, clock)


def _join(settings: Settings, store: Store, clock: Clock) -> None:
    """Come into the hub by a code that IT has left for a workstation that is set up."""
    if is_enrolled(store) and kept_arrival(store.folder) is not None:
        place = come_in(store, settings[HUB_URL], clock, own_organization(store).id)
        if place is not None:
            settle(store, place, clock)


def _strictly(kind: type[T], table: dict[str, object]) -> T:
    for key in table.keys() - {field.name for field in fields(kind)}:  # type: ignore[arg-type]
        raise _unknown(key)
    return msgspec.convert(table, kind)


def _unknown(key: str) -> InvalidInputError:
    return InvalidInputError(Text("There is no setting “{key}”.", key=key), key)


def _is_set_up(settings: Settings) -> bool:
    with closing(_open_store(settings, SystemClock(), KeySlots(settings.folder))) as store:
        return is_enrolled(store)


def _open_store(
    settings: Settings, clock: Clock, slots: KeySlots, key: bytes | None = None, *, is_read_only: bool = False
) -> Store:
    open_with = partial(
        Store.open, settings.folder, clock=clock, reserve_bytes=settings[RESERVE_MB] << 20, is_read_only=is_read_only
    )
    store = open_with(key=key or unlock(settings.folder, storage_of(settings)))
    try:
        if not is_read_only:
            finish_change(settings.folder, store.key, slots)
        if key is not None:  # a person opened the data
            slots.keep_in(storage_of(settings), key)
    except (KeyLockedError, StorageError) as error:  # the data are open; the next start tries again
        _log.warning("%s", error)
    return store


def storage_of(settings: Settings) -> KeyStorage:
    """Return this computer's key storage, as the settings choose it.

    Raises:
        KeyLockedError: the keyring is wanted and this computer has none.
    """
    kind: Literal["keyring", "file"] = "file" if settings[KEY_STORAGE] == "file" else "keyring"
    return key_storage(kind, settings.folder)


def _updates(settings: Settings, store: Store, trail: Trail) -> tuple[Shelf | None, ProgramUpdates]:
    """Return where new versions of the program lie, and what people are told of them."""
    installed = installed_here()
    if installed is None:
        return None, ProgramUpdates(store, trail, None)
    shelf = shelf_of(settings.folder, installed)
    return shelf, ProgramUpdates(store, trail, shelf, partial(read_state, installed.system))


def _sync(
    settings: Settings,
    store: Store,
    referrals: Referrals,
    clock: Clock,
    slots: KeySlots,
    shelf: Shelf | None,
    updates: ProgramUpdates,
) -> SyncService | None:
    account, token = kept_account(store), hub_token(store)
    if not settings[HUB_URL] or not (account or token):
        return None
    return SyncService(
        store,
        referrals,
        settings[HUB_URL],
        DeviceCredentials(account, clock) if account else token,
        clock,
        interval_s=settings[SYNC_INTERVAL_S],
        limits=_limits(settings),
        account=account,
        erase=partial(_erase, settings, slots),
        language=_language(settings),
        shelf=shelf if settings[UPDATES] == "hub" else None,
        program=updates.said_to_hub,
    )


def _limits(settings: Settings) -> dict[Lane, int]:
    """Return the bytes a day of every lane that has a limit."""
    limited = ((lane, LINK_BUDGETS[lane]) for lane in get_args(Lane) if lane in LINK_BUDGETS)
    return {lane: settings[most] * _MEGABYTE for lane, most in limited if settings[most]}


def _erase(settings: Settings, slots: KeySlots, order: EraseOrder) -> Text:
    """Destroy the ways to the data of this computer as its hub ordered; return what is said to whoever sits here."""
    why = Erasure(order.hub, order.at, order.because)
    try:
        storage: KeyStorage | None = storage_of(settings)
    except KeyLockedError:  # what it keeps opens nothing without the slots
        storage = None
    erase(settings.folder, slots, storage, why)
    return why.text


def _hub_url(settings: Settings) -> str:
    return load_settings(settings.folder)[HUB_URL]


def _keep_hub_url(settings: Settings, url: str) -> None:
    newest = load_settings(settings.folder)
    save_settings(replace(newest, values={**newest.values, HUB_URL.key: url}))


def _keep_devices(settings: Settings, configs: Sequence[DeviceConfig]) -> None:
    newest = load_settings(settings.folder)
    save_settings(replace(newest, devices=tuple(map(table_of, configs))))


def _image_network(
    settings: Settings, store: Store, trail: Trail, clock: Clock, decoders: Children
) -> tuple[Awaited, ImageOrders, ImageInbox, ImageNetwork, ImageSending]:
    """Return what stands between the images and the devices that make them; nothing of it listens yet."""
    ae_title = settings[DICOM_AE_TITLE]
    orders = ImageOrders(store, trail, clock, partial(_site_code, store))
    inbox = ImageInbox(store, trail, clock, orders, decoders)
    commitments = Commitments(inbox.keeps, store.memory, ae_title, clock)
    worklist = Worklist(orders.open_ones, lambda: own_organization(store).name or "", _language(settings))
    awaited = Awaited(inbox)
    services = Services(awaited, worklist, commitments)
    listener = ImageListener(settings[DICOM_HOST], settings[DICOM_PORT], Gate(ae_title), services, clock)
    network = ImageNetwork(
        listener,
        trail,
        store,
        settings.dicom_peers,
        partial(_keep_peers, settings),
        is_wanted=settings[DICOM_PORT] != 0,
        commitments=commitments,
        servers=lambda: [each.name for each in _web_servers(settings)],
    )
    return awaited, orders, inbox, network, ImageSending(store, trail, clock, commitments, ae_title, network.peers)


def _archives(
    settings: Settings, store: Store, trail: Trail, imaging: Imaging, network: ImageNetwork, awaited: Awaited
) -> ImageArchives:
    servers = _web_servers(settings)
    port = awaited if settings[DICOM_PORT] else None
    known = Network(settings[DICOM_AE_TITLE], network.peers, lambda: servers, port, partial(storage_of, settings))
    return ImageArchives(store, trail, imaging, known)


def _web_servers(settings: Settings) -> tuple[WebServer, ...]:
    """Return the DICOMweb servers of the settings, each under a name no other archive has."""
    peers, _unusable = peers_of(settings.dicom_peers)
    servers, errors = servers_of(settings.dicomweb, (each.name for each in peers))
    for error in errors:  # the others can be asked all the same
        _log.warning("%s", error)
    return servers


def _keep_peers(settings: Settings, tables: Sequence[Mapping[str, object]]) -> None:
    save_settings(replace(load_settings(settings.folder), dicom_peers=tuple(tables)))


def _language(settings: Settings) -> Language:
    return cast("Language", settings[LANGUAGE])


def _stand_by(
    settings: Settings, listener: MonitorListener, network: ImageNetwork, sync: SyncService | None, stack: ExitStack
) -> None:
    stack.callback(network.stop)
    network.start()
    if settings[MONITOR_PORT]:
        try:
            listener.start()
        except DeviceError as error:  # the rest of the clinic works without monitors
            _log.warning("%s", error)
        else:
            stack.callback(listener.stop)
    if sync is not None:
        sync.start()
        stack.callback(sync.stop)


def _site_code(store: Store) -> str:
    """Return what starts this workstation's chart numbers: the end of its own id."""
    return own_device(store).id[-_SITE_CODE_LENGTH:].upper()
