"""The same questions of many registers: each standard figure of `figures.yaml`, written out for each register it names.

`{name}` in a label stands for what the register's tickets are called; ids and the figures named beside get its prefix.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tracker.domain.registers import Label, text_in
from tracker.packs.source import KeyPath, Source

_NAME = "{name}"


def standard_figures(source: Source) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """The figures as if an author had written each of them out, with where the words stand; register by register."""
    for about in _registers(source):
        for n, item in enumerate(source.data["standard"]["figures"]):
            yield ("standard", "figures", n), _written_out(item, about)


def standard_ids(source: Source, names: Iterable[str]) -> tuple[str, ...]:
    """The ids of these standard figures for every register, together for each."""
    wanted = tuple(names)
    return tuple(_id(about, name) for about in _registers(source) for name in wanted)


def _registers(source: Source) -> Iterable[Mapping[str, Any]]:
    registers: Iterable[Mapping[str, Any]] = source.data.get("standard", {}).get("registers", ())
    return registers


def _written_out(item: Mapping[str, Any], about: Mapping[str, Any]) -> Mapping[str, Any]:
    out = {**item, "id": _id(about, item["id"]), "register": about["register"]}
    out["label"] = _named(item["label"], about["name"])
    if "beside" in item:
        out["beside"] = [_id(about, name) for name in item["beside"]]
    if "rate_of" in item:
        out["rate_of"] = _id(about, item["rate_of"])
    return out


def _id(about: Mapping[str, Any], name: str) -> str:
    return f"{about.get('prefix', about['register'])}_{name}"


def _named(label: Label, name: Label) -> Label:
    return {language: text.replace(_NAME, text_in(name, language)) for language, text in label.items()}
