"""The libraries of others that judge our readers and writers; their own warnings stay at this door."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import ecgdatakit
    import pyedflib
    import vitaldb
    import wfdb

__all__ = ["ecgdatakit", "pyedflib", "vitaldb", "wfdb"]
