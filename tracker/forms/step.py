"""The form of a step: its inputs follow from the needs of its row in the lifecycle table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext
from wtforms import HiddenField

from tracker import words
from tracker.domain.commands import TakeStep
from tracker.domain.guards import pictures_before_needed
from tracker.domain.kinds import PHOTO_KINDS, EvidenceKind, ExclusionWay, RecheckResult
from tracker.domain.lifecycle import Need, Step
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Register
from tracker.domain.ticket import Ticket
from tracker.forms.evidence import documents_field, is_beside, photo_kind_field, photos_field, taken_fields
from tracker.forms.fields import (
    DateField,
    IdField,
    IntegerField,
    MultiCheckboxField,
    TextAreaField,
    TextField,
    choice_pairs,
    choose,
    input_for,
    required,
)
from tracker.forms.keyed import KeyedForm
from tracker.forms.options import Options, Pairs

SUPPORTS = 3
"""Rows for support units in the form; more come through the next assignment."""


class FixedField(HiddenField):
    """A choice that was made before the form was opened."""

    @property
    def value(self) -> str | None:
        return self.data or None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the inputs of a step depend on. `ticket` None: a bulk assignment. `options`: asked by those inputs alone
    that offer units or people. `usual_owner`: (unit, person) to propose for a ticket that has no owner yet."""

    step: Step
    ticket: Ticket | None
    register: Register
    options: Callable[[], Options]
    today: date
    is_owner: bool
    milestone: str | None
    usual_owner: Callable[[], tuple[int | None, int | None]] = lambda: (None, None)


class StepForm(KeyedForm):
    """One step of one ticket. `names`: the inputs in their order, the day and the files among them."""

    step: Step
    asked: Asked
    names: tuple[str, ...] = ()
    find_ticket: Callable[[str], int | None]

    @classmethod
    def for_step(cls, asked: Asked, find_ticket: Callable[[str], int | None]) -> StepForm:
        inputs: dict[str, Any] = {}
        for need in asked.step.needs:
            inputs.update(_INPUTS[need](asked))
        if not asked.step.is_said_now:
            inputs["occurred_on"] = _day_input(asked)
        if asked.step.is_submission:  # in the rain the camera comes first
            inputs = dict(sorted(inputs.items(), key=lambda item: not item[0].startswith("photos")))
        version = str(asked.ticket.version) if asked.ticket else ""
        form = type("StepForm", (cls,), inputs)(version=version)
        form.step, form.asked, form.find_ticket = asked.step, asked, find_ticket
        form.names = tuple(name for name in inputs if not is_beside(name))
        return form

    def kind_of_photos(self) -> str:
        chosen = self["photo_kind"].value if "photo_kind" in self else None
        return chosen if chosen in PHOTO_KINDS else EvidenceKind.PHOTO_AFTER

    def shown_at(self, name: str) -> str:
        """The day of a milestone is the day of this step."""
        is_milestone_day = any(m.field == name for m in self.asked.register.milestones)
        return "occurred_on" if is_milestone_day else super().shown_at(name)

    def occurred_on_day(self) -> date:
        """The day typed; today where none is asked. Refuses field_required."""
        if "occurred_on" not in self._fields:
            return self.asked.today
        day: date | None = self["occurred_on"].value
        if day is None:
            raise Refusal("field_required", field="occurred_on")
        return day

    def values(self) -> dict[str, Any]:
        """What the step asks for, as the rules want it. Refuses ticket_unknown at a number nobody may see."""
        skipped = {"occurred_on", "photos_before", "photos", "documents", "photo_kind"}
        plain = [n for n in self.names if n not in skipped and not n.startswith("support_")]
        out = {name: self[name].value for name in plain}
        out = {name: value for name, value in out.items() if value is not None}
        if (days := out.get("extension_days", "")).isascii() and days.isdigit() and len(days) < 10:
            out["extension_days"] = int(days)
        if "people" in out:
            out["people"] = self["people"].ids
        if "into_id" in out:
            out["into_id"] = self._into(out["into_id"])
        if any(name.startswith("support_") for name in self.names):
            out["supports"] = self._supports()
        return out

    def _into(self, number: str) -> int:
        found = self.find_ticket(number)
        if found is None and self["way"].value == ExclusionWay.MERGE:
            raise Refusal("ticket_unknown", field="into_id", number=number)
        return found or 0

    def _supports(self) -> tuple[Mapping[str, Any], ...]:
        rows = [
            (self[f"support_unit_{n}"].value, self[f"support_part_{n}"].value, self[f"support_due_{n}"].value)
            for n in range(1, SUPPORTS + 1)
        ]
        return tuple({"unit_id": unit, "part": part or "", "due_on": due} for unit, part, due in rows if unit)

    def to_command(self, ticket_id: int, version: int) -> TakeStep:
        return TakeStep(
            ticket_id=ticket_id,
            step=self.step.name,
            version=version,
            occurred_on=self.occurred_on_day(),
            values=self.values(),
            evidence=self.evidence.as_command(),
            key=self.key.data,
        )


def _day_input(asked: Asked) -> Any:
    limits: dict[str, str] = {"max": asked.today.isoformat()}
    if asked.ticket is not None and asked.step.is_monotone and asked.ticket.last_step_on > date.min:
        limits["min"] = asked.ticket.last_step_on.isoformat()
    return required(DateField(words.need("occurred_on"), default=asked.today, render_kw=limits))


def _owner(asked: Asked) -> dict[str, Any]:
    ticket, options = asked.ticket, asked.options()
    has_owner = ticket is not None and ticket.owner_unit_id is not None
    unit_id, person_id = (ticket.owner_unit_id, ticket.owner_id) if ticket and has_owner else asked.usual_owner()
    inputs: dict[str, Any] = {
        "owner_unit_id": required(
            IdField(
                words.need("owner_unit_id"),
                choices=[("", gettext("Choose")), *options.units],
                default=_number(unit_id),
            )
        ),
        "owner_id": IdField(words.need("owner_id"), choices=options.owners, default=_number(person_id)),
        "lead_official_id": IdField(
            words.need("lead_official_id"),
            choices=options.leads,
            default=_number(ticket.lead_official_id if ticket else None),
        ),
    }
    for n in range(1, SUPPORTS + 1):
        inputs.update(_support(asked, n, options.units))
    return inputs


def _support(asked: Asked, n: int, offered: Pairs) -> dict[str, Any]:
    """One row: who helps, with which part, until when."""
    supports = asked.ticket.supports if asked.ticket else ()
    now = supports[n - 1] if len(supports) >= n else None
    units = [("", gettext("Nobody")), *offered]
    return {
        f"support_unit_{n}": IdField(
            gettext("Support unit %(number)s", number=n), choices=units, default=_number(now.unit_id if now else None)
        ),
        f"support_part_{n}": TextField(gettext("Its part"), default=now.part if now else None),
        f"support_due_{n}": DateField(gettext("Its day"), default=now.due_on if now else None),
    }


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _due(asked: Asked) -> dict[str, Any]:
    hint = gettext("Leave it empty and the rule of the register gives the day.")
    return {"due_on": DateField(words.need("due_on"), description=hint if asked.register.main_clock else "")}


def _text(name: str, *, is_needed: bool) -> Callable[[Asked], dict[str, Any]]:
    def make(asked: Asked) -> dict[str, Any]:
        field = TextAreaField(words.need(name))
        is_asked = is_needed or Need(name) in asked.step.required
        if name == "note" and asked.step.is_submission and asked.register.evidence.note_required:
            is_asked = True
        return {name: required(field) if is_asked else field}

    return make


def _evidence(asked: Asked) -> dict[str, Any]:
    rule, is_submission = asked.register.evidence, asked.step.is_submission
    inputs: dict[str, Any] = {}
    if not is_submission:
        usual = EvidenceKind.PHOTO_AFTER if asked.is_owner else EvidenceKind.PHOTO_CHECK
        inputs["photo_kind"] = photo_kind_field(usual)
    elif _pictures_before_lacking(asked):
        inputs["photos_before"] = photos_field(gettext("Photographs before the work"), is_needed=True)
        inputs |= taken_fields("photos_before", rule.taken)
    needs_photo = is_submission and rule.photos_after > 0
    inputs["photos"] = photos_field(
        words.need("photos") if is_submission else gettext("Photographs"), is_needed=needs_photo
    )
    inputs |= taken_fields("photos", rule.taken)
    inputs["documents"] = documents_field(words.need("documents"), is_needed=is_submission and rule.documents > 0)
    return inputs


def _pictures_before_lacking(asked: Asked) -> bool:
    ticket = asked.ticket
    if ticket is None:
        return False
    there = sum(file.kind == EvidenceKind.PHOTO_BEFORE for file in ticket.evidence)
    return there < pictures_before_needed(ticket, asked.register)


def _outcome(asked: Asked) -> dict[str, Any]:
    """Chosen beforehand is only what was agreed at the verification: a verdict is given, not left standing."""
    agreed = asked.ticket.agreed_outcome if asked.ticket else None
    pairs = [(o.name, words.of(o.label)) for o in asked.register.outcomes]
    only = pairs[0][0] if len(pairs) == 1 else None
    return {"outcome": choose(words.need("outcome"), pairs, is_needed=True, default=agreed or only)}


def _extension_days(asked: Asked) -> dict[str, Any]:
    return {"extension_days": required(IntegerField(words.need("extension_days"), render_kw={"inputmode": "numeric"}))}


def _pause_reason(asked: Asked) -> dict[str, Any]:
    pairs = choice_pairs(asked.register.pause_reasons)
    return {"pause_reason": choose(words.need("pause_reason"), pairs, is_needed=True)}


def _publicity(asked: Asked) -> dict[str, Any]:
    return {name: required(DateField(words.need(name))) for name in ("from_on", "to_on")}


def _chosen(name: str, values: tuple[str, ...]) -> Callable[[Asked], dict[str, Any]]:
    def make(asked: Asked) -> dict[str, Any]:
        pairs = [(value, words.choice(value)) for value in values]
        return {name: choose(words.need(name), pairs, is_needed=True)}

    return make


def _into(asked: Asked) -> dict[str, Any]:
    hint = gettext("The number of the ticket that stays. Only for a duplicate.")
    return {"into_id": TextField(words.need("into_id"), description=hint)}


def _milestone(asked: Asked) -> dict[str, Any]:
    """Which one was chosen before (`?milestone=`): the values recorded with it are asked here."""
    chosen = asked.register.milestone_by_name.get(asked.milestone or "")
    inputs: dict[str, Any] = {"milestone": FixedField(default=chosen.name if chosen else None)}
    if chosen is not None and chosen.values:
        options = asked.options()
        for field in map(asked.register.by_name.__getitem__, chosen.values):
            inputs[field.name] = input_for(
                field, units=options.units, people=options.members, is_needed=field.is_required
            )
    return inputs


def _people(asked: Asked) -> dict[str, Any]:
    pairs = [pair for group in asked.options().members.values() for pair in group if pair[0]]
    named = [str(i) for i in asked.ticket.named_ids] if asked.ticket else []
    return {"people": MultiCheckboxField(words.need("people"), choices=pairs, default=named)}


_INPUTS: Mapping[Need, Callable[[Asked], dict[str, Any]]] = {
    Need.OWNER: _owner,
    Need.DUE: _due,
    Need.REASON: _text("reason", is_needed=True),
    Need.NOTE: _text("note", is_needed=False),
    Need.EVIDENCE: _evidence,
    Need.FINDING: _text("finding", is_needed=True),
    Need.OUTCOME: _outcome,
    Need.EXTENSION_DAYS: _extension_days,
    Need.PAUSE_REASON: _pause_reason,
    Need.PUBLICITY: _publicity,
    Need.RECHECK_RESULT: _chosen("recheck_result", tuple(RecheckResult)),
    Need.WAY: _chosen("way", tuple(ExclusionWay)),
    Need.INTO: _into,
    Need.MILESTONE: _milestone,
    Need.MESSAGE: _text("message", is_needed=False),
    Need.PEOPLE: _people,
}
