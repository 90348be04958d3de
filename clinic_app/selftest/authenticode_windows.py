"""What Windows itself says about the signature of a program: `WinVerifyTrust` with the policy of Authenticode.

Certificates' revocation is not asked for: it needs a link, and a computer without one has to be told today.

Source: Microsoft, wintrust.h: ``WINTRUST_ACTION_GENERIC_VERIFY_V2``, ``WINTRUST_DATA``, ``WINTRUST_FILE_INFO``.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

Verdict = Literal["signed", "unsigned", "untrusted", "broken"]
_VERDICTS: Final[dict[int, Verdict]] = {
    0: "signed",
    0x800B0100: "unsigned",  # TRUST_E_NOSIGNATURE
    0x800B0003: "unsigned",  # TRUST_E_SUBJECT_FORM_UNKNOWN
    0x80096010: "broken",  # TRUST_E_BAD_DIGEST
}
"""Every other answer is about the certificate: nobody here trusts it, or it has ended."""
_GENERIC_VERIFY: Final = (0x00AAC56B, 0xCD44, 0x11D0, b"\x8c\xc2\x00\xc0\x4f\xc2\x95\xee")
_NO_WINDOW: Final = 2
_NO_REVOCATION: Final = 0
_A_FILE: Final = 1
_VERIFY: Final = 1
_CLOSE: Final = 2
_FROM_CACHE_ONLY: Final = 0x1000


class _Guid(ctypes.Structure):
    _fields_ = (
        ("first", ctypes.c_uint32),
        ("second", ctypes.c_uint16),
        ("third", ctypes.c_uint16),
        ("rest", ctypes.c_ubyte * 8),
    )


class _FileInfo(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("path", ctypes.c_wchar_p),
        ("handle", ctypes.c_void_p),
        ("subject", ctypes.c_void_p),
    )


class _TrustData(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_void_p),
        ("client", ctypes.c_void_p),
        ("window", ctypes.c_uint32),
        ("revocation", ctypes.c_uint32),
        ("union", ctypes.c_uint32),
        ("file", ctypes.POINTER(_FileInfo)),
        ("action", ctypes.c_uint32),
        ("state", ctypes.c_void_p),
        ("url", ctypes.c_wchar_p),
        ("flags", ctypes.c_uint32),
        ("context", ctypes.c_uint32),
        ("settings", ctypes.c_void_p),
    )


def trust_api() -> Any:  # noqa: ANN401 - what ctypes gives has no type
    """Return the library that knows signatures; there is one on Windows only."""
    return ctypes.WinDLL("wintrust")  # type: ignore[attr-defined,unused-ignore]


def verdict_of(program: Path, api: Callable[[], Any] = trust_api) -> Verdict:
    """Return what Windows says about a program's signature.

    Args:
        program: the file.
        api: gives the library.
    """
    first, second, third, rest = _GENERIC_VERIFY
    action = _Guid(first, second, third, (ctypes.c_ubyte * 8)(*rest))
    about = _FileInfo(ctypes.sizeof(_FileInfo), str(program), None, None)
    data = _TrustData(
        size=ctypes.sizeof(_TrustData), window=_NO_WINDOW, revocation=_NO_REVOCATION, union=_A_FILE,
        file=ctypes.pointer(about), action=_VERIFY, flags=_FROM_CACHE_ONLY,
    )  # fmt: skip
    library = api()
    code = library.WinVerifyTrust(None, ctypes.byref(action), ctypes.byref(data)) & 0xFFFFFFFF
    data.action = _CLOSE
    library.WinVerifyTrust(None, ctypes.byref(action), ctypes.byref(data))
    return _VERDICTS.get(code, "untrusted")
