"""The cube of this process, kept up with the log: opened from its files, caught up by deltas, saved when it grows.

A cache. Where the files are missing or of another ledger (`epoch`), it is built from `mark_deltas`.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from tracker.log import store
from tracker.projections.cube import Counts, Cube, CubeUnusable
from tracker.projections.folios import FolioIndex, read_folios
from tracker.projections.ledger import read_delta_batches, read_deltas


class LiveCube:
    """Counts at the log's head or any position before it. Safe for the threads of a web worker.

    `folder` None keeps it in memory only.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._cube: Cube | None = None
        self._folios: FolioIndex = {}
        self._folios_at = (-1, "")
        self._lock = threading.Lock()

    def counts(
        self,
        conn: Connection,
        groups: Sequence[Sequence[int]],
        days: Sequence[int],
        *,
        position: int,
        places: Sequence[int] | None,
        head: store.Head | None = None,
    ) -> Counts:
        """Marks in force per group of folios, day and unit, as known at `position`; see Cube.counts.

        `head`: the log as this connection sees it, where the caller has read it already.
        """
        return self._fresh(conn, head or store.read_head(conn)).counts(
            groups,
            days,
            position=position,
            places=places,
            deltas_between=lambda lower, upper: read_deltas(conn, after=lower, until=upper),
        )

    def folios(self, conn: Connection, head: store.Head | None = None) -> FolioIndex:
        """All folios by account and register: some hundreds of rows, read again when the log has grown."""
        head = head or store.read_head(conn)
        at = (head.size, head.epoch)
        if self._folios_at != at:
            self._folios, self._folios_at = read_folios(conn), at
        return self._folios

    def _fresh(self, conn: Connection, head: store.Head) -> Cube:
        """The cube as of this connection's snapshot or later."""
        cube = self._cube
        if cube is None or cube.epoch != head.epoch:
            with self._lock:
                cube = self._cube
                if cube is None or cube.epoch != head.epoch:
                    self._cube = cube = self._open_or_build(conn, head)
        if cube.position < head.size:
            cube.catch_up(read_deltas(conn, after=cube.position), position=head.size)
            if cube.is_overgrown:
                self._save(cube)
        return cube

    def _open_or_build(self, conn: Connection, head: store.Head) -> Cube:
        try:
            cube = Cube.open(self._folder) if self._folder else Cube.build((), epoch="", position=0)
            if cube.epoch == head.epoch and cube.position <= head.size:
                return cube
        except CubeUnusable:
            pass  # there is none yet, or not one of ours: it is built below
        return self._build(conn, head)

    def build(self, conn: Connection) -> None:
        """Make it again from all deltas, whatever the files say."""
        with self._lock:
            self._cube = self._build(conn, store.read_head(conn))

    def _build(self, conn: Connection, head: store.Head) -> Cube:
        """The cube from all deltas, saved for the next start."""
        cube = Cube.build(read_delta_batches(conn, until=head.size), epoch=head.epoch, position=head.size)
        self._save(cube)
        return cube

    def _save(self, cube: Cube) -> None:
        if self._folder is not None:
            cube.save(self._folder)
