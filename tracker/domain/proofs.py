"""The files that a record must bring, and which of them are missing: asked here and nowhere else.

Whoever comes back from a meeting shows it, a built toilet is shown before, while and after it was built. A report that
nothing was found needs none unless the register says so, and no row of a ledger that was kept elsewhere does: its
pictures are there. Source: registers.md §1 (photos of an activity), §4, §5, §8 (a fail needs a photo).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tracker.domain.evidence import taken_of
from tracker.domain.kinds import EvidenceKind, Part
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import FAR_METRES


@dataclass(frozen=True, slots=True)
class Proof:
    """How many files of which kind. `photos`: pictures of any kind, those before and after among them. `taken`: what
    each picture must say of itself, or whoever sends it."""

    photos: int = 0
    photos_before: int = 0
    photos_after: int = 0
    documents: int = 0
    of_nil: bool = False
    taken: frozenset[Part] = frozenset()
    far_metres: int = FAR_METRES

    def needed(self) -> Mapping[str, int]:
        """Part of the form → how many; parts that ask for nothing are left out."""
        asked = {
            "photos_before": self.photos_before,
            "photos_after": self.photos_after,
            "photos": self.photos,
            "documents": self.documents,
        }
        return {name: count for name, count in asked.items() if count}


NO_PROOF = Proof()

_COUNTED: Mapping[str, tuple[EvidenceKind, ...]] = {
    "photos": (EvidenceKind.PHOTO, EvidenceKind.PHOTO_BEFORE, EvidenceKind.PHOTO_AFTER),
    "photos_before": (EvidenceKind.PHOTO_BEFORE,),
    "photos_after": (EvidenceKind.PHOTO_AFTER,),
    "documents": (EvidenceKind.DOCUMENT,),
}


def given(part: str, kinds: Iterable[str]) -> int:
    """How many of the files with these kinds count for a part."""
    there = Counter(str(kind) for kind in kinds)
    return sum(there[kind] for kind in _COUNTED[part])


def proof_missing(proof: Proof, kinds: Iterable[str], *, is_nil: bool) -> tuple[Refusal, ...]:
    """What lacks of it; `kinds`: of the files that are there and of those that come now."""
    if is_nil and not proof.of_nil:
        return ()
    there = tuple(kinds)
    return tuple(
        Refusal("evidence_missing", field=part, needed=count, given=given(part, there))
        for part, count in proof.needed().items()
        if given(part, there) < count
    )


_FIELDS: Mapping[str, str] = {
    EvidenceKind.PHOTO_BEFORE: "photos_before",
    EvidenceKind.PHOTO_AFTER: "photos_after",
    EvidenceKind.PHOTO: "photos",
}


def untold(asked: Iterable[Part], files: Iterable[Mapping[str, Any]]) -> tuple[Refusal, ...]:
    """What the pictures that come now do not say of themselves, and nobody beside them, though the register asks it.

    One that came before is not asked again: what it lacks could not be mended any more.
    """
    pictures = [(_FIELDS[str(file["kind"])], taken_of(file)) for file in files if file["kind"] in _FIELDS]
    return tuple(
        _untold(part, field, count)
        for field in dict.fromkeys(field for field, _ in pictures)
        for part in sorted(asked)
        if (count := sum(name == field and not taken.has(part) for name, taken in pictures))
    )


def check_told(asked: Iterable[Part], files: Iterable[Mapping[str, Any]], *, is_elsewhere: bool) -> None:
    """Refuses picture_without_time and picture_without_place, as `untold` finds them. `is_elsewhere`: an inspection saw
    it on its day, at its subject, or a ledger that was kept elsewhere has its own pictures."""
    if not is_elsewhere and (lacking := untold(asked, files)):
        raise Refusals(lacking)


def _untold(part: Part, field: str, count: int) -> Refusal:
    if part is Part.TIME:
        return Refusal("picture_without_time", field=field, count=count)
    return Refusal("picture_without_place", field=field, count=count)
