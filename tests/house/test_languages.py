"""A language is added with `make language`, from a clean checkout, and with labels: no list in Python is edited."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from house.small_pack import FILES, write_pack
from installations import ROOT

from tracker import languages
from tracker.domain.registers import text_in
from tracker.packs.loader import load_pack

FEW = (
    "Makefile",
    "pyproject.toml",
    "tracker/templates/errors/404.html",
    "tracker/translations/en/LC_MESSAGES/messages.po",
)
NO_PAGE = "There is no such page"


def make_language(checkout: Path, locale: str) -> subprocess.CompletedProcess[str]:
    """`make language` with the interpreter of this test, which has all that `make` would install."""
    venv = Path(sys.prefix)
    given = [f"VENV={venv}", f"LOCALE={locale}", "--assume-old", str(venv / "installed-test")]
    return subprocess.run(["make", "language", *given], cwd=checkout, capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a clean checkout has of sentences, but few of them: reading all takes seconds."""
    for name in FEW:
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    return tmp_path


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh-Hans", "没有这个页面"),
        ("zh-Hant", "沒有這個頁面"),
        ("en", "There is no such page"),
        ("ko", "There is no such page"),
    ],
)
def test_a_sentence_is_of_the_language_that_is_asked_for(language: str, text: str) -> None:
    """Whatever request, or none, was the first to ask."""
    assert languages.catalogue(language).ugettext(NO_PAGE) == text


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_a_language_is_begun_from_a_clean_checkout(checkout: Path) -> None:
    begun = make_language(checkout, "ko")
    assert begun.returncode == 0, begun.stdout + begun.stderr
    folder = checkout / "tracker" / "translations" / "ko" / "LC_MESSAGES"
    assert 'msgid "There is no such page"' in (folder / "messages.po").read_text(encoding="utf-8")
    assert (folder / "messages.mo").is_file()

    again = make_language(checkout, "ko")
    assert again.returncode != 0, "what was translated meanwhile would be lost"


@pytest.mark.parametrize(
    ("language", "text"),
    [("ko", "작은 꾸러미"), ("zh-Hant", "小包"), ("zh-Hant-HK", "小包"), ("ko-KP", "작은 꾸러미"), ("fr", "Small")],
)
def test_a_label_may_have_a_further_language(tmp_path: Path, language: str, text: str) -> None:
    more = FILES["pack.yaml"].replace("en: Small}", "en: Small, ko: 작은 꾸러미}")
    pack = load_pack(write_pack(tmp_path, {"pack.yaml": more}))
    assert text_in(pack.label, language) == text


def test_a_label_without_english_shows_what_it_has() -> None:
    assert text_in({"zh-Hans": "户"}, "ko") == "户"
    assert text_in({"zh-Hans": "", "en": ""}, "ko") == ""
