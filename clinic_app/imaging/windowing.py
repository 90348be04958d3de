"""The window: which values are black, which white, and the curve between them.

Source: DICOM PS3.3 C.11.2.1.2 (linear, linear exact, sigmoid).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Shape = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Window:
    """The values between black and white, in the image's own unit (HU for CT).

    Args:
        center: value shown as middle grey.
        width: values from black to white, > 0.
        shape: the curve between them.
    """

    center: float
    width: float
    shape: Shape = "LINEAR"

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return grey between 0 and 1 for values of any shape."""
        width = max(self.width, 1e-6)
        if self.shape == "SIGMOID":
            return np.asarray(1 / (1 + np.exp(np.clip(-4 * (values - self.center) / width, -700, 700))))
        center = self.center
        if self.shape == "LINEAR":
            center, width = center - 0.5, max(width - 1, 1e-6)
        return np.asarray(np.clip((values - center) / width + 0.5, 0, 1))
