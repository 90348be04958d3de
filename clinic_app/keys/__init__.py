"""Keys: what unlocks the data, what signs and what seals. No cryptography of our own, only its arrangement."""

from clinic_app.keys.derived import derive
from clinic_app.keys.key_storage import FileKeyStorage, KeyringStorage, KeyStorage, key_storage
from clinic_app.keys.node_keys import NodeKeys, seal, seal_file, verify_jws
from clinic_app.keys.slot_file import DATABASE_NAME, REKEYED_NAME
from clinic_app.keys.slots import KeySlots
from clinic_app.keys.unlocking import unlock
from clinic_app.keys.wrapping import SlotCost

__all__ = [
    "DATABASE_NAME",
    "REKEYED_NAME",
    "FileKeyStorage",
    "KeySlots",
    "KeyStorage",
    "KeyringStorage",
    "NodeKeys",
    "SlotCost",
    "derive",
    "key_storage",
    "seal",
    "seal_file",
    "unlock",
    "verify_jws",
]
