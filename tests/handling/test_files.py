"""Evidence files: what comes in, what is refused, what is shown, and what `check` finds."""

from __future__ import annotations

import os
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tracker.domain.refusals import Refusal
from tracker.log import files
from tracker.log.files import FileFault, FileStore

MEGABYTE = 1024 * 1024


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files", max_bytes=MEGABYTE)


def picture(kind: str = "JPEG", size: tuple[int, int] = (640, 480), **more: object) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "tan").save(out, kind, **more)  # type: ignore[arg-type]
    return out.getvalue()


def photo_with_place() -> bytes:
    """A photograph on its side that says where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "secret camera"
    return picture(exif=exif)


def office(*names: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return out.getvalue()


PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
DOCX = office("[Content_Types].xml", "word/document.xml")
XLSX = office("[Content_Types].xml", "xl/workbook.xml")


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (picture(), "现场.jpg", "image/jpeg"),
        (picture("PNG"), "wechat saved this.jpg", "image/png"),
        (picture("WEBP"), "x.webp", "image/webp"),
        (picture(), "no ending", "image/jpeg"),
        (PDF, "回复.pdf", "application/pdf"),
        (DOCX, "报告.docx", files.OFFICE_FOLDERS["word/"]),
        (XLSX, "台账.xlsx", files.OFFICE_FOLDERS["xl/"]),
    ],
    ids=["jpeg", "png called jpg", "webp", "no ending", "pdf", "docx", "xlsx"],
)
def test_a_file_is_kept_under_its_hash_with_the_type_of_its_content(
    store: FileStore, content: bytes, name: str, media_type: str
) -> None:
    kept = store.put(BytesIO(content), name)
    assert (kept.digest, kept.media_type, kept.size) == (sha256(content).hexdigest(), media_type, len(content))
    path = store.path(kept.digest)
    assert path is not None
    assert path.read_bytes() == content


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
TRUNCATED = picture(size=(2000, 2000), quality=95)[:20_000]


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "x.jpg", "file_empty"),
        (b"x" * (MEGABYTE + 1), "x.jpg", "file_too_large"),
        (SVG, "x.svg", "file_type_refused"),
        (SVG, "x.png", "file_type_refused"),
        (HTML, "x.jpg", "file_type_refused"),
        (b"GIF89a" + HTML, "x.gif", "file_type_refused"),
        (b"MZ\x90\x00" * 50, "x.exe", "file_type_refused"),
        (b" " + PDF, "x.pdf", "file_type_refused"),
        (TRUNCATED, "x.jpg", "file_damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 80, "x.png", "file_damaged"),
        (PDF[:-6], "x.pdf", "file_damaged"),
        (DOCX[:-10], "x.docx", "file_damaged"),
        (PDF, "x.jpg", "file_not_what_it_says"),
        (picture(), "x.pdf", "file_not_what_it_says"),
        (picture(), "x.html", "file_not_what_it_says"),
        (XLSX, "x.docx", "file_not_what_it_says"),
        (office("a.txt"), "x.zip", "file_type_refused"),
        (office("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "x.docx", "file_type_refused"),
        (picture("PNG", size=(9000, 7000)), "x.png", "picture_too_many_pixels"),
    ],
)
def test_a_hostile_or_broken_file_is_refused_and_leaves_nothing(
    store: FileStore, tmp_path: Path, content: bytes, name: str, code: str
) -> None:
    with pytest.raises(Refusal) as caught:
        store.put(BytesIO(content), name)
    assert caught.value.code == code
    assert [p for p in (tmp_path / "files").rglob("*") if p.is_file()] == []


def test_what_is_shown_is_drawn_anew_upright_and_says_nothing_of_its_maker(store: FileStore) -> None:
    polyglot = photo_with_place() + b"<script>alert(1)</script>" + office("evil.txt")
    kept = store.put(BytesIO(polyglot), "x.jpg")
    shown = store.copy(kept.digest, "small")
    assert shown is not None
    content = shown.read_bytes()
    assert b"script" not in content
    assert b"secret camera" not in content
    with Image.open(shown) as image:
        assert image.size == (360, 480)  # turned, and made small
        assert not image.getexif()


def test_only_pictures_are_shown(store: FileStore) -> None:
    assert store.copy(store.put(BytesIO(PDF), "x.pdf").digest, "large") is None
    assert store.copy("0" * 64, "large") is None


@pytest.mark.parametrize("digest", ["../../secret_key", "0" * 63, "A" * 64, "0" * 63 + "/"])
def test_a_name_never_becomes_a_path(store: FileStore, digest: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        store.path(digest)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\照片\\厕所.jpg", "厕所.jpg"),
        ("a\r\nSet-Cookie: x.jpg", "aSet-Cookie x.jpg"),
        ("", "file"),
        ("..", "file"),
        ("长" * 300 + ".jpg", "长" * 116 + ".jpg"),
    ],
)
def test_a_name_is_cleaned_for_showing(given: str, kept: str) -> None:
    assert files.clean_name(given) == kept


def test_the_same_content_is_kept_once(store: FileStore, tmp_path: Path) -> None:
    first, second = (store.put(BytesIO(PDF), name) for name in ("a.pdf", "b.pdf"))
    assert (first.digest, first.name, second.name) == (second.digest, "a.pdf", "b.pdf")
    assert len([p for p in (tmp_path / "files").rglob("*") if p.is_file()]) == 1


def test_check_names_what_is_missing_and_what_was_changed(store: FileStore) -> None:
    whole, changed, missing = (store.put(BytesIO(picture(size=(n, n))), "x.jpg") for n in (10, 20, 30))
    for kept, act in ((changed, "change"), (missing, "remove")):
        path = store.path(kept.digest)
        assert path is not None
        path.unlink() if act == "remove" else path.write_bytes(b"other")
    faults = list(store.check([whole.digest, changed.digest, missing.digest]))
    assert faults == [FileFault("file_damaged", changed.digest), FileFault("file_missing", missing.digest)]


def test_files_of_forms_that_were_given_up_are_removed_after_their_day(store: FileStore, tmp_path: Path) -> None:
    named, given_up, fresh, used = (
        store.put(BytesIO(PDF + bytes([n])), "a.pdf").digest if n else store.put(BytesIO(picture()), "a.jpg").digest
        for n in (1, 0, 2, 3)
    )
    assert store.copy(given_up, "small") is not None
    broken_off = tmp_path / "files" / "waiting" / "broken"
    broken_off.write_bytes(b"x")
    for path in (*(p for p in map(store.path, (named, given_up, used)) if p), broken_off):
        os.utime(path, (0, 0))
    assert store.still_has(used)  # a form with it is still being sent
    assert store.remove_unnamed({named}, datetime(2000, 1, 1, tzinfo=UTC)) == 1
    assert [store.path(d) is not None for d in (named, given_up, fresh, used)] == [True, False, True, True]
    assert not store.still_has(given_up)
    assert not list((tmp_path / "files" / "copies").rglob("*.jpg"))
    assert not broken_off.exists()
