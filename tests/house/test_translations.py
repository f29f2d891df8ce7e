"""Every sentence of pages and rules stands in every language; packs are checked by their loader."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from io import BytesIO

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from installations import ROOT

FOLDER = ROOT / "tracker" / "translations"
LOCALES = sorted(path.parent.parent.name for path in FOLDER.glob("*/LC_MESSAGES/messages.po"))
WRITTEN_IN = "en"
"""The language of the sentences in the code: its catalogue may stay empty, gettext then shows them as they are."""

Key = str | tuple[str, ...]


def catalogue(locale: str) -> Catalog:
    with (FOLDER / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=locale)


@cache
def used() -> dict[Key, str]:
    """Each sentence that the code asks for, and a file where it stands."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["babel"]["mappings"]
    methods = [(mapping["pattern"].removeprefix("tracker/"), mapping["method"]) for mapping in mappings]
    keywords = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "_l": None}
    found = extract_from_dir(ROOT / "tracker", methods, keywords=keywords)
    return {key: file for file, _, key, _, _ in found}


def texts(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s|%%n", text))


def mistakes(locale: str) -> Iterator[str]:
    known = catalogue(locale)
    for key, file in sorted(used().items(), key=str):
        first = key if isinstance(key, str) else key[0]
        message = known.get(first)
        if message is None:
            yield f"{file}: {first!r} is not in the catalogue (make messages)"
        elif message.fuzzy:
            yield f"{file}: {first!r} is only guessed"
        elif not all(texts(message)) and locale != WRITTEN_IN:
            yield f"{file}: {first!r} has no translation"


def test_three_languages_are_there():
    assert {"zh_Hans", "zh_Hant", "en"} <= set(LOCALES)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_sentence_is_in_the_language(locale: str):
    assert list(mistakes(locale)) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_keeps_every_placeholder_of_its_sentence(locale: str):
    assert len(catalogue(locale))
    for message in catalogue(locale):
        ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        for text in filter(None, texts(message)):
            if message.id:
                assert placeholders(text) == set().union(*map(placeholders, ids)), text


@pytest.mark.parametrize("locale", LOCALES)
def test_no_sentence_is_kept_that_nobody_uses(locale: str):
    asked = {key if isinstance(key, str) else key[0] for key in used()}
    kept = {message.id if isinstance(message.id, str) else message.id[0] for message in catalogue(locale)}
    assert kept - asked - {""} == set()


@pytest.mark.parametrize("locale", LOCALES)
def test_what_runs_is_what_is_written(locale: str):
    written = BytesIO()
    write_mo(written, catalogue(locale))
    written.seek(0)
    with (FOLDER / locale / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        compiled = read_mo(file)
    expected = {str(m.id): m.string for m in read_mo(written) if m.id}
    assert {str(m.id): m.string for m in compiled if m.id} == expected


def test_simplified_and_traditional_are_not_mixed():
    """A character that exists in one script only does not stand in the other's catalogue."""
    only_simplified, only_traditional = set("报销号检查区台农业务办问题时间"), set("報銷號檢查區農業務辦問題時間")
    shared = only_simplified & only_traditional
    for locale, foreign in (("zh_Hans", only_traditional - shared), ("zh_Hant", only_simplified - shared - {"台"})):
        assert any(any(texts(message)) for message in catalogue(locale))
        for message in catalogue(locale):
            for text in filter(None, texts(message)):
                assert not foreign & set(text), (locale, text)
