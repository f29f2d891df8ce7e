"""Which tickets and records name which picture. Documents and signed sheets are left out: one paper may rightly stand
for a whole batch. Question: queries/pictures.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection

from tracker.domain.evidence import Evidence
from tracker.domain.kinds import EvidenceKind
from tracker.domain.record import Record
from tracker.domain.ticket import Ticket
from tracker.models.pictures import PictureUseRow
from tracker.models.rows import insert_rows

Use = tuple[bytes, int, int]
"""In the order of _COLUMNS."""
_COLUMNS = ("digest", "stream_id", "family_id")
_KINDS = frozenset({EvidenceKind.PHOTO, EvidenceKind.PHOTO_BEFORE, EvidenceKind.PHOTO_AFTER, EvidenceKind.PHOTO_CHECK})


def shortened(digest: str) -> bytes:
    """The stored half of a SHA-256 in hex."""
    return bytes.fromhex(digest)[:16]


def pictures_of(evidence: Iterable[Evidence]) -> Iterator[str]:
    """The digests of photographs among the files."""
    return (file.digest for file in evidence if file.kind in _KINDS)


def family_of(state: Ticket | Record) -> int:
    """The inspection that found a ticket, else the ticket or record itself."""
    return state.origin_id if isinstance(state, Ticket) and state.origin_id is not None else state.id


def uses_of(state: Ticket | Record, already: Iterable[Evidence] = ()) -> list[Use]:
    """Each picture once, without those that it names `already`."""
    if not state.evidence:
        return []  # most tickets of an import
    known = frozenset(pictures_of(already))
    digests = dict.fromkeys(digest for digest in pictures_of(state.evidence) if digest not in known)
    return [(shortened(digest), state.id, family_of(state)) for digest in digests]


def insert_new(conn: Connection, uses: Sequence[Use]) -> None:
    """Of pictures that have no row of this ticket or record yet."""
    insert_rows(conn, PictureUseRow.__table__, _COLUMNS, uses)


class PictureWriter:
    """Collects the pictures that came in one transaction."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._uses: list[Use] = []

    def put(self, before: Ticket | Record | None, after: Ticket | Record) -> None:
        if before is None or before.evidence is not after.evidence:
            self._uses += uses_of(after, before.evidence if before is not None else ())

    def flush(self) -> None:
        insert_new(self._conn, self._uses)
        self._uses = []
