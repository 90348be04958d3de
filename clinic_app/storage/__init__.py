"""The store: records, blobs and everything that must outlive the power, encrypted, in one data folder.

The only room that knows SQL. A record's JSON bytes are the truth; the rest of the tables is made from them. Every write
is one transaction: record, history, indexes, outbox, audit, transfers.
"""

from clinic_app.storage.accounts import Account, Accounts, Attempts
from clinic_app.storage.backups.backup_keeper import BackupKeeper, KeeperState
from clinic_app.storage.backups.backups import Backup, BackupKind, Backups
from clinic_app.storage.backups.restoring import restore_backup
from clinic_app.storage.contents.blobs import BlobStore
from clinic_app.storage.contents.transfers import Direction, Transfer, Transfers, TransferState
from clinic_app.storage.counts import AnswerTime, Counts, FoundCounts, Side, TaskCounts
from clinic_app.storage.engines.space import Space, SpaceState
from clinic_app.storage.exchange.conflicts import Conflict
from clinic_app.storage.exchange.lanes import Lane
from clinic_app.storage.exchange.outbox import Outbox, OutboxRow, OutboxState
from clinic_app.storage.folder.one_instance import one_instance
from clinic_app.storage.memory import Memory
from clinic_app.storage.record_store import RecordStore
from clinic_app.storage.store import Store
from clinic_app.storage.trail.rows import AuditQuery, AuditRow, AuditRows, ChainVerdict

__all__ = [
    "Account",
    "Accounts",
    "AnswerTime",
    "Attempts",
    "AuditQuery",
    "AuditRow",
    "AuditRows",
    "Backup",
    "BackupKeeper",
    "BackupKind",
    "Backups",
    "BlobStore",
    "ChainVerdict",
    "Conflict",
    "Counts",
    "Direction",
    "FoundCounts",
    "KeeperState",
    "Lane",
    "Memory",
    "Outbox",
    "OutboxRow",
    "OutboxState",
    "RecordStore",
    "Side",
    "Space",
    "SpaceState",
    "Store",
    "TaskCounts",
    "Transfer",
    "TransferState",
    "Transfers",
    "one_instance",
    "restore_backup",
]
