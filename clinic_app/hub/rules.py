"""Which organisation may write which record: the hub's only judge, asked for every entry of every transaction.

A record belongs to the organisation that wrote it first, and nobody else writes it. The one exception is the Task of a
referral: the performer named in it moves it on, as the table in `clinic_app.referral.states` allows.
"""

from __future__ import annotations

from typing import Final

import msgspec

from clinic_app.foundation.errors import ConflictError, InvalidInputError, NotAllowedError
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    EVERYBODY,
    Bundle,
    Composition,
    Device,
    Organization,
    Practitioner,
    Resource,
    Task,
    audience_of,
)
from clinic_app.referral.states import Writer, may_move
from clinic_app.storage.feed.rows import Caller, StoredRecord

_ENVELOPES: Final = (Bundle, Composition)
_PUBLIC: Final = (Organization, Device, Practitioner)
_PERFORMER_WRITES: Final = frozenset(
    {"meta", "status", "status_reason", "business_status", "execution_period", "last_modified", "note", "output"}
)
"""What a performer may change in a Task that is not his."""


def judge(caller: Caller, stored: StoredRecord | None, incoming: Resource) -> None:
    """Let a write pass, or refuse it.

    Args:
        caller: the workstation that writes.
        stored: what the hub has under this id, None for a new record.
        incoming: the record as it would be.

    Raises:
        NotAllowedError: the record is another organisation's, or pretends to be somebody else's.
        ConflictError: the Task cannot go from where it is to where it is wanted.
        InvalidInputError: a type that is no record of its own, or a patient's record for everybody.
    """
    if isinstance(incoming, _ENVELOPES):
        raise InvalidInputError(Text("The hub does not keep {type}.", type=incoming.type_name))
    if EVERYBODY in audience_of(incoming) and not isinstance(incoming, _PUBLIC):
        raise InvalidInputError(Text("Only organisations, devices and staff can be meant for everybody."))
    _check_identity(caller, incoming)
    if isinstance(incoming, Task):
        _check_task(caller, stored, incoming)
    elif stored is not None and stored.organization_id != caller.organization_id:
        raise _foreign()


def _check_identity(caller: Caller, incoming: Resource) -> None:
    """An organisation describes only itself and its own devices."""
    own = caller.organization_id
    if isinstance(incoming, Organization) and incoming.id != own:
        raise _foreign()
    if isinstance(incoming, Device) and (incoming.owner is None or incoming.owner.id != own):
        raise _foreign()


def _check_task(caller: Caller, stored: StoredRecord | None, incoming: Task) -> None:
    old = stored.record if stored else None
    if old is not None and not isinstance(old, Task):
        raise _foreign()
    if stored is not None and stored.organization_id != caller.organization_id:
        _check_performer_change(caller, old, incoming)
    writers = _writers(caller, old or incoming)
    if not writers:
        raise _foreign()
    if old is not None and _ends(old) != _ends(incoming) and old.status != "draft":
        raise _foreign()
    if old is not None and _requester(old) != _requester(incoming):
        raise _foreign()
    before = old.status if old else None
    if not may_move(before, incoming.status, *writers):
        raise ConflictError(
            Text("This referral cannot go from “{old}” to “{new}”.", old=before or "new", new=incoming.status)
        )


def _check_performer_change(caller: Caller, old: Task | None, incoming: Task) -> None:
    """The performer moves a Task on but leaves what it is about, and who may see it, as it was."""
    is_performer = old is not None and old.owner is not None and old.owner.id == caller.organization_id
    if old is None or not is_performer or audience_of(old) != audience_of(incoming):
        raise _foreign()
    kept = {name: getattr(old, name) for name in old.__struct_fields__ if name not in _PERFORMER_WRITES}
    if msgspec.structs.replace(incoming, **kept) != incoming:
        raise _foreign()


def _requester(task: Task) -> str:
    return task.requester.id if task.requester else ""


def _ends(task: Task) -> tuple[str, str]:
    """Return who asks and who is asked; once a Task was sent, neither is ever another."""
    return _requester(task), task.owner.id if task.owner else ""


def _writers(caller: Caller, task: Task) -> tuple[Writer, ...]:
    own = caller.organization_id
    requester: tuple[Writer, ...] = ("requester",) if task.requester and task.requester.id == own else ()
    performer: tuple[Writer, ...] = ("performer",) if task.owner and task.owner.id == own else ()
    return requester + performer


def _foreign() -> NotAllowedError:
    return NotAllowedError(Text("This record belongs to another organisation."))
