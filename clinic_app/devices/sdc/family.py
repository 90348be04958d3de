"""SDC devices, as the table of families lists them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from clinic_app.devices.driver import Driver, Family, Option, OptionValue
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text


def _make(name: str, options: Mapping[str, OptionValue]) -> Driver:  # noqa: ARG001 - the link knows the name
    from clinic_app.devices.sdc.consumer import SdcDriver
    from clinic_app.devices.sdc.tls import Papers

    papers = Papers(*(Path(str(options[each])) for each in ("key_file", "certificate_file", "authority_file")))
    return SdcDriver(_address(options), papers, str(options["fingerprint"]))


def _address(options: Mapping[str, OptionValue]) -> Callable[[threading.Event], str]:
    fixed, endpoint, own = (str(options[each]) for each in ("address", "endpoint", "own_address"))

    def find(stopping: threading.Event) -> str:
        from clinic_app.devices.sdc.finding import look

        if fixed:
            return fixed
        found = look(own, stopping, endpoint=endpoint)
        if len(found) != 1:
            raise DeviceError(Text("{count} SDC devices answer in the network; one was expected.", count=len(found)))
        return found[0].address

    return find


SDC: Final = Family(
    "sdc",
    Text("Medical device (IEEE 11073 SDC)"),
    ("own",),
    (
        Option(
            "address", Text("Address of the device"), "", hint=Text("https://…; empty to look for it in the network.")
        ),
        Option("endpoint", Text("Endpoint of the device"), "", hint=Text("urn:uuid:…; empty if there is only one.")),
        Option("own_address", Text("Network address of this computer"), "127.0.0.1"),
        Option("key_file", Text("Private key (PEM)"), "", kind="file", is_required=True),
        Option("certificate_file", Text("Certificate (PEM)"), "", kind="file", is_required=True),
        Option("authority_file", Text("Certificate of the authority (PEM)"), "", kind="file", is_required=True),
        Option(
            "fingerprint",
            Text("Fingerprint of the device's certificate"),
            "",
            hint=Text("SHA-256; empty to accept every certificate of the authority."),
        ),
    ),
    make_driver=_make,
    delivers=Text("Waves and numbers"),
)
