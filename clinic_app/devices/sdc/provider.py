"""An SDC device made of software: plays a real ECG over the real protocol, with mutual TLS.

``python -m clinic_app.devices.sdc.provider --key K --certificate C --authority A`` prints its address and plays until
it is stopped.
"""

from __future__ import annotations

import argparse
import logging
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

from clinic_app.devices.block import NumericValue
from clinic_app.devices.hl7.monitor_simulator import NUMBERS, heart_rate
from clinic_app.devices.replay import Replay, load_ecg, simulated_pleth
from clinic_app.devices.sdc.codes import number_code, potential_code, unit_code
from clinic_app.devices.sdc.tls import Papers, contexts
from clinic_app.foundation.errors import ClinicError

if TYPE_CHECKING:
    from sdc11073.wsdiscovery import WSDiscovery

_log = logging.getLogger(__name__)
PERIOD_S: Final = 0.1
_PM: Final = "http://standards.ieee.org/downloads/11073/11073-10207-2017/participant"
_MSG: Final = "http://standards.ieee.org/downloads/11073/11073-10207-2017/message"


class SdcProviderSimulator:
    """A provider of waves and numbers.

    Args:
        replays: what it plays, the ECG first.
        papers: its key and certificate, and whom it believes.
        host: its network address.
        numbers: what it shows beside the curves, once a second.
        epr: its endpoint's UUID; a fresh one by default.
        discovery: where it is announced; None announces it nowhere.
    """

    def __init__(
        self,
        replays: Sequence[Replay],
        papers: Papers,
        host: str = "127.0.0.1",
        numbers: Mapping[str, NumericValue] = NUMBERS,
        epr: uuid.UUID | None = None,
        discovery: WSDiscovery | None = None,
    ) -> None:
        from sdc11073.definitions_sdc import SdcV1Definitions
        from sdc11073.mdib import ProviderMdib
        from sdc11073.provider.providerimpl import SdcProvider, provider_components_sync_factory
        from sdc11073.xml_types.dpws_types import ThisDeviceType, ThisModelType

        self._replays = tuple(replays)
        self._numbers = {"MDC_ECG_HEART_RATE": heart_rate(replays[0]), **numbers}
        self._is_announced = discovery is not None
        self._mdib = ProviderMdib.from_string(description(self._replays, self._numbers), SdcV1Definitions)
        self._provider = SdcProvider(
            discovery or _Nowhere(host),
            ThisModelType(manufacturer="Dala", model_name="Simulated monitor", model_number="1"),
            ThisDeviceType(friendly_name="Simulated monitor", firmware_version="1", serial_number="1"),
            self._mdib,
            epr=epr or uuid.uuid4(),
            ssl_context_container=contexts(papers),
            max_subscription_duration=15,
            components=provider_components_sync_factory(),
        )
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.sent: list[int] = [0] * len(self._replays)
        """Samples sent since the start, by replay."""
        self.is_losing = False
        """While set, what is played is not sent: the cable of a real device is out."""

    @property
    def address(self) -> str:
        """Where a consumer finds it; after `start`."""
        return str(self._provider.get_xaddrs()[0])

    def start(self) -> None:
        """Begin to serve and to play."""
        self._provider.start_all(start_rtsample_loop=False)
        if self._is_announced:
            self._provider.publish()
        self._thread = threading.Thread(target=self._play, name="sdc-simulator")
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._provider.stop_all()

    def _play(self) -> None:
        begun_at, begun_s = time.time(), time.monotonic()
        place = 0
        while not self._stopping.wait(max(0.0, begun_s + (place + 1) * PERIOD_S - time.monotonic())):
            if not self.is_losing:
                try:
                    self._send_waves(begun_at, place)
                    if place % round(1 / PERIOD_S) == 0:
                        self._send_numbers()
                except Exception:  # noqa: BLE001 - the border of this thread: who answers nonsense stops no others
                    _log.exception("a consumer of the simulated device met a fault")
            place += 1

    def _send_waves(self, begun_at: float, place: int) -> None:
        """Send a tenth of a second, taken just now: the time of a wave is that of its first sample."""
        from sdc11073.xml_types import pm_types

        with self._mdib.rt_sample_state_transaction() as transaction:
            for number, replay in enumerate(self._replays):
                first, last = (round((place + more) * PERIOD_S * replay.rate_hz) for more in (0, 1))
                samples = replay.cut(first, last - first)
                self.sent[number] += last - first
                for row in range(len(replay.channels)):
                    state = transaction.get_state(f"wave.{number}.{row}")
                    if state.MetricValue is None:
                        state.mk_metric_value()
                    state.MetricValue.DeterminationTime = begun_at + float(first / replay.rate_hz)
                    state.MetricValue.Samples = [Decimal(f"{value:.6g}") for value in samples[row].tolist()]
                    state.MetricValue.MetricQuality.Validity = pm_types.MeasurementValidity.VALID
                    state.ActivationState = pm_types.ComponentActivation.ON

    def _send_numbers(self) -> None:
        from sdc11073.xml_types import pm_types

        with self._mdib.metric_state_transaction() as transaction:
            for code, number in self._numbers.items():
                state = transaction.get_state(f"number.{code}")
                if state.MetricValue is None:
                    state.mk_metric_value()
                state.MetricValue.Value = number.value
                state.MetricValue.MetricQuality.Validity = pm_types.MeasurementValidity.VALID
                state.ActivationState = pm_types.ComponentActivation.ON


class _Nowhere:
    """The place of WS-Discovery for a device that is announced nowhere."""

    def __init__(self, host: str) -> None:
        self.active_address = host

    def publish_service(self, *_: object) -> None:
        """Tell nobody."""

    def clear_service(self, _epr: str) -> None:
        """Tell nobody."""


def description(replays: Sequence[Replay], numbers: Mapping[str, NumericValue]) -> bytes:
    """Return the description of the simulated device (an Mdib of one system, one part, one channel) as XML."""
    metrics = [
        _metric(
            f"wave.{number}.{row}",
            "RealTimeSampleArrayMetricDescriptor",
            potential_code(channel.code),
            unit_code(channel.unit),
            f'Resolution="{replay.resolution:.10g}" SamplePeriod="PT{float(1 / replay.rate_hz):.12f}S"',
        )
        for number, replay in enumerate(replays)
        for row, channel in enumerate(replay.channels)
    ]
    metrics += [
        _metric(
            f"number.{code}",
            "NumericMetricDescriptor",
            number_code(code),
            unit_code(number.unit),
            'Resolution="0.1"',
        )
        for code, number in numbers.items()
    ]
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<msg:GetMdibResponse xmlns:msg="{_MSG}" xmlns:pm="{_PM}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    SequenceId="{uuid.uuid4().urn}">
  <msg:Mdib SequenceId="{uuid.uuid4().urn}">
    <pm:MdDescription>
      <pm:Mds Handle="mds" SafetyClassification="MedA">
        <pm:Type Code="69965"/>
        <pm:SystemContext Handle="context" SafetyClassification="Inf">
          <pm:PatientContext Handle="patient" SafetyClassification="Inf"/>
          <pm:LocationContext Handle="location" SafetyClassification="Inf"/>
        </pm:SystemContext>
        <pm:Vmd Handle="vmd" SafetyClassification="MedA">
          <pm:Type Code="69854"/>
          <pm:Channel Handle="channel" SafetyClassification="MedA">
            <pm:Type Code="69855"/>
            {"".join(metrics)}
          </pm:Channel>
        </pm:Vmd>
      </pm:Mds>
    </pm:MdDescription>
  </msg:Mdib>
</msg:GetMdibResponse>""".encode()


def _metric(handle: str, kind: str, code: int, unit: int, more: str) -> str:
    return (
        f'<pm:Metric xsi:type="pm:{kind}" Handle={quoteattr(handle)} SafetyClassification="MedA" '
        f'MetricCategory="Msrmt" MetricAvailability="Cont" {more}>'
        f'<pm:Type Code="{code}"/><pm:Unit Code="{unit}"/></pm:Metric>'
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Play until stopped."""
    from pydicom.data import get_testdata_file

    parser = argparse.ArgumentParser(prog="sdc.provider", description=__doc__)
    for name in ("key", "certificate", "authority"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="PEM file")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--ecg", type=Path, help="DICOM 12-lead ECG (default: the one pydicom ships)")
    parser.add_argument("--thin", type=int, default=1, help="play every n-th sample, at the lower rate")
    options = parser.parse_args(arguments)
    logging.getLogger("sdc").setLevel(logging.ERROR)
    try:
        ecg = load_ecg(options.ecg or Path(str(get_testdata_file("waveform_ecg.dcm", download=False)))).thinned(
            max(options.thin, 1)
        )
        papers = Papers(options.key, options.certificate, options.authority)
        simulator = SdcProviderSimulator((ecg, simulated_pleth(ecg)), papers, options.host)
    except ClinicError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    simulator.start()
    sys.stdout.write(f"{simulator.address}\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
    simulator.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
