"""A JSON Patch changes exactly what it says, keeps every other byte's meaning, and cannot be made into a bomb."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.hub.fhir_patch import MOST_CHANGES, MOST_PATCH_BYTES, patched, read_patch
from clinic_app.hub.refusals import HttpRefusalError
from clinic_app.storage.feed.rows import MOST_RECORD_BYTES

RECORD = (
    b'{"resourceType":"Patient","id":"p1","birthDate":"1964","weight":72.50,"name":[{"family":"A"},{"family":"B"}]}'
)


def _patch(*changes: dict[str, Any]) -> bytes:
    return json.dumps(changes).encode()


def _made(*changes: dict[str, Any], record: bytes = RECORD) -> Any:
    return json.loads(patched(record, _patch(*changes)))


def test_each_kind_of_change_does_what_the_standard_says() -> None:
    made = _made(
        {"op": "test", "path": "/birthDate", "value": "1964"},
        {"op": "replace", "path": "/birthDate", "value": "1965"},
        {"op": "add", "path": "/name/-", "value": {"family": "C"}},
        {"op": "remove", "path": "/name/0"},
        {"op": "copy", "from": "/name/0", "path": "/name/0"},
        {"op": "move", "from": "/name/2/family", "path": "/gender"},
    )
    assert made["birthDate"] == "1965"
    assert made["name"] == [{"family": "B"}, {"family": "B"}, {}]
    assert made["gender"] == "C"


def test_numbers_keep_the_digits_they_came_with() -> None:
    record = b'{"id":"p1","a":72.50,"b":1E+2,"c":123456789012345678901234567890,"d":-0.0,"e":7}'
    made = patched(record, b'[{"op":"add","path":"/f","value":0.10}]')
    for digits in (b'"a":72.50', b'"b":1E+2', b'"c":123456789012345678901234567890', b'"d":-0.0', b'"f":0.10'):
        assert digits in made


def test_numbers_beyond_all_bounds_are_refused_and_no_fault() -> None:
    for number in (
        b"1E-999999999999999999999999",
        b"1E+999999999999999999999999",
        b"9" * 30 + b"E99999999999999999999",
    ):
        with pytest.raises(ClinicError):
            patched(RECORD, b'[{"op":"add","path":"/f","value":' + number + b"}]")
        with pytest.raises(ClinicError):
            patched(b'{"id":"p1","x":' + number + b"}", _patch({"op": "add", "path": "/f", "value": 1}))


def test_names_with_slashes_and_tildes_are_reached() -> None:
    assert _made({"op": "add", "path": "/a~1b~0c", "value": 1})["a/b~c"] == 1


def test_true_is_not_one() -> None:
    with pytest.raises(InvalidInputError):
        patched(b'{"active":true}', _patch({"op": "test", "path": "/active", "value": 1}))


def test_a_change_that_does_not_fit_names_its_number() -> None:
    with pytest.raises(InvalidInputError) as caught:
        _made({"op": "remove", "path": "/birthDate"}, {"op": "remove", "path": "/birthDate"})
    assert "Change 2" in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"op": "test", "path": "/birthDate", "value": "1900"},
        {"op": "remove", "path": "/nothing"},
        {"op": "remove", "path": ""},
        {"op": "replace", "path": "/nothing", "value": 1},
        {"op": "replace", "path": "", "value": []},
        {"op": "replace", "path": "", "value": None},
        {"op": "add", "path": "/name/5", "value": {}},
        {"op": "add", "path": "/name/01", "value": {}},
        {"op": "add", "path": "/name/-1", "value": {}},
        {"op": "add", "path": "/name/-/x", "value": {}},
        {"op": "add", "path": "/name/١", "value": {}},
        {"op": "add", "path": "/birthDate/x", "value": 1},
        {"op": "add", "path": "/weight/x", "value": 1},
        {"op": "copy", "from": "/name/-", "path": "/x"},
        {"op": "copy", "from": "/nothing", "path": "/x"},
        {"op": "move", "from": "/name", "path": "/name/0/x"},
        {"op": "move", "from": "", "path": "/x"},
        {"op": "move", "from": "/nothing", "path": "/x"},
        {"op": "add", "path": "/x", "value": "\ud800"},
    ],
)
def test_what_does_not_fit_is_refused_whole(change: dict[str, Any]) -> None:
    with pytest.raises(ClinicError):
        _made(change)


@pytest.mark.parametrize(
    "patch",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"x"',
        b'["x"]',
        b"[1]",
        b"[[]]",
        b'[{"op":"remove"}]',
        b'[{"path":"/a"}]',
        b'[{"op":"destroy","path":"/a"}]',
        b'[{"op":"append","path":"/a","value":"x"}]',
        b'[{"op":["add"],"path":"/a","value":1}]',
        b'[{"op":{},"path":"/a","value":1}]',
        b'[{"op":"add","path":5,"value":1}]',
        b'[{"op":"add","path":null,"value":1}]',
        b'[{"op":"add","path":"a","value":1}]',
        b'[{"op":"add","path":"/a~2","value":1}]',
        b'[{"op":"add","path":"/a"}]',
        b'[{"op":"copy","path":"/a"}]',
        b'[{"op":"copy","path":"/a","from":5}]',
        b'[{"op":"copy","path":"/a","from":["x"]}]',
        b'[{"op":"add","path":"/a","value":NaN}]',
        b'[{"op":"add","path":"/a","value":-Infinity}]',
        b"[" * 100_000,
        b'[{"op":"add","path":"/a","value":' + b"[" * 5000 + b"]" * 5000 + b"}]",
        b"\xff\xfe[\x00]\x00",
        b"\xef\xbb\xbf[]",
    ],
)
def test_what_is_no_patch_is_refused(patch: bytes) -> None:
    with pytest.raises(ClinicError):
        patched(RECORD, patch)


def test_a_patch_has_an_end() -> None:
    change = {"op": "add", "path": "/x", "value": 1}
    assert len(read_patch(_patch(*[change] * MOST_CHANGES))) == MOST_CHANGES
    for too_much in (_patch(*[change] * (MOST_CHANGES + 1)), _patch(change) + b" " * MOST_PATCH_BYTES):
        with pytest.raises(HttpRefusalError):
            read_patch(too_much)


@pytest.mark.parametrize(
    ("record", "changes"),
    [
        (b'{"a":{"b":"cccccccccc"}}', [{"op": "copy", "from": "", "path": f"/x{each}"} for each in range(200)]),
        (b'{"a":[1]}', [{"op": "copy", "from": "/a", "path": "/a/-"} for _ in range(200)]),
        (b'{"a":[[]]}', [{"op": "copy", "from": "/a", "path": "/a/0"} for _ in range(400)]),
        (
            b'{"a":"' + b"x" * 100_000 + b'"}',
            [{"op": "copy", "from": "/a", "path": f"/x{each}"} for each in range(500)],
        ),
    ],
)
def test_a_patch_that_copies_a_record_into_itself_stops_before_memory_does(
    record: bytes, changes: list[dict[str, str]]
) -> None:
    patch = _patch(*changes)
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInputError):
            patched(record, patch)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 16 << 20


def test_a_patch_that_digs_ever_deeper_is_refused_and_never_a_fault() -> None:
    changes = [{"op": "add", "path": "/x" * depth, "value": {}} for depth in range(1, MOST_CHANGES)]
    deep = patched(b"{}", _patch(*changes))
    assert deep.count(b"{") == MOST_CHANGES  # the codec refuses it: this is a matter of the record, not of the patch
    with pytest.raises(InvalidInputError):
        patched(b"{}", _patch(*changes[:-2], {"op": "copy", "from": "/x", "path": "/y"}, {"op": "test", "path": "/z"}))


def test_a_copy_of_something_large_once_is_no_bomb() -> None:
    record = b'{"a":"' + b"x" * (MOST_RECORD_BYTES // 4) + b'"}'
    assert len(patched(record, _patch({"op": "copy", "from": "/a", "path": "/b"}))) > MOST_RECORD_BYTES // 2


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
_PATHS = st.one_of(
    st.sampled_from(["", "/", "/name", "/name/0", "/name/-", "/name/0/family", "/weight", "/id", "/~", "/~01", "/é"]),
    st.text(max_size=6),
)
_CHANGES = st.dictionaries(
    st.sampled_from(["op", "path", "from", "value", "x"]),
    st.one_of(st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), _PATHS, _VALUES),
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(changes=st.lists(_CHANGES, max_size=4))
def test_whatever_a_patch_says_it_is_applied_or_refused(changes: list[dict[str, Any]]) -> None:
    try:
        made = patched(RECORD, json.dumps(changes).encode())
    except ClinicError:
        return
    assert isinstance(json.loads(made), dict)
