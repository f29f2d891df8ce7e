"""Whether the log is what was written: every hash, every private value and every file that it names."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from sqlalchemy import Connection, select

from tracker.domain.events import StreamKind
from tracker.log import store
from tracker.log.files import FileStore
from tracker.log.seal import Fault, SealedEvent, check_chain
from tracker.log.vault import commitment_of
from tracker.models.log import PrivateValueRow

__all__ = ["Fault", "faults"]


def faults(conn: Connection, files: FileStore, progress: Callable[[int, int], None]) -> Iterator[Fault]:
    """Everything that is wrong, the log first. Reads all of it once; memory grows with the files named."""
    head = store.read_head(conn)
    digests: set[str] = set()
    with closing(_watched(conn, head.size, digests, progress)) as events:
        yield from check_chain(events, head.size, head.root)
    yield from _vault_faults(conn)
    for fault in files.check(sorted(digests)):
        yield Fault(fault.code, 0, fault.digest)


def _watched(
    conn: Connection, size: int, digests: set[str], progress: Callable[[int, int], None]
) -> Generator[SealedEvent]:
    for sealed in store.read_sealed(conn):
        event = sealed.event
        if event.stream_kind is StreamKind.TICKET:
            digests.update(file["digest"] for file in event.data.get("evidence", ()))
        progress(event.position, size)
        yield sealed


def _vault_faults(conn: Connection) -> Iterator[Fault]:
    """Values that do not fit the commitment in the log. One that was erased is no fault: the log stays whole."""
    for row in conn.execute(select(PrivateValueRow.__table__).execution_options(yield_per=5000)):
        if commitment_of(row.salt, row.field, row.value) != bytes(row.commitment):
            yield Fault("private_value_changed", row.ticket_id, row.field)
