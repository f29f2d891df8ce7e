"""A small township to test with: units, people by their posts, three registers, and two ways to live in it.

`Paper` keeps its events in memory and runs the rules alone; `Township` sends the same commands through the handler to
a database. Both answer to `do`, `state` and `log`, so a test of a rule can become a test of the whole by a word.
The registers are invented: short limits, each optional step switched on somewhere, so that packs may change freely.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import URL, Engine, create_engine

from tracker import handler
from tracker.domain.commands import (
    AddPerson,
    AddUnit,
    AmendTicket,
    Command,
    GiveGrant,
    RegisterTicket,
    TakeStep,
)
from tracker.domain.context import World
from tracker.domain.deadlines import KnownDays
from tracker.domain.deciding import decide_amend, decide_register, decide_step
from tracker.domain.effects import evolve
from tracker.domain.events import Event, NewEvent, StreamKind
from tracker.domain.packs import Pack
from tracker.domain.people import SYSTEM, Directory, Grant, Person, Role, Unit
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import (
    Choice,
    Clock,
    DayBasis,
    EvidenceRule,
    ExtensionRule,
    Field,
    FieldType,
    Limit,
    Milestone,
    Outcome,
    Predicate,
    Privacy,
    Register,
    Separation,
)
from tracker.domain.ticket import Ticket
from tracker.handler import House, Request, handle, handle_all
from tracker.projections.tickets import held_key

CHINA = ZoneInfo("Asia/Shanghai")

# code: name, kind, parent
UNITS: Mapping[str, tuple[str, str, str | None]] = {
    "town": ("铁丝塘镇", "town", None),
    "chenguang": ("晨光村", "village", "town"),
    "donghu": ("东湖村", "village", "town"),
    "farming": ("镇农业办", "office", "town"),
}

# key: post, unit, grants as (role, unit)
PEOPLE: Mapping[str, tuple[str, str, tuple[tuple[str, str], ...]]] = {
    "supervisor": ("镇督办", "town", (("supervisor", "town"),)),
    "staff": ("晨光村网格员", "chenguang", (("staff", "chenguang"),)),
    "colleague": ("晨光村文书", "chenguang", (("staff", "chenguang"),)),
    "neighbour": ("东湖村网格员", "donghu", (("staff", "donghu"),)),
    "clerk": ("农业办干事", "farming", (("staff", "farming"),)),
    "verifier": ("镇核查员", "town", (("verifier", "town"),)),
    "second_verifier": ("镇核查员乙", "town", (("verifier", "town"),)),
    "approver": ("分管副镇长", "town", (("approver", "town"),)),
    "official": ("镇长", "town", (("lead_official", "town"),)),
    "auditor": ("纪检干部", "town", (("auditor", "town"),)),
    "administrator": ("管理员", "town", (("administrator", "town"),)),
    # an office of three people: one of them is everything at once
    "everything": (
        "一人多岗",
        "chenguang",
        tuple((role.value, "town") for role in Role if role is not Role.ADMINISTRATOR),
    ),
}

STAFF_OF = {"chenguang": "staff", "donghu": "neighbour", "farming": "clerk"}
CALENDAR = KnownDays(frozenset(range(2015, 2041)), frozenset({date(2023, 10, 2)}), frozenset({date(2023, 10, 7)}))


def label(text: str) -> dict[str, str]:
    return {"zh-Hans": text, "zh-Hant": text, "en": text}


def _limit(rule: str, clock: str, amount: int, **more: Any) -> Limit:
    return Limit(rule, clock, amount, DayBasis.NATURAL, date(2000, 1, 1), None, more.pop("when", {}), "tests", **more)


def _choice(name: str, *choices: str, **more: Any) -> Field:
    return Field(name, FieldType.SELECT_ONE, label(name), choices=tuple(Choice(c, label(c)) for c in choices), **more)


_PROBLEM = Field("problem", FieldType.TEXT, label("问题描述"), is_required=True, is_listed=True, min_length=4)
_HOUSEHOLD = Field("household", FieldType.TEXT, label("户主"), privacy=Privacy.PERSONAL)
_REMARK = Field("remark", FieldType.TEXT, label("备注"), max_length=40)
_FIXED = Outcome("fixed", label("整改到位"))
_NOT_ESTABLISHED = Outcome("not_established", label("经核实不成立"), leaves_denominator=True)
_HANDED_OVER = Outcome("handed_over", label("移交"))
_EXTENSION = frozenset({"request_extension", "grant_extension", "refuse_extension"})
_FROST = (Choice("frost", label("冰冻无法施工")),)

TOILET = Register(
    name="toilet",
    label=label("厕所"),
    prefix="厕",
    version="1",
    fields=(_PROBLEM, _choice("category", "quality", "upkeep", is_listed=True), _HOUSEHOLD, _REMARK),
    steps=_EXTENSION | {"accept", "object", "transfer", "pause", "resume", "relapse", "recheck"},
    outcomes=(_FIXED, _NOT_ESTABLISHED, _HANDED_OVER),
    clocks=(
        Clock(
            "rectify",
            label("整改时限"),
            "assigned",
            "submitted",
            (_limit("toilet.30", "rectify", 30, extension=ExtensionRule(2, 30, before_due=False)),),
            is_main=True,
        ),
    ),
    evidence=EvidenceRule(photos_after=1),
    pause_reasons=_FROST,
    predicates=(
        Predicate("fixed", (("outcome", "in", ("fixed",)),)),
        Predicate("quality", (("category", "in", ("quality",)),)),
        Predicate("early", (("found_on", "before", ("2022-01-01",)),)),
    ),
)

HOUSE = Register(
    name="house",
    label=label("房屋"),
    prefix="房",
    version="1",
    fields=(_PROBLEM, _choice("grade", "B", "C", "D"), _HOUSEHOLD),
    steps=_EXTENSION | {"transfer", "pause", "resume", "publicise", "approve", "close", "relapse"},
    outcomes=(
        Outcome("fixed", label("整改到位"), needs=("people_safe", "building_disposed")),
        _NOT_ESTABLISHED,
    ),
    milestones=(
        Milestone("screened", label("初判"), is_start=True),
        Milestone("appraised", label("鉴定"), after=("screened",), values=("grade",)),
        Milestone("people_safe", label("落实安全住房"), after=("screened",)),
        Milestone("building_disposed", label("房屋处置"), after=("screened",)),
    ),
    clocks=(
        Clock("appraise", label("鉴定"), "screened", "appraised", (_limit("house.10", "appraise", 10),)),
        Clock(
            "evacuate",
            label("撤离"),
            "appraised",
            "people_safe",
            (_limit("house.1", "evacuate", 1, when={"grade": ("D",)}),),
        ),
        Clock(
            "dispose",
            label("处置"),
            "appraised",
            "building_disposed",
            (
                _limit("house.c", "dispose", 60, when={"grade": ("C",)}, extension=ExtensionRule(1, 15)),
                _limit("house.d", "dispose", 20, when={"grade": ("D",)}, extension=ExtensionRule(1, 15)),
            ),
            is_main=True,
        ),
    ),
    evidence=EvidenceRule(photos_after=0, documents=1),
    separation=Separation(by_unit=True),
    pause_reasons=_FROST,
    predicates=(
        Predicate("grade_d", (("grade", "in", ("D",)),)),
        Predicate("solved", (("outcome", "not_in", ("not_established",)),)),
    ),
)

PETITION = Register(
    name="petition",
    label=label("信访"),
    prefix="访",
    version="1",
    fields=(
        Field("title", FieldType.TEXT, label("标题"), is_required=True, is_listed=True),
        Field("problem", FieldType.TEXT, label("信访内容"), is_required=True, min_length=4),
        Field("petitioner", FieldType.TEXT, label("信访人"), privacy=Privacy.PERSONAL),
        Field("platform_no", FieldType.TEXT, label("平台编号"), is_unique=True),
        _choice("class", "plea", "inquiry", is_listed=True),
        _choice("evaluation", "yes", "no"),
        Field("contact_unclear", FieldType.YES_NO, label("姓名或住址不清")),
    ),
    steps=_EXTENSION | {"accept", "object", "transfer", "approve", "relapse"},
    outcomes=(
        Outcome("replied", label("答复办结"), needs=("replied",)),
        Outcome("withdrawn", label("撤回")),
        Outcome("returned", label("退回"), leaves_denominator=True),
    ),
    milestones=(
        Milestone("received", label("收到"), is_start=True),
        Milestone("notified", label("告知"), after=("received",)),
        Milestone("accepted", label("受理"), after=("received",), follows_step="accept"),
        Milestone("replied", label("答复"), after=("received", "accepted")),
        Milestone("evaluated", label("评价"), after=("replied",), values=("evaluation",)),
    ),
    clocks=(
        Clock(
            "notify",
            label("告知"),
            "received",
            "notified",
            (_limit("petition.15", "notify", 15),),
            waived_by=("contact_unclear",),
        ),
        Clock(
            "complete",
            label("办结"),
            "accepted",
            "replied",
            (
                _limit(
                    "petition.60",
                    "complete",
                    60,
                    when={"class": ("plea",)},
                    extension=ExtensionRule(1, 30),
                    roll_forward=True,
                ),
            ),
            is_main=True,
        ),
    ),
    evidence=EvidenceRule(photos_after=0, documents=0, note_required=True),
    predicates=(
        Predicate("content", (("evaluation", "in", ("yes",)),)),
        Predicate("plea_replied", (("class", "in", ("plea",)), ("outcome", "in", ("replied",)))),
        Predicate("unclear", (("contact_unclear", "in", ("yes",)),)),
    ),
)

PACK = Pack("small", "1", label("小镇"), (TOILET, HOUSE, PETITION), (), (), ())

# what a registration needs at least
PLAIN_VALUES: Mapping[str, Mapping[str, Any]] = {
    "toilet": {"problem": "化粪池破损渗漏", "category": "quality", "household": "刘小云"},
    "house": {"problem": "墙体开裂，宽约2厘米", "household": "王大山"},
    "petition": {"title": "低保被取消", "problem": "要求说明低保取消的理由", "petitioner": "李四", "class": "plea"},
}

PHOTO = {"digest": "ab" * 32, "name": "after.jpg", "media_type": "image/jpeg", "size": 10, "kind": "photo_after"}
DOCUMENT = {"digest": "cd" * 32, "name": "report.pdf", "media_type": "application/pdf", "size": 9, "kind": "document"}


def at(day: date | str, hour: int = 10) -> datetime:
    """An instant of that day in the log's time zone."""
    wanted = date.fromisoformat(day) if isinstance(day, str) else day
    return datetime.combine(wanted, time(hour), CHINA)


class Scene:
    """What Paper and Township share: names, and the log as the test has seen it grow."""

    unit: dict[str, int]
    person: dict[str, int]
    directory: Directory

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.log: list[Event] = []
        self.states: dict[int, Ticket] = {}

    def do(self, command: Command, by: str, now: datetime) -> tuple[Event, ...]:
        """Carry out; Refusal or Refusals when the rules say no, and then nothing has changed."""
        raise NotImplementedError

    def state(self, ticket_id: int) -> Ticket:
        return self.states[ticket_id]

    def register_of(self, ticket_id: int) -> Register:
        return self.pack.register_by_name[self.states[ticket_id].register]

    def history(self, ticket_id: int) -> list[Event]:
        return [e for e in self.log if (e.stream_kind, e.stream_id) == (StreamKind.TICKET, ticket_id)]

    def code_of_unit(self, unit_id: int | None) -> str | None:
        return next((code for code, number in self.unit.items() if number == unit_id), None)

    def _saw(self, events: Iterable[Event]) -> None:
        for event in events:
            self.log.append(event)
            if event.stream_kind is StreamKind.TICKET:
                self.states[event.stream_id] = evolve(self.states.get(event.stream_id), event)


class Paper(Scene):
    """The rules alone: what the handler does, without a database, a vault or a projection."""

    def __init__(self, pack: Pack = PACK) -> None:
        super().__init__(pack)
        self.unit = {code: i for i, code in enumerate(UNITS, 1)}
        self.person = {key: i for i, key in enumerate(PEOPLE, 101)}
        self.directory = Directory(dict(self._units()), dict(self._people()))
        self.calendar = CALENDAR

    def _units(self) -> Iterable[tuple[int, Unit]]:
        for code, (name, kind, parent) in UNITS.items():
            yield self.unit[code], Unit(self.unit[code], code, name, kind, self.unit[parent] if parent else None)

    def _people(self) -> Iterable[tuple[int, Person]]:
        number = 1000
        for key, (name, unit, grants) in PEOPLE.items():
            given = []
            for role, where in grants:
                number += 1
                given.append(Grant(number, Role(role), self.unit[where], None, date(2015, 1, 1)))
            yield self.person[key], Person(self.person[key], name, self.unit[unit], tuple(given))

    def world(self, by: str, today: date) -> World:
        return World(
            actor=self.directory.people[self.person[by]],
            today=today,
            directory=self.directory,
            calendar=self.calendar,
            number_for=lambda register, *, is_restricted: f"{register.prefix}-{today.year}-{len(self.states) + 1:04d}",
            key_taken=self._key_taken,
            find_ticket=self.states.get,
            register_of=self._register_named,
            fields_of=lambda record_id: None,
            has_merged=lambda ticket_id: any(t.merged_into == ticket_id for t in self.states.values()),
        )

    def _register_named(self, record_id: int) -> str | None:
        return self.states[record_id].register if record_id in self.states else None

    def _key_taken(self, register: str, key: str) -> int | None:
        return next((t.id for t in self.states.values() if (t.register, held_key(t)) == (register, key)), None)

    def do(self, command: Command, by: str, now: datetime) -> tuple[Event, ...]:
        world = self.world(by, now.astimezone(CHINA).date())
        state: Ticket | None = None
        if isinstance(command, RegisterTicket):
            decision = decide_register(command, self.pack.register_by_name[command.register], world)
        elif isinstance(command, TakeStep):
            state = self.states[command.ticket_id]
            decision = decide_step(command, state, self.register_of(state.id), world)
        elif isinstance(command, AmendTicket):
            state = self.states[command.ticket_id]
            decision = decide_amend(command, state, self.register_of(state.id), world)
        else:
            raise TypeError(command)
        events = self._placed(state, decision.events, self.person[by], now)
        self._saw(events)
        return events

    def _placed(self, state: Ticket | None, new: Iterable[NewEvent], actor_id: int, now: datetime) -> tuple[Event, ...]:
        first = len(self.log) + 1
        stream = state.id if state else first
        version = state.version if state else 0
        return tuple(
            Event(
                first + i,
                StreamKind.TICKET,
                stream,
                version + i + 1,
                e.kind,
                e.occurred_on,
                now.astimezone(UTC),
                actor_id,
                e.data,
            )
            for i, e in enumerate(new)
        )


class Township(Scene):
    """The same place in a database: every unit, person and ticket comes in by a command."""

    def __init__(self, database: URL | Engine, pack: Pack = PACK) -> None:
        super().__init__(pack)
        self.engine = database if isinstance(database, Engine) else create_engine(database)
        self.house = House(self.engine, pack, CALENDAR, CHINA)

    @staticmethod
    def founded(database: URL | Engine, pack: Pack = PACK) -> Township:
        """In an empty database: units, people and grants as of 2015."""
        town = Township(database, pack)
        unit: dict[str, int] = {}
        for is_top in (True, False):
            units = {code: one for code, one in UNITS.items() if (one[2] is None) is is_top}
            founding = [
                AddUnit(code=code, name=name, kind=kind, parent_id=unit[parent] if parent else None)
                for code, (name, kind, parent) in units.items()
            ]
            unit.update(zip(units, town._all_by_system(founding), strict=True))
        people = [AddPerson(name=name, unit_id=unit[where]) for name, where, _ in PEOPLE.values()]
        person = dict(zip(PEOPLE, town._all_by_system(people), strict=True))
        town._all_by_system(
            GiveGrant(person_id=person[key], role=role, unit_id=unit[where], starts_on=date(2015, 1, 1))
            for key, (_, _, grants) in PEOPLE.items()
            for role, where in grants
        )
        town._meet()
        return town

    @staticmethod
    def joined(database: URL | Engine, pack: Pack = PACK) -> Township:
        """In a database in which it has been founded already: see `town_pack` in conftest.py."""
        town = Township(database, pack)
        town._meet()
        return town

    def _meet(self) -> None:
        with self.engine.connect() as conn:
            self.directory = self.house.directory(conn)
        self.unit = {unit.code: number for number, unit in self.directory.units.items()}
        number_of = {person.name: number for number, person in self.directory.people.items()}
        self.person = {key: number_of[name] for key, (name, _, _) in PEOPLE.items()}

    def again(self) -> Township:
        """The same township as another process would meet it: own engine, empty caches."""
        other = Township(self.engine.url, self.pack)
        other.unit, other.person, other.directory = self.unit, self.person, self.directory
        return other

    def _all_by_system(self, commands: Iterable[Command]) -> list[int]:
        """The founding, in one transaction; the streams in the order of the commands."""
        requests = [Request(command, SYSTEM, at("2015-01-01")) for command in commands]
        return [done.stream_id for done in handle_all(self.house, requests) if isinstance(done, handler.Done)]

    def by_system(self, command: Command, now: datetime) -> int:
        return handle(self.house, command, actor_id=SYSTEM, now=now).stream_id

    def do(self, command: Command, by: str, now: datetime) -> tuple[Event, ...]:
        outcome = handle(self.house, command, actor_id=self.person[by], now=now)
        if not outcome.is_repeat:
            self._saw(outcome.events)
        return outcome.events

    def close(self) -> None:
        self.engine.dispose()


def plain_ticket(world: Scene, register: str = "toilet", place: str = "chenguang", **more: Any) -> RegisterTicket:
    """A registration in order; `more` replaces any part of the command."""
    command = RegisterTicket(
        register=register,
        values=PLAIN_VALUES[register],
        place_id=world.unit[place],
        found_on=date(2023, 3, 1),
    )
    return replace(command, **more)


@dataclass(frozen=True)
class Refused:
    """The codes of a refusal, whether one or several."""

    codes: tuple[str, ...]
    fields: tuple[str | None, ...] = field(default=())


def refused(world: Scene, command: Command, by: str, now: datetime) -> Refused | None:
    """How the rules refuse the command; None when they do not (and then it has happened)."""
    try:
        world.do(command, by, now)
    except Refusal as one:
        return Refused((one.code,), (one.field,))
    except Refusals as several:
        return Refused(tuple(r.code for r in several.refusals), tuple(r.field for r in several.refusals))
    return None
