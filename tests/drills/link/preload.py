"""Everything a process of the drill needs, imported once for all of them."""

from tests.drills.link import hub, node

__all__ = ["hub", "node"]
