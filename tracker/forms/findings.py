"""The tickets that an inspection's failed items would open: each with its words, and a tick to leave it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import gettext

from tracker import words
from tracker.domain.commands import AnswerItems, RegisterTicket
from tracker.domain.doubts import own_place
from tracker.domain.evidence import Taken
from tracker.domain.inspecting import FAIL, Proposal
from tracker.domain.kinds import EvidenceKind
from tracker.domain.record import Record
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import FieldType
from tracker.forms.fields import BooleanField, TextAreaField, TextField, input_for, required
from tracker.forms.keyed import KeyedForm
from tracker.forms.options import Options

BEFORE = EvidenceKind.PHOTO_BEFORE


class FindingsForm(KeyedForm):
    """One ticket for each proposal, unless its tick is taken away with a reason.

    A field that no proposal of a register can fill is asked once for all tickets of that register.
    """

    record: Record
    proposed: tuple[Proposal, ...] = ()

    @classmethod
    def for_proposals(
        cls, record: Record, proposed: Sequence[Proposal], options_of: Callable[[str], Options]
    ) -> FindingsForm:
        inputs: dict[str, Any] = {}
        for one in proposed:
            item, register = one.item.id, one.register
            text = gettext("%(note)s (failed: %(item)s)", item=words.of(one.item.label), note=one.note)
            summary = register.by_name[register.summary_field]
            hint = words.of(summary.hint) if summary.hint else ""
            inputs[f"open-{item}"] = BooleanField(gettext("Open this ticket"), default=True)
            inputs[f"problem-{item}"] = required(
                TextAreaField(words.of(summary.label), default=text[: summary.max_length], description=hint)
            )
            inputs[f"why-{item}"] = TextField(gettext("Why no ticket is opened"), render_kw={"autocomplete": "off"})
            for f in one.asked:
                options = options_of(register.name)
                links = options.links.of_field(f) if options.links and f.type is FieldType.RECORD else None
                inputs[f"ask-{register.name}-{f.name}"] = input_for(
                    f, units=options.units, people=options.members, is_needed=True, links=links
                )
        form = type("FindingsForm", (cls,), inputs)(version=str(record.version))
        form.record, form.proposed = record, tuple(proposed)
        return form

    def asked(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Register by register the names of the inputs that its tickets share."""
        found: dict[str, list[str]] = {}
        for one in self.proposed:
            names = found.setdefault(one.register.name, [])
            names += [n for f in one.asked if (n := f"ask-{one.register.name}-{f.name}") not in names]
        return tuple((name, tuple(inputs)) for name, inputs in found.items() if inputs)

    def opens(self) -> tuple[Proposal, ...]:
        return tuple(one for one in self.proposed if self[f"open-{one.item.id}"].data)

    def check_reasons(self) -> bool:
        """A failed item opens its ticket, or somebody says why not."""
        left = [one.item.id for one in self.proposed if not self[f"open-{one.item.id}"].data]
        missing = [item for item in left if not self[f"why-{item}"].value]
        for item in missing:
            self.refuse(Refusal("reason_missing", field=f"why-{item}"))
        return not missing

    def to_completion(self) -> AnswerItems:
        """The inspection is complete; of each item without a ticket it keeps why."""
        left = {str(one.item.id) for one in self.proposed} - {str(one.item.id) for one in self.opens()}
        answers = {
            item: {**self.record.answers[item], "result": FAIL, "left_out": self[f"why-{item}"].value or ""}
            for item in sorted(left, key=int)
        }
        return AnswerItems(
            record_id=self.record.id,
            version=self.seen_version(),
            answers=answers,
            is_complete=True,
            key=f"{self.key.data}.done",
        )

    def to_ticket(self, one: Proposal, private: Mapping[str, Any]) -> RegisterTicket:
        """`private`: the subject's own private values, field by field of the ticket."""
        register = one.register
        asked = {f.name: self[f"ask-{register.name}-{f.name}"].value for f in one.asked}
        values = {**one.values, **private, **asked, register.summary_field: self[f"problem-{one.item.id}"].value}
        return RegisterTicket(
            register=register.name,
            values={name: value for name, value in values.items() if value not in (None, [])},
            place_id=self.record.unit_id,
            found_on=self.record.on,
            evidence=tuple(
                f.as_command(self._place()) for f in self.record.evidence if (f.digest, f.kind) == (one.photo, BEFORE)
            ),
            origin_id=self.record.id,
            origin_item=str(one.item.id),
            key=f"{self.key.data}.{one.item.id}",
        )

    def _place(self) -> Taken:
        """Where the inspection says it was: there its pictures were taken that do not say it themselves."""
        return Taken(where=own_place(self.record.fields))

    def refuse_ticket(self, one: Proposal, why: Refusal | Refusals) -> None:
        """Each refusal of this ticket at its input; one without an input stands above, with its item."""
        for refusal in why.refusals if isinstance(why, Refusals) else (why,):
            name = f"ask-{one.register.name}-{refusal.field}"
            if refusal.field == one.register.summary_field:
                name = f"problem-{one.item.id}"
            sentence = words.refusal(refusal)
            self.add_error(name, sentence if name in self else f"{words.of(one.item.label)}: {sentence}")
