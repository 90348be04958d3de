"""``python -m tests.drills NAME``: runs one drill; its last line is a JSON object, its exit code 0 only if it held."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Sequence
from typing import Final, Protocol

DRILLS: Final = ("crash", "powercut", "recovery", "diskfull", "hostile", "link", "scale", "devices", "installer")


class Drill(Protocol):
    """What the module ``tests.drills.NAME`` has."""

    def run(self, arguments: Sequence[str]) -> tuple[dict[str, object], bool]:
        """Return the figures and whether they are what they must be."""
        ...


def main(arguments: Sequence[str]) -> int:
    """Run the drill that is named first; hand it the rest."""
    if not arguments or arguments[0] not in DRILLS:
        print(f"name one of: {', '.join(DRILLS)}", file=sys.stderr)
        return 2
    module: Drill = importlib.import_module(f"tests.drills.{arguments[0]}")  # type: ignore[assignment]
    figures, has_held = module.run(arguments[1:])
    print(json.dumps({"drill": arguments[0], "ok": has_held, **figures}, ensure_ascii=False))
    return 0 if has_held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
