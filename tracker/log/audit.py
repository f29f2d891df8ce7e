"""Whether the log is what was written: every hash, every private value and every file that it names."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from sqlalchemy import Connection, select

from tracker.domain.events import Event, StreamKind
from tracker.log import store
from tracker.log.files import FileStore
from tracker.log.seal import Fault, SealedEvent, Tree, check_chain
from tracker.log.vault import commitment_of
from tracker.models.log import PrivateValueRow

__all__ = ["Fault", "chain_faults", "faults", "named_files"]


def faults(conn: Connection, files: FileStore, progress: Callable[[int, int], None]) -> Iterator[Fault]:
    """Everything that is wrong, the log first. Reads all of it once; memory grows with the files named."""
    digests: set[str] = set()

    def note(event: Event, size: int) -> None:
        digests.update(_files_of(event))
        progress(event.position, size)

    yield from chain_faults(conn, note)
    yield from _vault_faults(conn)
    for fault in files.check(sorted(digests)):
        yield Fault(fault.code, 0, fault.digest)


def named_files(conn: Connection) -> set[str]:
    """The hash of every file that an entry of the log names. Reads all of the log once."""
    return {digest for event in store.read_all(conn) for digest in _files_of(event)}


def _files_of(event: Event) -> Iterator[str]:
    if event.stream_kind in (StreamKind.TICKET, StreamKind.RECORD):
        yield from (file["digest"] for file in event.data.get("evidence", ()))


def chain_faults(conn: Connection, seen: Callable[[Event, int], None]) -> Iterator[Fault]:
    """What is wrong with the log itself, from its first event to its head; `seen` gets each event and the size."""
    head = store.read_head(conn)
    with closing(_watched(conn, head.size, seen)) as events:
        yield from check_chain(events, head.size, head.root, after=0, tree=Tree())


def _watched(conn: Connection, size: int, seen: Callable[[Event, int], None]) -> Generator[SealedEvent]:
    for sealed in store.read_sealed(conn):
        seen(sealed.event, size)
        yield sealed


def _vault_faults(conn: Connection) -> Iterator[Fault]:
    """Values that do not fit the commitment in the log. One that was erased is no fault: the log stays whole."""
    for row in conn.execute(select(PrivateValueRow.__table__).execution_options(yield_per=5000)):
        if commitment_of(row.salt, row.field, row.value) != bytes(row.commitment):
            yield Fault("private_value_changed", row.ticket_id, row.field)
