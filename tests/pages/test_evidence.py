"""Files of a form: how many fit, which kinds, and what is said of those that do not."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel
from werkzeug.datastructures import FileStorage

from tracker import words
from tracker.forms.evidence import MOST_FILES, Evidence
from tracker.log.files import FileStore

PDF = b"%PDF-1.7\n%%EOF\n"


@pytest.fixture
def evidence() -> Evidence:
    app = Flask("tracker", root_path=str(Path(words.__file__).parent))
    app.secret_key = "for these tests"
    Babel(app, default_locale="en")
    with app.test_request_context():
        yield Evidence(person_id=1)


def sent(*names: str) -> list[FileStorage]:
    """Documents of different content, or two of the same name would be one file."""
    return [FileStorage(BytesIO(PDF + name.encode()), name) for name in names]


def test_the_file_that_is_one_too_many_is_refused_by_its_count(evidence: Evidence, tmp_path: Path) -> None:
    store = FileStore(tmp_path, 10_000)
    names = [f"{number}.pdf" for number in range(MOST_FILES + 1)]
    refused = evidence.take_new(store, sent(*names), "document", pictures_only=False)
    assert [(name, words.refusal(why)) for name, why in refused] == [
        (names[-1], "At most 20 files fit into one form. Add the others afterwards.")
    ]
    assert [file.name for file in evidence.files] == names[:-1]


def test_a_document_among_the_photographs_is_told_what_fits_there(evidence: Evidence, tmp_path: Path) -> None:
    refused = evidence.take_new(FileStore(tmp_path, 10_000), sent("a.pdf"), "photo_after", pictures_only=True)
    assert [(name, words.refusal(why)) for name, why in refused] == [
        ("a.pdf", "Only photographs fit here (JPEG, PNG).")
    ]
    assert evidence.files == []
