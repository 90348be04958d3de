"""The way of a result from its device into the inbox of results."""

from __future__ import annotations

from collections.abc import Callable

from clinic_app.devices.result import Result
from clinic_app.encounters import ReceivedResult, ResultInbox
from clinic_app.foundation.errors import DeviceError, StorageError


def into(inbox: ResultInbox) -> Callable[[Result], None]:
    """Return what takes results on a device's thread.

    A result that cannot be kept ends the talk with its device before it is answered, so that the device keeps it.
    """

    def take(result: Result) -> None:
        try:
            inbox.take(received(result))
        except StorageError as error:
            raise DeviceError(error.text) from error

    return take


def received(result: Result) -> ReceivedResult:
    """Return a result as the inbox keeps it."""
    return ReceivedResult(
        fingerprint=result.fingerprint,
        device=result.device,
        code=result.code,
        value=str(result.value),
        is_number=not isinstance(result.value, str),
        received_at=result.received_at,
        system=result.system,
        label=result.label,
        unit=result.unit,
        taken_at=result.taken_at,
        sample_id=result.sample_id,
        order_id=result.order_id,
        patient_id=result.patient_id,
        patient_text=result.patient_text,
        flags=result.flags,
        reference_range=result.reference_range,
        comment=result.comment,
        is_control=result.is_control,
    )
