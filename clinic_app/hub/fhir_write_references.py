"""References between the records of one transaction: what was named for the way becomes the address it has got.

Names are assigned before anything is written, so that records may refer to one another in a circle. Only a record in
which such a name stands is taken apart; all others keep their bytes.

Source: FHIR R4, RESTful API (transaction: replacing hyperlinks and full-urls, conditional references), Bundle
(resolving references in bundles).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.hub.exact_json import read_exact, write_exact

Found = Callable[[str, str], str]
"""Returns the one record of a type that a search names, as ``Type/id``."""
_MARKS: Final = (b"urn:uuid:", b"urn:oid:", b"\\/", b"\\u00")
"""Names for the way, and letters that are written so that a name could be hidden in them."""
_SEARCHES: Final = re.compile(rb'"reference"\s*:\s*"[A-Z][A-Za-z]{2,40}\?')
_TEMPORARY: Final = ("urn:uuid:", "urn:oid:")
_SEARCH: Final = re.compile(r"([A-Z][A-Za-z]{2,40})\?(.+)", re.ASCII | re.DOTALL)
_BASE: Final = re.compile(r"(https?://.+/)[A-Z][A-Za-z]{2,40}/[^/]+", re.ASCII | re.DOTALL)
_HYPERLINK: Final = re.compile(r'((?:href|src)=")([^"]{1,500})(")')
_ADDRESS_ENDINGS: Final = ("url", "uri", "Url", "Uri", "Uuid")


class References:
    """What the names of one transaction mean.

    Args:
        addresses: ``Type/id`` by full url.
        found: asked for references that are searches.
    """

    def __init__(self, addresses: Mapping[str, str], found: Found) -> None:
        self._addresses = addresses
        self._found = found
        self._is_abroad = any(is_abroad(name) for name in addresses)

    def written_out(self, body: bytes, full_url: str = "") -> bytes:
        """Return a record whose references are all addresses.

        Args:
            body: the record.
            full_url: its own name; relative references are looked for beside it.

        Raises:
            InvalidInputError: it refers to a name that nothing in this transaction has.
        """
        if not self._is_abroad and not has_names(body):
            return body
        try:
            document = read_exact(body)
        except ValueError:
            return body  # whoever decodes it says what is wrong
        if not self._replace_all(document, _base_of(full_url)):
            return body
        try:
            return write_exact(document)
        except ValueError:
            return body

    def _replace_all(self, document: Any, prefix: str) -> bool:  # noqa: ANN401 - JSON of any shape
        """Write every name in ``document`` out in its place, and return whether there was one."""
        has_changed = False
        waiting = [document]
        while waiting:
            each = waiting.pop()
            if isinstance(each, list):
                waiting.extend(each)
            elif isinstance(each, dict):
                for name, value in each.items():
                    if isinstance(value, str):
                        each[name] = self._replaced(name, value, prefix)
                        has_changed |= each[name] != value
                    else:
                        waiting.append(value)
        return has_changed

    def _replaced(self, name: str, value: str, prefix: str) -> str:
        if name == "reference":
            return self._address(value, prefix)
        if name == "div":
            return _HYPERLINK.sub(lambda link: f"{link[1]}{self._addresses.get(link[2], link[2])}{link[3]}", value)
        return self._addresses.get(value, value) if name.endswith(_ADDRESS_ENDINGS) else value

    def _address(self, reference: str, prefix: str) -> str:
        plain, hash_sign, part = reference.partition("#")
        known = self._addresses.get(plain) or (self._addresses.get(prefix + plain) if prefix else None)
        if known is not None:
            return known + hash_sign + part
        if reference.startswith(_TEMPORARY):
            name = reference[:100]
            raise InvalidInputError(Text("The record refers to {name}, which is not in this request.", name=name))
        search = _SEARCH.fullmatch(reference)
        return self._found(search[1], search[2]) if search else reference


def has_names(body: bytes) -> bool:
    """Return whether a record may refer to others by a name for the way, or by a search."""
    return any(mark in body for mark in _MARKS) or _SEARCHES.search(body) is not None


def is_abroad(full_url: str) -> bool:
    """Return whether a name is an address elsewhere, so that beside it ``Type/id`` means what has that name there."""
    return _BASE.fullmatch(full_url) is not None


def _base_of(full_url: str) -> str:
    match = _BASE.fullmatch(full_url)
    return match[1] if match else ""
