"""Closed sets of words that rules, forms and the log share. Their labels: `tracker/words.py`."""

from __future__ import annotations

from enum import StrEnum


class EvidenceKind(StrEnum):
    """What a file shows. A picture of the check is a verifier's, not work; `photo` is of what was held or seen."""

    PHOTO_BEFORE = "photo_before"
    PHOTO_AFTER = "photo_after"
    PHOTO_CHECK = "photo_check"
    DOCUMENT = "document"
    PHOTO = "photo"
    SIGNATURE = "signature"  # of who lives or works there, under what an inspection found


PHOTO_KINDS = (EvidenceKind.PHOTO_BEFORE, EvidenceKind.PHOTO_AFTER, EvidenceKind.PHOTO_CHECK)
"""Of a ticket."""
OF_AN_ATTEMPT = frozenset({EvidenceKind.PHOTO_AFTER, EvidenceKind.DOCUMENT})
"""What `guards.has_evidence` counts, anew after each failure."""


class Part(StrEnum):
    """What a picture may say of itself, and a register ask of it."""

    TIME = "time"
    PLACE = "place"


class ExclusionWay(StrEnum):
    """How a ticket leaves the figures; each is also the name of the step that grants it."""

    VOID = "void"
    MERGE = "merge"
    EXCLUDE = "exclude"


class RecheckResult(StrEnum):
    """What was found when a closed ticket was looked at again."""

    PASSED = "passed"
    FAILED = "failed"


class Told(StrEnum):
    """To whom a missed period is a notice: who owed it; and when it was missed twice running, who answers for them."""

    OWNER = "owner"
    LEAD = "lead"
