"""What people may ask for. Imperative names; a step of the lifecycle needs no class of its own.

`key` is the idempotency key: the same key from the same actor is applied once, however often it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tracker.domain.kinds import Told
from tracker.domain.people import AccountChange


@dataclass(frozen=True, slots=True)
class FromFile:
    """A row of a file, which its SHA-256 (hex) names: what the file is called may be private, and is not in the log."""

    digest: str
    row: int

    def as_data(self) -> dict[str, Any]:
        return {"file": self.digest, "row": self.row}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterTicket:
    """A found problem becomes a ticket.

    `values`: field name → value as the register's types say, private fields in clear (the handler
    moves them to the vault). `milestones`: name → day, for those known at the start; `milestone_values`:
    name → field → value, recorded with them. `external_key`: what makes an imported row the same row
    when the file comes again, `from_file`: where it came from. `origin_id`, `origin_item`: the inspection that
    found it, and the item that failed. `continues_id`: the ticket that goes on as this one, as seen at
    `continues_version`.
    """

    register: str
    values: Mapping[str, Any]
    place_id: int
    found_on: date
    is_restricted: bool = False
    named_ids: tuple[int, ...] = ()
    milestones: Mapping[str, date] = field(default_factory=dict)
    milestone_values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    evidence: tuple[Mapping[str, Any], ...] = ()
    external_key: str | None = None
    from_file: FromFile | None = None
    origin_id: int | None = None
    origin_item: str | None = None
    continues_id: int | None = None
    continues_version: int = 0
    key: str | None = None

    @property
    def came_from(self) -> dict[str, Any]:
        """What the event says of the file and of the inspection."""
        file = {"import": self.from_file.as_data()} if self.from_file else {}
        origin = {"record": self.origin_id, "item": self.origin_item or ""}
        return file if self.origin_id is None else {**file, "origin": origin}


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeStep:
    """One row of the lifecycle table. `version` is the ticket's version that the person saw."""

    ticket_id: int
    step: str
    version: int
    occurred_on: date
    values: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[Mapping[str, Any], ...] = ()
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendTicket:
    """A correction of what was registered, with its reason. Holds for every effective day once known."""

    ticket_id: int
    version: int
    changes: Mapping[str, Any]
    reason: str
    place_id: int | None = None
    found_on: date | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAccess:
    """A restricted ticket was read, a private value of a ticket or record revealed, a list exported."""

    ticket_id: int
    kind: str  # read, revealed, exported
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasePrivateValues:
    """Private values of a ticket or record, all that its fields ever held, are removed for good; the log keeps that
    and why."""

    ticket_id: int
    fields: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddUnit:
    code: str
    name: str
    kind: str
    parent_id: int | None
    synonyms: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPerson:
    name: str
    unit_id: int
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveGrant:
    person_id: int
    role: str
    unit_id: int
    register: str | None = None
    starts_on: date
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndGrant:
    person_id: int
    grant_id: int
    ends_on: date
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLeaves:
    person_id: int
    occurred_on: date
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAccount:
    """Puts into the log who opens, resets or switches an account of somebody; `signin` keeps the account itself."""

    person_id: int
    login: str
    change: AccountChange
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkDemonstration:
    """Says that this log holds invented data, told until `ends_on`; it can never be taken back."""

    town: str
    ends_on: date
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineRegister:
    """A register is made, or changed from a day on. `files`: path inside the pack → text (`registers/x.yaml`,
    `checklists/x.yaml`, `figures/x.yaml`, `deadlines/x.yaml`). `version`: the one that was seen, 0 where
    there is none. `is_new`: it must not be there already, in the pack neither."""

    name: str
    files: Mapping[str, str]
    takes_effect_on: date
    version: int
    is_new: bool = False
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawRegister:
    """What was defined here no longer holds from today on: of a register of the pack the pack's own files stand again,
    one that was made here takes no more entries. `version`: the one that was seen."""

    name: str
    reason: str
    version: int
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterRecord:
    """An activity was held, a subject is taken up, a statistic is reported: a record of a register that is no promise.

    `values`: field name → value, private ones in clear. `state`: of a subject, when it is not the first one.
    `answers`: item → {result, note, photo} of the register's checklist, none where it was not walked. `is_complete`:
    all that will be answered; of an inspection that is left for now, fields that are told at its end may be missing.
    `external_key`, `from_file`: of a row from a file, as in RegisterTicket; a statistic is known by what it measures.
    """

    register: str
    values: Mapping[str, Any]
    state: str | None = None
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    is_complete: bool = True
    evidence: tuple[Mapping[str, Any], ...] = ()
    external_key: str | None = None
    from_file: FromFile | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendRecord:
    """A correction of what was recorded, or evidence that came later, with its reason. Holds for every effective day
    once known."""

    record_id: int
    version: int
    changes: Mapping[str, Any]
    reason: str
    evidence: tuple[Mapping[str, Any], ...] = ()
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidRecord:
    """It was entered by mistake, or twice."""

    record_id: int
    version: int
    reason: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeState:
    """A subject goes from one state to another on a day. `values`: fields that become known with it."""

    record_id: int
    version: int
    state: str
    occurred_on: date
    values: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[Mapping[str, Any], ...] = ()
    note: str = ""
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportValue:
    """A statistic's value at a further stage: estimated, reported, final. All values are kept."""

    record_id: int
    version: int
    values: Mapping[str, Any]
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerItems:
    """Answers of an inspection: item → {result, note, photo, left_out}. It may be left, and continued another day.

    `values`: fields of the record that are told at the end, while it is unfinished. `left_out`: why a failed item
    opens no ticket.
    """

    record_id: int
    version: int
    answers: Mapping[str, Mapping[str, Any]]
    is_complete: bool
    values: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[Mapping[str, Any], ...] = ()
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPeriod:
    """A period of a duty begins for a unit, or for one of its subjects. For the clockwork alone."""

    duty: str
    unit_id: int
    start: date
    subject_id: int | None = None

    @property
    def key(self) -> str:
        """However often the clockwork comes by, a period is opened once."""
        return f"duty:{self.duty}:{self.unit_id}:{self.subject_id}:{self.start}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MissPeriod:
    """The last day on which the period could be fulfilled is over. For the clockwork alone."""

    period_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerNotice:
    """The notice of a missed period was read. Who owed it says why, and what they ask for; it stays missed."""

    period_id: int
    version: int
    told: Told
    note: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcusePeriod:
    """Flood, ice, epidemic: nobody is reproached with it, and it is not done either."""

    period_id: int
    version: int
    reason: str
    key: str | None = None


TicketCommand = RegisterTicket | TakeStep | AmendTicket
DirectoryCommand = AddUnit | AddPerson | GiveGrant | EndGrant | PersonLeaves | ChangeAccount
RecordCommand = EnterRecord | AmendRecord | VoidRecord | ChangeState | ReportValue | AnswerItems
SaidOfPeriod = AnswerNotice | ExcusePeriod  # by people; the others are for the clockwork alone
DutyCommand = OpenPeriod | MissPeriod | SaidOfPeriod
Command = (
    TicketCommand
    | RecordCommand
    | DutyCommand
    | DirectoryCommand
    | DefineRegister
    | WithdrawRegister
    | NoteAccess
    | ErasePrivateValues
    | MarkDemonstration
)
