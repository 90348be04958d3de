"""The window: which values are black, which white, and the curve between them.

Sources: DICOM PS3.3 C.11.2.1.1 (a table), C.11.2.1.2 (linear), C.11.2.1.3.1 (sigmoid), C.11.2.1.3.2 (linear exact).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from clinic_app.imaging.display.tables import Table

Shape = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Window:
    """The values between black and white, in the image's own unit (HU for CT).

    Args:
        center: value shown as middle grey.
        width: values from black to white, > 0.
        shape: the curve between them.
        table: in place of all that, a curve of the file's own; center and width then say what it spans.
        words: what the file calls it.
    """

    center: float
    width: float
    shape: Shape = "LINEAR"
    table: Table | None = None
    words: str = ""

    @classmethod
    def of_table(cls, table: Table) -> Window:
        """Return the window that shows values through a file's own table."""
        return cls(table.middle, abs(table.step) * len(table.entries), "LINEAR", table, table.words)

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return grey between 0 and 1 for values of any shape."""
        if self.table is not None:
            return self.table.apply(values)
        width = max(self.width, 1e-6)
        if self.shape == "SIGMOID":
            return np.asarray(1 / (1 + np.exp(np.clip(-4 * (values - self.center) / width, -700, 700))))
        center = self.center
        if self.shape == "LINEAR":
            center, width = center - 0.5, max(width - 1, 1e-6)
        with np.errstate(over="ignore"):  # a file may name a window as far off as numbers go
            return np.asarray(np.clip((values - center) / width + 0.5, 0, 1))
