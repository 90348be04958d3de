"""What a file says, element by element, for somebody who wants to see it: lazily, safely, and searchable.

The file is a stranger's. An element is decoded when it is shown, a sequence when it is opened; pixels are never loaded
into anything; what cannot be read says so; depth and number of lines have limits. Letters that the file is wrong about
are shown as they are probably meant, and marked.
Sources: DICOM PS3.5 7, PS3.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from pydicom.datadict import dictionary_description, private_dictionary_description
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag
from pydicom.uid import UID

from clinic_app.foundation.folding import name_keys
from clinic_app.imaging.reading import READING_ERRORS, read_dataset
from clinic_app.imaging.texts import Proposal, proposal_for

MOST_SHOWN: Final = 256
"""Letters of a value in a line; all of it (up to a limit) is had with `TagLine.whole`."""
MOST_WHOLE: Final = 65_536
MOST_DEPTH: Final = 32
MOST_LINES: Final = 20_000
"""Listed of one part of a file, and looked through in one search."""
_BYTES: Final = frozenset(("OB", "OW", "OF", "OD", "OL", "OV", "UN"))
_TEXTS: Final = frozenset(("LO", "SH", "ST", "LT", "UT", "UC", "PN"))
_MOST_HEX: Final = 32
_PICTURES: Final = 0x2400
"""Where Unicode has pictures of control characters."""
_PIXELS: Final = (0x7FE00008, 0x7FE00009, 0x7FE00010)


@dataclass(frozen=True)
class TagLine:
    """One element, or one item of a sequence.

    Args:
        path: numbers that lead to it from the top: tags, and places of items.
        tag: ``(0010,0010)``, or ``#2`` for an item.
        vr: two letters; empty for an item.
        keyword: of PS3.6; for a private one its creator and what is known of it.
        value: as it is shown, shortened.
        size_bytes: of the value in the file; -1 where that is not known.
        has_more: the value is longer than what is shown.
        can_open: a sequence with items, or an item.
        is_mended: the letters are not those the file states.
        is_unreadable: it cannot be read.
        is_private: it is somebody's own.
    """

    path: tuple[int, ...]
    tag: str
    vr: str = ""
    keyword: str = ""
    value: str = ""
    size_bytes: int = -1
    has_more: bool = False
    can_open: bool = False
    is_mended: bool = False
    is_unreadable: bool = False
    is_private: bool = False

    def row(self) -> str:
        """Return the line as text for another program."""
        return f"{self.tag}\t{self.vr}\t{self.keyword}\t{self.value}"


@dataclass
class TagTree:
    """The elements of one file.

    Args:
        data: the file.

    Raises:
        UnreadableFileError: it is no DICOM, or damaged from the beginning.
    """

    data: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Read the file; its pixels stay bytes."""
        self._dataset = read_dataset(self.data)
        self.proposal: Proposal | None = proposal_for(read_dataset(self.data))  # what it reads is raw no more

    def lines(self, path: tuple[int, ...] = ()) -> tuple[TagLine, ...]:
        """Return what stands in the file, in a sequence or in an item of one; nothing beyond `MOST_DEPTH`."""
        if len(path) >= 2 * MOST_DEPTH:
            return ()
        if len(path) % 2:
            return tuple(
                TagLine((*path, place), f"#{place + 1}", can_open=len(item) > 0, value=f"{len(item)}")
                for place, item in enumerate(self._items(path)[:MOST_LINES])
            )
        found = self._at(path)
        if found is None:
            return ()
        head = self._dataset.file_meta if not path else Dataset()
        return (
            *(self._line(head, tag, path) for tag in sorted(head.keys())),
            *(self._line(found, tag, path) for tag in sorted(found.keys())[:MOST_LINES]),
        )

    def whole(self, path: tuple[int, ...]) -> str:
        """Return a value as far as it is shown at all: `MOST_WHOLE` letters, or bytes in hexadecimal."""
        if not path or len(path) % 2 == 0:
            return ""
        holder = self._holder(path)
        if holder is None:
            return ""
        try:
            return printable(self._words(holder, BaseTag(path[-1]), MOST_WHOLE)[0], keeps_lines=True)
        except READING_ERRORS:
            return ""

    def find(self, wanted: str, most: int = 500) -> tuple[TagLine, ...]:
        """Return the elements whose tag, name or value has some words in it, however their letters are written.

        Args:
            wanted: a part of a tag (with or without brackets and comma), of a keyword, or of a value.
            most: lines are returned.
        """
        plain = wanted.strip().casefold()
        if not plain:
            return ()
        keys = tuple(key for key in name_keys(wanted) if key)
        bare = plain.replace("(", "").replace(")", "").replace(",", "").replace(" ", "")
        found: list[TagLine] = []
        for seen, line in enumerate(self._walk(())):
            if seen > MOST_LINES or len(found) >= most:
                break
            if _fits(line, plain, bare, keys):
                found.append(line)
        return tuple(found)

    def _walk(self, path: tuple[int, ...]) -> Iterator[TagLine]:
        for line in self.lines(path):
            yield line
            if line.can_open:
                yield from self._walk(line.path)

    def _at(self, path: tuple[int, ...]) -> Dataset | None:
        """Return the dataset a path of pairs (tag, place) leads to."""
        found: Dataset | None = self._dataset
        for tag, place in zip(path[::2], path[1::2], strict=False):
            items = _items_in(found, tag) if found is not None else []
            found = items[place] if 0 <= place < len(items) else None
        return found

    def _holder(self, path: tuple[int, ...]) -> Dataset | None:
        if len(path) == 1 and path[0] >> 16 == 2:
            return self._dataset.file_meta
        return self._at(path[:-1])

    def _items(self, path: tuple[int, ...]) -> list[Dataset]:
        holder = self._holder(path)
        return _items_in(holder, path[-1]) if holder is not None else []

    def _line(self, dataset: Dataset, tag: BaseTag, path: tuple[int, ...]) -> TagLine:
        here, shown = (*path, int(tag)), f"({tag.group:04X},{tag.element:04X})"
        keyword = _name(dataset, tag)
        size = _size(dataset, tag)
        try:
            vr = _vr(dataset, tag)
            if vr == "SQ":
                count = len(_items_in(dataset, tag))
                return TagLine(
                    here, shown, vr, keyword, str(count), size, can_open=count > 0, is_private=tag.is_private
                )
            value, is_mended = self._words(dataset, tag, MOST_SHOWN + 1)
        except READING_ERRORS:
            return TagLine(here, shown, "", keyword, "", size, is_unreadable=True, is_private=tag.is_private)
        return TagLine(
            here,
            shown,
            vr,
            keyword,
            printable(value[:MOST_SHOWN]),
            size,
            has_more=len(value) > MOST_SHOWN,
            is_mended=is_mended,
            is_private=tag.is_private,
        )

    def _words(self, dataset: Dataset, tag: BaseTag, most: int) -> tuple[str, bool]:
        """Return a value in words, and whether its letters were mended."""
        raw: Any = dataset.get_item(tag)
        held = raw.value if isinstance(raw, RawDataElement) else None
        if int(tag) in _PIXELS or (isinstance(held, bytes) and raw.VR in _BYTES):
            plain = held if isinstance(held, bytes) else raw.value
            return _hex(plain, most), False
        if isinstance(held, bytes) and len(held) > MOST_WHOLE:
            return _hex(held, most) if raw.VR not in _TEXTS else held[:most].decode("ascii", "replace"), False
        if self.proposal is not None and isinstance(held, bytes) and not held.isascii():
            mended = _decoded(held, self.proposal.encoding)
            if mended:
                return mended[:most], True
        element = _element(dataset, tag)
        if element.VR in _BYTES:
            return _hex(element.value or b"", most), False
        value = joined(element.value)
        if element.VR == "UI" and UID(value).name != value:
            value = f"{value} = {UID(value).name}"
        return value[:most], False


def joined(value: object) -> str:
    """Return a value as it stands in a file: several are parted by a backslash (PS3.5 6.4)."""
    if isinstance(value, (MultiValue, list)):
        return "\\".join(map(str, value))
    return "" if value is None else str(value)


def printable(words: str, *, keeps_lines: bool = False) -> str:
    """Return words with signs in the place of what cannot be seen.

    That is what steers a terminal, turns the direction of writing, or would break a line that is copied into a table.

    Args:
        words: a stranger's.
        keeps_lines: they are shown in a field of many lines.
    """
    if words.isprintable():
        return words
    if keeps_lines:
        words = words.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(each if each.isprintable() or (keeps_lines and each == "\n") else _sign_of(each) for each in words)


def _sign_of(letter: str) -> str:
    if letter < " ":
        return chr(_PICTURES + ord(letter))
    return " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}"


def _fits(line: TagLine, plain: str, bare: str, keys: tuple[str, ...]) -> bool:
    told = (line.keyword.casefold(), line.value.casefold(), line.tag.casefold())
    if any(plain in each for each in told) or (len(bare) >= 4 and bare in told[2].strip("()").replace(",", "")):
        return True
    if not keys:
        return False
    words = tuple(name_keys(line.value.replace("^", " ").replace("=", " ")))
    return all(any(word.startswith(key) for word in words) for key in keys)


def _element(dataset: Dataset, tag: BaseTag) -> DataElement:
    """Return an element as it is read, and leave it in the file as it was: raw, with its letters and its size."""
    raw: Any = dataset.get_item(tag)
    element = dataset[tag]
    if isinstance(raw, RawDataElement) and element.VR != "SQ":
        dataset[tag] = raw
    return element


def _items_in(dataset: Dataset, tag: int) -> list[Dataset]:
    try:
        found: Any = dataset[tag]
        return list(found.value) if found.VR == "SQ" else []
    except READING_ERRORS:
        return []


def _vr(dataset: Dataset, tag: BaseTag) -> str:
    raw: Any = dataset.get_item(tag)
    if isinstance(raw, RawDataElement) and raw.VR and raw.VR != "UN":
        return str(raw.VR)
    if int(tag) in _PIXELS:
        return "OW"
    return str(_element(dataset, tag).VR)


def _size(dataset: Dataset, tag: BaseTag) -> int:
    raw: Any = dataset.get_item(tag)
    value = getattr(raw, "value", None)
    return len(value) if isinstance(value, bytes) else -1


def _name(dataset: Dataset, tag: BaseTag) -> str:
    """Return the keyword of an element, or who made it and what is known of it."""
    try:
        if not tag.is_private:
            return dictionary_description(tag)
        if tag.is_private_creator:
            return "Private Creator"
        creator = printable(str(_element(dataset, BaseTag((tag.group << 16) | (tag.element >> 8))).value)[:64])
    except READING_ERRORS:
        return ""
    try:
        return f"{creator}: {private_dictionary_description(tag, creator)}"
    except READING_ERRORS:
        return creator


def _hex(value: bytes, most: int) -> str:
    shown = bytes(value[: min(_MOST_HEX if most <= MOST_SHOWN + 1 else MOST_WHOLE // 3, len(value))])
    return shown.hex(" ") + (" …" if len(shown) < len(value) else "")


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding).rstrip(" \0")
    except UnicodeDecodeError:
        return ""
