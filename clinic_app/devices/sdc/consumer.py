"""The consumer of one SDC device: calls it with mutual TLS, subscribes to everything, and hands on what it reports.

Reports come on the library's own threads; each becomes items at once, so that nothing waits for a screen. A device that
restarts, describes itself anew, or goes silent is called again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from clinic_app.devices.block import Block, Numerics
from clinic_app.devices.driver import Line
from clinic_app.devices.sdc.reports import Metric, Node, read_description, read_numbers, read_waveforms
from clinic_app.devices.sdc.tls import Papers, contexts, fingerprint
from clinic_app.devices.wave_streams import WaveStreams
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

if TYPE_CHECKING:
    from sdc11073.consumer.consumerimpl import SdcConsumer
    from sdc11073.pysoap.msgreader import ReceivedMessage as Message

SILENT_S: Final = 10.0
"""A device that reports nothing for so long is asked whether it is there."""
_SOCKET_S: Final = 5
_WAIT_S: Final = 0.25
_log = logging.getLogger(__name__)


class SdcDriver:
    """The driver of one SDC device.

    Args:
        address: tells where it is now: ``https://host:port/path``; asked at each attempt, raises DeviceError.
        papers: our key and certificate, and whom we believe.
        pinned: fingerprint of the device's certificate, if no other is to be taken.
    """

    def __init__(self, address: Callable[[threading.Event], str], papers: Papers, pinned: str = "") -> None:
        self._address = address
        self._papers = papers
        self._pinned = pinned.replace(":", "").replace(" ", "").lower()
        self._waves = WaveStreams()

    def run(self, line: Line, stopping: threading.Event) -> None:
        """Listen to the device until it goes.

        Raises:
            DeviceError: it cannot be found, cannot prove itself, or is gone.
        """
        # What the library logs may hold the message it is about, and with it a patient.
        logging.getLogger("sdc").setLevel(logging.CRITICAL)
        consumer = self._consumer(self._address(stopping))
        try:
            talk = _Talk(consumer, line, self._waves)
            self._open(consumer)
            talk.describe()
            line.connected()
            talk.listen(stopping)
        finally:
            _close(consumer, says_goodbye=stopping.is_set() and consumer.is_connected)

    def _consumer(self, address: str) -> SdcConsumer:
        from sdc11073.consumer.consumerimpl import SdcConsumer, default_components_factory
        from sdc11073.definitions_sdc import SdcV1Definitions

        from clinic_app.devices.sdc.reception import Reception

        components = default_components_factory()
        components.action_dispatcher_class = Reception
        try:
            return SdcConsumer(
                address,
                SdcV1Definitions,
                contexts(self._papers),
                components=components,
                socket_timeout=_SOCKET_S,
                force_ssl_connect=True,
            )
        except ValueError as error:
            raise DeviceError(Text("No device answers at {address}.", address=address)) from error

    def _open(self, consumer: SdcConsumer) -> None:
        try:
            consumer.start_all()
        except Exception as error:  # whatever a stranger makes the library stumble over
            _log.info("an SDC device could not be opened: %r", error)
            raise DeviceError(Text("The device cannot be reached, or does not accept our certificate.")) from error
        shown = consumer.binary_peer_certificate
        if self._pinned and (shown is None or fingerprint(shown) != self._pinned):
            raise DeviceError(Text("The device shows another certificate than the one that is expected."))


class _Talk:
    """What is known of the device while it is connected; called by the library's threads."""

    def __init__(self, consumer: SdcConsumer, line: Line, waves: WaveStreams) -> None:
        from sdc11073 import observableproperties

        self._consumer = consumer
        self._line = line
        self._lock = threading.Lock()
        self._waves = waves
        self._metrics: Mapping[str, Metric] = {}
        self._sequence = ""
        self._heard_s = line.now().monotonic_s
        self._is_to_be_described = threading.Event()
        self._takers = {
            "waveform_report": self._on_waves,
            "episodic_metric_report": self._on_numbers,
            "periodic_metric_report": self._on_numbers,
            "description_modification_report": self._on_new_description,
            "subscription_end_data": self._on_end,
        }
        self._is_over = False
        observableproperties.strongbind(consumer, **self._takers)

    def describe(self) -> None:
        """Ask the device for its description.

        Raises:
            DeviceError: it gives none.
        """
        self._is_to_be_described.clear()
        try:
            answer = self._consumer.get_service_client.get_md_description()
            root = answer.p_msg.msg_node
        except Exception as error:  # whatever a stranger makes the library stumble over
            raise DeviceError(Text("The device does not say what it measures.")) from error
        with self._lock:
            self._metrics = read_description(root)
            self._sequence = _sequence(root)

    def listen(self, stopping: threading.Event) -> None:
        """Return when ``stopping`` is set.

        Raises:
            DeviceError: the device is gone or began anew.
        """
        while not stopping.wait(_WAIT_S):
            now_s = self._line.now().monotonic_s
            if self._is_over or not self._consumer.is_connected:
                raise DeviceError(Text("The device closed the connection."))
            if self._is_to_be_described.is_set():
                self.describe()
            if now_s - self._heard_s > SILENT_S:
                self._ask()

    def _ask(self) -> None:
        try:
            self._consumer.send_probe()
        except Exception as error:  # whatever a stranger makes the library stumble over
            raise DeviceError(Text("The device closed the connection.")) from error
        self._heard_s = self._line.now().monotonic_s

    def _on_waves(self, message: Message) -> None:
        self._take(message, self._wave_items)

    def _on_numbers(self, message: Message) -> None:
        self._take(message, self._number_items)

    def _on_new_description(self, _message: Message) -> None:
        self._is_to_be_described.set()

    def _on_end(self, _message: Message) -> None:
        self._is_over = True

    def _take(self, message: Message, items: Callable[[Node], None]) -> None:
        """Hand on what is in a report. The border of the library's thread, which would only log a fault of ours."""
        try:
            root = message.p_msg.msg_node
            self._heard_s = self._line.now().monotonic_s
            with self._lock:  # one report after the other: two threads may hold two of them
                if _sequence(root) != self._sequence:
                    self._is_to_be_described.set()
                items(root)
        except DeviceError as error:
            self._line.refused(error.text)
        except Exception:  # noqa: BLE001 - the border of this thread
            _log.exception("a report of an SDC device met a fault")
            self._line.refused(Text("The program made a mistake with this device; it is in the log."))

    def _wave_items(self, root: Node) -> None:
        now = self._line.now()
        for each in read_waveforms(root, self._metrics):
            for item in self._waves.blocks(self._line.name, each.wave, now):
                if isinstance(item, Block) and each.flags:
                    self._line.deliver(replace(item, flags=each.flags, leads_off=each.leads_off))
                else:
                    self._line.deliver(item)

    def _number_items(self, root: Node) -> None:
        numbers = read_numbers(root, self._metrics)
        if numbers:
            now = self._line.now()
            self._line.deliver(Numerics(self._line.name, numbers, now.at, now.monotonic_s))


def _sequence(root: Node) -> str:
    """Return which run of the device a message belongs to."""
    return f"{root.get('SequenceId', '')} {root.get('InstanceId', '')}"


def _close(consumer: SdcConsumer, *, says_goodbye: bool) -> None:
    try:
        consumer.stop_all(unsubscribe=says_goodbye)
    except Exception as error:  # noqa: BLE001 - a device that is gone cannot be said goodbye
        _log.info("an SDC device could not be closed in order: %r", error)
