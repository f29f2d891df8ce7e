"""Registering a ticket and putting one right: the inputs follow from the register's fields."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from flask_babel import gettext, ngettext

from tracker import words
from tracker.domain.commands import AmendTicket, RegisterTicket
from tracker.domain.kinds import EvidenceKind
from tracker.domain.links import settled_by_links
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import Field, FieldType, Register
from tracker.domain.ticket import Ticket
from tracker.forms.evidence import photos_field, taken_fields
from tracker.forms.fields import DateField, IdField, MultiCheckboxField, TextAreaField, input_for, required
from tracker.forms.keyed import KeyedForm
from tracker.forms.links import Links
from tracker.forms.options import Options


def asked_at_registration(register: Register) -> tuple[Field, ...]:
    """The fields of the form: all but those that milestones record later, with their own days."""
    return tuple(f for f in register.fields if f.name not in register.recorded_later)


def inputs_for(
    fields: Iterable[Field],
    options: Options,
    defaults: Mapping[str, Any],
    *,
    is_amendment: bool = False,
    home: str | None = None,
) -> dict[str, Any]:
    """The unbound inputs of these fields, in their order. `home`: the unit field under which a record counts.

    In an amendment an empty private field means that it stays as it is, so that none is needed. What a linked record
    settles may be left empty.
    """
    fields = tuple(fields)
    settled = settled_by_links(fields) if options.links and not is_amendment else frozenset()
    made = {
        f.name: input_for(
            f,
            units=_units_of(f, options, home),
            people=options.members,
            is_needed=f.is_required and f.name not in settled and not (is_amendment and f.is_private),
            default=defaults.get(f.name),
            links=options.links.of_field(f) if options.links and f.type is FieldType.RECORD else None,
        )
        for f in fields
    }
    for name in settled & made.keys():
        made[name].kwargs["description"] = gettext("Left empty, it is taken from the record chosen here.")
    return made


def _units_of(field: Field, options: Options, home: str | None) -> list[tuple[str, str]]:
    if field.name == "place":
        return options.places
    return options.homes if field.name == home else options.units


RESTRICTED, NAMED = "restricted", "named"
HEAD = ("place", "found_on")
"""What every ticket has, also where its register declares no such field."""


def _head_inputs(options: Options, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Where and when; a field of the register with this name takes its place."""
    places = [("", gettext("Choose")), *options.places]
    return {
        "place": required(IdField(words.need("place"), choices=places, default=defaults.get("place"))),
        "found_on": required(DateField(words.need("found_on"), default=defaults["found_on"])),
    }


class RegisterForm(KeyedForm):
    """A found problem. `first` and `further` are the names of the fields that stand open and folded away."""

    register: Register
    links: Links | None = None
    continued: Ticket | None = None
    first: tuple[str, ...] = ()
    further: tuple[str, ...] = ()

    @classmethod
    def for_register(
        cls,
        register: Register,
        options: Options,
        today: date,
        begun: Mapping[str, Any] | None = None,
        *,
        continued: Ticket | None = None,
    ) -> RegisterForm:
        """`begun`: what is known already, as inputs hold it. `continued`: the ticket that goes on as this one, from
        which private values are taken over where they are left empty."""
        asked = asked_at_registration(register)
        defaults: Mapping[str, Any] = {"found_on": today}
        if len(options.places) == 1:
            defaults = {**defaults, "place": options.places[0][0]}
        defaults = {**defaults, **(begun or {})}
        inputs: dict[str, Any] = _head_inputs(options, defaults)
        inputs |= inputs_for(asked, options, defaults, is_amendment=continued is not None)
        if RESTRICTED in register.by_name and options.keepers:
            inputs[NAMED] = MultiCheckboxField(words.need(NAMED), choices=options.keepers)
        inputs["photos"] = photos_field(gettext("Photographs of the problem"), is_needed=False)
        if needed := register.evidence.photos_before:
            inputs["photos"].kwargs["description"] = ngettext(
                "%(num)s photograph is needed before the work is submitted: it is best taken now.",
                "%(num)s photographs are needed before the work is submitted: they are best taken now.",
                needed,
            )
        inputs |= taken_fields("photos", register.evidence.taken)
        form = type("RegisterForm", (cls,), inputs)(version=str(continued.version) if continued else None)
        form.register, form.links, form.continued = register, options.links, continued
        head = tuple(name for name in HEAD if name not in register.by_name)
        form.first = head + tuple(f.name for f in asked if f.is_required or f.is_listed or f.required_unless)
        further = (n for f in asked for n in ((f.name, NAMED) if f.name == RESTRICTED else (f.name,)))
        form.further = tuple(name for name in further if name in inputs and name not in form.first)
        return form

    def kind_of_photos(self) -> str:
        return EvidenceKind.PHOTO_BEFORE

    def to_command(self) -> RegisterTicket:
        """Refuses field_required where place or day found is missing: the command cannot be said without."""
        values = {name: self[name].value for name in (*self.first, *self.further)}
        values = {name: value for name, value in values.items() if value not in (None, [])}
        if self.links is not None:
            values = self.links.with_settled(self.register, values)
        place, found_on = values.get("place"), values.get("found_on")
        missing = [n for n, v in (("place", place), ("found_on", found_on)) if v is None and not self[n].errors]
        if missing or not isinstance(place, int) or not isinstance(found_on, date):
            raise Refusals(Refusal("field_required", field=name) for name in missing)
        return RegisterTicket(
            register=self.register.name,
            values={name: value for name, value in values.items() if name in self.register.by_name},
            place_id=place,
            found_on=found_on,
            is_restricted=values.get(RESTRICTED) is True,
            named_ids=self[NAMED].ids if NAMED in self else (),
            evidence=self.evidence.as_command(),
            continues_id=self.continued.id if self.continued else None,
            continues_version=self.seen_version() if self.continued else 0,
            key=self.key.data,
        )


class AmendForm(KeyedForm):
    """A correction: every open field as it stands, private ones empty (empty means unchanged), and the reason."""

    ticket: Ticket
    register: Register
    names: tuple[str, ...] = ()

    @classmethod
    def for_ticket(cls, ticket: Ticket, register: Register, options: Options) -> AmendForm:
        fields = tuple(f for f in _amendable(register) if can_be_told(f, ticket.fields, options.links))
        links = options.links
        defaults = {f.name: typed_value(f, ticket.fields, links) for f in fields if f.name not in ticket.private}
        inputs: dict[str, Any] = inputs_for(fields, options, defaults, is_amendment=True)
        inputs["reason"] = required(TextAreaField(words.need("reason")))
        form = type("AmendForm", (cls,), inputs)(version=str(ticket.version))
        form.ticket, form.register = ticket, register
        form.names = tuple(f.name for f in fields)
        return form

    def to_command(self) -> AmendTicket:
        """Only what differs from the ticket as it stands; an emptied field is cleared."""
        changes = changes_in(self, self.names, self.ticket.fields, self.ticket.private)
        place, found_on = changes.get("place"), changes.get("found_on")
        return AmendTicket(
            ticket_id=self.ticket.id,
            version=self.seen_version(),
            changes=changes,
            reason=self["reason"].value or "",
            place_id=place if isinstance(place, int) else None,
            found_on=found_on if isinstance(found_on, date) else None,
            key=self.key.data,
        )


def _amendable(register: Register) -> tuple[Field, ...]:
    """Not whether it is restricted: that is decided once, when it is registered."""
    fixed = {"restricted"}
    return tuple(f for f in asked_at_registration(register) if f.name not in fixed)


# -- what stands and what was typed -------------------------------------------------------------------
def can_be_told(field: Field, fields: Mapping[str, Any], links: Links | None) -> bool:
    """Not a link to what the reader may not know of: its input would be empty, and sending that would cut it."""
    value = fields.get(field.name)
    if field.type is not FieldType.RECORD or value is None:
        return True
    return links is not None and links.number_of(field, value) is not None


def typed_value(field: Field, fields: Mapping[str, Any], links: Links | None) -> Any:
    """The value as its input holds it."""
    value = fields.get(field.name)
    if value is None:
        return None
    if field.type is FieldType.DATE:
        return date.fromisoformat(value)
    if field.type is FieldType.RECORD:
        return links.number_of(field, value) if links else None
    return value if isinstance(value, (list, bool)) else str(value)


def changes_in(
    form: KeyedForm, names: Iterable[str], fields: Mapping[str, Any], private: Collection[str]
) -> dict[str, Any]:
    """Only what differs from what stands; an emptied field is cleared, an empty private one stays."""
    changes: dict[str, Any] = {}
    for name in names:
        value = form[name].value
        if name in private:
            if value is not None:
                changes[name] = value
        elif _as_kept(value) != _as_it_stands(fields.get(name)):
            changes[name] = None if value == [] else value
    return changes


def _as_it_stands(value: Any) -> Any:
    return None if value in (None, [], False) else str(value) if isinstance(value, int) else value


def _as_kept(value: Any) -> Any:
    """A typed value in the form that the ticket keeps, for comparing."""
    if isinstance(value, date):
        return value.isoformat()
    if value in (None, [], False):
        return None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
