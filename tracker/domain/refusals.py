"""Every "no" a rule can say: a code, the field it belongs to, and parameters. Never a sentence.

The sentences stand in `tracker/words.py`, one per code and language; tests/house/test_words.py holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import partial
from typing import Any


class Kind(StrEnum):
    """What a refusal means to the caller; the page turns it into 403, 409 or 422."""

    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    INVALID = "invalid"


CODES: dict[str, Kind] = {
    # who
    "not_permitted": Kind.FORBIDDEN,
    "own_work_cannot_be_verified": Kind.FORBIDDEN,
    "own_unit_cannot_verify": Kind.FORBIDDEN,
    "issuer_cannot_verify": Kind.FORBIDDEN,
    "own_request_cannot_be_decided": Kind.FORBIDDEN,
    "own_ticket_cannot_be_decided": Kind.FORBIDDEN,
    "own_access_cannot_be_changed": Kind.FORBIDDEN,
    # the ticket moved on
    "stale_version": Kind.CONFLICT,
    "step_not_possible_now": Kind.CONFLICT,
    "already_requested": Kind.CONFLICT,
    "no_open_request": Kind.CONFLICT,
    "key_used_for_another_command": Kind.CONFLICT,
    # days
    "day_in_future": Kind.INVALID,
    "day_before_latest_step": Kind.INVALID,
    "day_before_other": Kind.INVALID,
    "found_in_future": Kind.INVALID,
    "found_too_early": Kind.INVALID,
    "due_too_far": Kind.INVALID,
    "due_before_found": Kind.INVALID,
    "due_before_assignment": Kind.INVALID,
    "extension_not_later": Kind.INVALID,
    "extension_too_long": Kind.INVALID,
    "extension_used_up": Kind.INVALID,
    "extension_too_late": Kind.INVALID,
    "extension_not_allowed": Kind.INVALID,
    "pause_not_allowed": Kind.INVALID,
    "milestone_before_found": Kind.INVALID,
    "milestone_out_of_order": Kind.INVALID,
    "milestone_missing": Kind.INVALID,
    "earlier_milestone_missing": Kind.INVALID,
    "year_without_calendar": Kind.INVALID,
    # what must be given
    "field_required": Kind.INVALID,
    "field_too_long": Kind.INVALID,
    "field_too_short": Kind.INVALID,
    "field_unknown": Kind.INVALID,
    "field_not_a_number": Kind.INVALID,
    "measure_differs": Kind.INVALID,
    "field_not_a_day": Kind.INVALID,
    "field_not_a_time": Kind.INVALID,
    "field_out_of_range": Kind.INVALID,
    "choice_unknown": Kind.INVALID,
    "choice_retired": Kind.INVALID,
    "pattern_mismatch": Kind.INVALID,
    "id_number_invalid": Kind.INVALID,
    "unit_unknown": Kind.INVALID,
    "unit_ambiguous": Kind.INVALID,
    "person_unknown": Kind.INVALID,
    "record_unknown": Kind.INVALID,
    "differs_from_link": Kind.INVALID,
    "person_not_in_unit": Kind.INVALID,
    "owner_not_named": Kind.INVALID,
    "unit_out_of_reach": Kind.INVALID,
    "not_a_lead_official": Kind.INVALID,
    "restricted_without_keeper": Kind.INVALID,
    "last_keeper": Kind.INVALID,
    "lead_unit_also_supports": Kind.INVALID,
    "evidence_missing": Kind.INVALID,
    "reason_missing": Kind.INVALID,
    "outcome_unknown": Kind.INVALID,
    "step_switched_off": Kind.INVALID,
    "milestone_unknown": Kind.INVALID,
    "same_ticket": Kind.INVALID,
    "merge_target_closed_or_gone": Kind.INVALID,
    "others_merged_into_it": Kind.INVALID,
    "ticket_unknown": Kind.INVALID,
    "duplicate_external_number": Kind.INVALID,
    "external_number_elsewhere": Kind.INVALID,
    "nothing_changed": Kind.INVALID,
    # records that are no tickets
    "day_too_early": Kind.INVALID,
    "day_after_next_state": Kind.INVALID,
    "state_unknown": Kind.INVALID,
    "stage_not_later": Kind.INVALID,
    "statistic_known": Kind.INVALID,
    "statistic_overlaps": Kind.INVALID,
    "row_known": Kind.INVALID,
    "value_masked": Kind.INVALID,
    "state_turned": Kind.INVALID,
    "item_unknown": Kind.INVALID,
    "note_missing": Kind.INVALID,
    "answer_missing": Kind.INVALID,
    # registers that an administrator makes
    "definition_moved_on": Kind.CONFLICT,
    "register_mistaken": Kind.INVALID,
    "register_name_taken": Kind.INVALID,
    "register_name_fixed": Kind.INVALID,
    "register_file_elsewhere": Kind.INVALID,
    "register_kind_fixed": Kind.INVALID,
    "register_prefix_fixed": Kind.INVALID,
    "register_withdrawn": Kind.INVALID,
    "register_not_defined_here": Kind.INVALID,
    "withdrawn_unreadable": Kind.INVALID,
    "effect_in_past": Kind.INVALID,
    "part_in_use": Kind.INVALID,
    "part_fixed": Kind.INVALID,
    "heads_fixed": Kind.INVALID,
    "step_in_use": Kind.INVALID,
    "records_unreadable": Kind.INVALID,
    "letters_only": Kind.INVALID,
    "prefix_taken": Kind.INVALID,
    "label_taken": Kind.INVALID,
    "too_many_parts": Kind.INVALID,
    "one_photograph_in_a_walk": Kind.INVALID,
    "state_needed": Kind.INVALID,
    "name_unknown_here": Kind.INVALID,
    "counting_changes_today_only": Kind.INVALID,
    "too_many_to_count_again": Kind.INVALID,
    # files
    "too_many_files": Kind.INVALID,
    "photograph_needed": Kind.INVALID,
    "picture_without_time": Kind.INVALID,
    "picture_without_place": Kind.INVALID,
    "file_too_large": Kind.INVALID,
    "file_type_refused": Kind.INVALID,
    "file_not_what_it_says": Kind.INVALID,
    "file_damaged": Kind.INVALID,
    "picture_too_many_pixels": Kind.INVALID,
    "file_empty": Kind.INVALID,
    # people
    "login_taken": Kind.INVALID,
    "password_too_short": Kind.INVALID,
    "password_too_common": Kind.INVALID,
    "role_unknown": Kind.INVALID,
    "grant_unknown": Kind.INVALID,
    "grant_has_ended": Kind.INVALID,
    "grant_ends_before_start": Kind.INVALID,
    "person_has_left": Kind.INVALID,
    "unit_name_taken": Kind.INVALID,
}

NOT_APPLICABLE = frozenset({"no_open_request", "step_not_possible_now", "extension_not_allowed", "already_requested"})
"""Codes that say of a step: nothing is to be done here. It is not shown; one refused by any other code is, with why."""


class Refusal(Exception):
    """A rule says no. `code` is a key of CODES; `field` names the input; params fill the sentence."""

    def __init__(self, code: str, *, field: str | None = None, **params: Any) -> None:
        if code not in CODES:
            raise ValueError(f"refusal code not declared: {code}")
        super().__init__(code)
        self.code = code
        self.field = field
        self.params = params

    @property
    def kind(self) -> Kind:
        return CODES[self.code]

    def __reduce__(self) -> tuple[Any, ...]:
        """As it was, from one process to another."""
        return partial(Refusal, self.code, field=self.field, **self.params), ()

    def __repr__(self) -> str:
        return f"Refusal({self.code!r}, field={self.field!r}, {self.params!r})"


class Refusals(Exception):
    """Several refusals at once, so that a form shows all its mistakes in one go."""

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__(", ".join(r.code for r in self.refusals))

    def __reduce__(self) -> tuple[Any, ...]:
        return Refusals, (self.refusals,)

    @property
    def kind(self) -> Kind:
        kinds = {r.kind for r in self.refusals}
        for kind in (Kind.FORBIDDEN, Kind.CONFLICT):
            if kind in kinds:
                return kind
        return Kind.INVALID
