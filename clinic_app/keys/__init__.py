"""Keys: what unlocks the data, what signs and what seals. No cryptography of our own, only its arrangement."""

from clinic_app.keys.derived import derive
from clinic_app.keys.key_storage import FileKeyStorage, KeyringStorage, KeyStorage, key_storage
from clinic_app.keys.node_keys import NodeKeys, seal, seal_file, verify_jws
from clinic_app.keys.unlocking import DATABASE_NAME, unlock

__all__ = [
    "DATABASE_NAME",
    "FileKeyStorage",
    "KeyStorage",
    "KeyringStorage",
    "NodeKeys",
    "derive",
    "key_storage",
    "seal",
    "seal_file",
    "unlock",
    "verify_jws",
]
