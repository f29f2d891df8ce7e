"""A further language: its folder is there, its words are not yet. Every page stands, its gaps in English."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from pages.conftest import Browse
from pages.test_figures import FIGURES, REPORT
from sqlalchemy import Engine
from ticket_stories import address, registered, submitted
from township import PACK, Township

from tracker import languages

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PAGES = (
    "/profile",
    "/profile/password",
    "/desk",
    "/registers",
    "/registers/toilet/tickets",
    "/registers/toilet/tickets/new",
    "/registers/toilet/import",
    "/figures",
    "/figures?by=month",
    "/figures?by=unit",
    "/figures/rectified",
    "/log",
    "/search?q=x",
    "{ticket}",
    "{fresh}/assign",
    "{ticket}/comment",
    "{ticket}/amend",
)
FILES = ("/registers/toilet/tickets.csv", "/figures/rectified.csv", "/figures/rectified.xlsx")


@pytest.fixture
def korean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The languages as they are once `ko` is begun and nobody has written a word of it."""
    folder = tmp_path / "translations"
    for code in (*languages.codes(), "ko"):
        folder.joinpath(code.replace("-", "_"), "LC_MESSAGES").mkdir(parents=True)
    monkeypatch.setattr(languages, "FOLDER", folder)
    for kept in (languages.codes, languages.catalogue):
        kept.cache_clear()
    yield
    for kept in (languages.codes, languages.catalogue):
        kept.cache_clear()


@pytest.fixture
def town(app: Flask, engine: Engine) -> Iterator[Township]:
    """The small township, whose pack also has figures; its labels know no Korean."""
    founded = Township.joined(engine, replace(PACK, figures=FIGURES, reports=(REPORT,)))
    app.extensions["house"] = founded.house
    yield founded
    founded.close()


@only_sqlite
@pytest.mark.usefixtures("korean")
def test_no_page_fails_for_want_of_a_word(town: Township, browse: Browse) -> None:
    ticket, fresh = (address(town, made).rstrip("/") for made in (submitted(town), registered(town)))
    visitor = browse("supervisor")
    visitor.send("/profile", "/language", locale="ko")
    for url in PAGES:
        page = visitor.text(url.format(ticket=ticket, fresh=fresh))
        assert '<html lang="ko">' in page, url
    assert ">한국어</" in visitor.text("/profile")
    assert "2023-03-10" in visitor.text(ticket)
    for url in FILES:
        with visitor.open(url) as answer:
            assert answer.status_code == 200, url


@only_sqlite
@pytest.mark.usefixtures("korean")
def test_a_browser_that_asks_for_it_gets_it(app: Flask) -> None:
    page = app.test_client().get("/sign-in", headers={"Accept-Language": "ko-KR,ko;q=0.9"}).text
    assert '<html lang="ko">' in page
    assert "Sign in" in page
