"""The firewall of a Linux computer is its administrator's own: nftables, firewalld or none; this program keeps away."""

from __future__ import annotations

from clinic_app.computer.firewall import Door
from clinic_app.foundation.errors import NotAllowedError
from clinic_app.foundation.texts import Text


class SystemsOwn:
    """A firewall nobody here looks after."""

    def doors(self) -> None:
        """Say that there are none of ours."""

    def lets_in(self, door: Door) -> bool:  # noqa: ARG002 - the protocol's
        """Take it for open: who closes it knows that."""
        return True

    def open(self, door: Door) -> None:
        """Refuse.

        Raises:
            NotAllowedError: always.
        """
        raise NotAllowedError(
            Text("The firewall of this system belongs to its administrator: open TCP port {port}.", port=door.port)
        )

    def close(self, name: str) -> None:
        """Have nothing to take away."""
