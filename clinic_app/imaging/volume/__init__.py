"""A series of parallel slices as one body: where its geometry allows, cut in three directions, as thick as wanted."""

from clinic_app.imaging.volume.building import MOST_BYTES, volume_of
from clinic_app.imaging.volume.choosing import body_of
from clinic_app.imaging.volume.cutting import Cut, cut_of
from clinic_app.imaging.volume.grid import NoVolumeError
from clinic_app.imaging.volume.volume import ORIENTATIONS, Mode, Orientation, Volume

__all__ = [
    "MOST_BYTES",
    "ORIENTATIONS",
    "Cut",
    "Mode",
    "NoVolumeError",
    "Orientation",
    "Volume",
    "body_of",
    "cut_of",
    "volume_of",
]
