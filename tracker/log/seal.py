"""Hashes of the log: leaves, the growing Merkle tree, and what `verify` finds.

Leaf = SHA-256(0x00 ‖ canonical event), node = SHA-256(0x01 ‖ left ‖ right). Source: RFC 6962 §2.1.
A frontier is the list of roots of the perfect subtrees of a log of `size` leaves, largest first:
it is all that an append needs, whatever the size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from tracker.domain.events import Event, canonical

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(event: Event) -> bytes:
    return sha256(b"\x00" + canonical(event)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """An append-only Merkle tree kept as its frontier (at most 64 hashes)."""

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, frontier: bytes = b"") -> None:
        self.size = size
        self._peaks = [frontier[i : i + 32] for i in range(0, len(frontier), 32)]
        if len(self._peaks) != size.bit_count():
            raise ValueError(f"a frontier of {len(self._peaks)} hashes does not fit {size} leaves")

    def add(self, leaf: bytes) -> None:
        node, size = leaf, self.size
        while size & 1:
            node = _node(self._peaks.pop(), node)
            size >>= 1
        self._peaks.append(node)
        self.size += 1

    @property
    def frontier(self) -> bytes:
        return b"".join(self._peaks)

    def root(self) -> bytes:
        if not self._peaks:
            return EMPTY_ROOT
        node = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            node = _node(peak, node)
        return node


@dataclass(frozen=True, slots=True)
class SealedEvent:
    """An event as stored, with the hashes stored beside it."""

    event: Event
    leaf: bytes
    root: bytes | None


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the log. `code` is worded by the command line and the audit page."""

    code: str
    position: int
    detail: str = ""


def check_chain(
    events: Iterable[SealedEvent], size: int, root: bytes, *, after: int, tree: Tree | None
) -> Iterator[Fault]:
    """Faults of the events after position `after` against the log's head: changed, missing, reordered, broken heads.

    `tree` holds the `after` leaves before them and grows; None: heads are not looked at. Of a stream that began
    before them, the first version met is taken as it is. After the first broken head the later ones are not reported:
    they all follow from it.
    """
    versions: dict[tuple[int, int], int] = {}
    last, latest, head_is_broken = after, None, False
    for sealed in events:
        event = sealed.event
        if event.position != last + 1:
            yield Fault("position_gap", event.position, str(last + 1))
            return
        last = event.position
        leaf = leaf_hash(event)
        if leaf != sealed.leaf:
            yield Fault("event_changed", event.position, event.kind)
        stream = (event.stream_kind, event.stream_id)
        if event.version != versions.get(stream, event.version - 1 if after else 0) + 1:
            yield Fault("version_gap", event.position, str(event.version))
        versions[stream] = event.version
        if latest is not None and event.recorded_at < latest:
            yield Fault("clock_ran_back", event.position, event.recorded_at.isoformat())
        latest = event.recorded_at
        if tree is None:
            continue
        tree.add(leaf)
        if sealed.root is not None and not head_is_broken and tree.root() != sealed.root:
            head_is_broken = True
            yield Fault("tree_head_differs", event.position, sealed.root.hex())
    if last != size:
        yield Fault("log_size_differs", last, str(size))
    elif tree is not None and tree.root() != root and not head_is_broken:
        yield Fault("tree_head_differs", size, root.hex())
