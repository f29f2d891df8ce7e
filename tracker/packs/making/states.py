"""States of a subject: from a draft to a file, and back. States and fields are named by what they are called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tracker.packs.making.drafts import Data, StateDraft, counted, english_of, label_of, put, switched


def written_states(drafts: Iterable[StateDraft], before: list[Data], fields: list[Data]) -> list[Data]:
    """In the order of the form; what a file says of a state beyond it stays. KeyError: `after` or `needs` name what
    is not there (`checking.py` says so first)."""
    drafts = tuple(drafts)
    known = {item["name"]: item for item in before}
    taken = known.keys() | {draft.name for draft in drafts}
    free = (f"state_{n}" for n in range(1, 1000) if f"state_{n}" not in taken)
    names = [draft.name or next(free) for draft in drafts]
    states = named([(name, draft.label) for name, draft in zip(names, drafts, strict=True)])
    names_of = named(called(fields))
    return [
        _written(draft, name, known.get(name, {}), states, names_of) for name, draft in zip(names, drafts, strict=True)
    ]


def _written(draft: StateDraft, name: str, before: Data, states: Mapping[str, str], fields: Mapping[str, str]) -> Data:
    data: Data = {**before, "name": name, "label": label_of(draft.label, draft.english, before.get("label"))}
    switched(data, "is_end", is_set=draft.is_end)
    links = {"from": [states[text] for text in draft.after], "needs": [fields[text] for text in draft.needs]}
    evidence = {"evidence": counted(before.get("evidence", {}), {"photos": draft.photos})}
    for word, value in (links | evidence).items():
        put(data, word, value)
    return data


def named(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What something is called, in a file or on a page, and its name in the file."""
    pairs = tuple(pairs)
    return {text: name for name, text in pairs} | {name: name for name, _ in pairs}


def called(fields: list[Data]) -> Iterator[tuple[str, str]]:
    """The name of each field and what it is called; of a shared one the file knows only the name."""
    for item in fields:
        for name in [item["name"]] if "name" in item else _list(item["use"]):
            yield name, item.get("label", {}).get("zh-Hans", name)


def _list(names: str | list[str]) -> list[str]:
    return names if isinstance(names, list) else [names]


def drafted_states(items: list[Data], fields: list[Data]) -> tuple[StateDraft, ...]:
    """The states of a file as the form shows them."""
    states = {item["name"]: item["label"]["zh-Hans"] for item in items}
    label_of_field = dict(called(fields))
    return tuple(
        StateDraft(
            name=item["name"],
            label=item["label"]["zh-Hans"],
            english=english_of(item["label"]),
            is_end=item.get("is_end", False),
            after=tuple(states[name] for name in item.get("from", ())),
            needs=tuple(label_of_field[name] for name in item.get("needs", ())),
            photos=item.get("evidence", {}).get("photos", 0),
        )
        for item in items
    )
