"""What a file is, by its content, and whether it may be opened: size, packing, locks, macros, links.

Everything here happens before a parser sees the file. Nothing is unpacked to disk.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from tracker.domain.refusals import Refusal
from tracker.exchange import delimited

MAX_BYTES = 50 * 2**20
MAX_ENTRIES = 5_000
MAX_UNPACKED = 512 * 2**20
# Sheets of styled, empty rows pack 30 to 100 times; a bomb packs 1,000 times.
MAX_RATIO = 300
RATIO_MATTERS_FROM = 32 * 2**20


class FileRefusal(Refusal):
    """The file as a whole is refused; `params` say why (`reason`) and what was found (`found`)."""


class FileKind(StrEnum):
    XLSX = "xlsx"
    XLS = "xls"
    ODS = "ods"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Recognised:
    """`warnings`: `macros_ignored`, `name_differs`. `encoding` is given for CSV only."""

    kind: FileKind
    warnings: tuple[str, ...] = ()
    dates_from_1904: bool = False
    encoding: str | None = None


_NAMES_OF_KIND = {
    FileKind.XLSX: frozenset({"xlsx", "xlsm", "xltx", "xltm"}),
    FileKind.XLS: frozenset({"xls", "xlt"}),
    FileKind.ODS: frozenset({"ods"}),
    FileKind.CSV: frozenset({"csv", "txt", "tsv"}),
}
_SPREADSHEET_NAMES = frozenset().union(*_NAMES_OF_KIND.values())

_SIGNATURES = (
    (b"%PDF", "pdf"),
    (b"\xff\xd8\xff", "picture"),
    (b"\x89PNG", "picture"),
    (b"GIF8", "picture"),
    (b"BM", "picture"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"{\\rtf", "document"),
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
    (b"SQLite format 3", "database"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP = re.compile(rb"^\s*<(?:!doctype|html|head|meta|table|\?xml|script)", re.IGNORECASE)


def recognise(data: bytes, filename: str) -> Recognised:
    """The kind of the file by its content. Raises FileRefusal.

    Refusals: file_empty; file_too_large (bytes, entries, unpacked); file_damaged (truncated);
    file_type_refused (encrypted, macros, external_links, entities, or a type we do not read);
    file_not_what_it_says (the content is not what the name's ending promises).
    """
    if len(data) > MAX_BYTES:
        raise FileRefusal("file_too_large", reason="bytes", limit=MAX_BYTES // 2**20)
    if not data.strip(b"\x00\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise FileRefusal("file_empty", reason="no_content")
    ending = PurePath(filename).suffix.lower().lstrip(".")
    if data.startswith(b"PK"):
        return _named(_recognise_zip(data, ending), ending)
    if data.startswith(_OLE):
        return _named(_recognise_ole(data, ending), ending)
    return _recognise_text(data, ending)


def _named(recognised: Recognised, ending: str) -> Recognised:
    """Renamed spreadsheets are read all the same, with a warning; other endings are refused."""
    if ending in _NAMES_OF_KIND[recognised.kind] or not ending:
        return recognised
    if ending not in _SPREADSHEET_NAMES:
        raise FileRefusal("file_not_what_it_says", name=ending, found=str(recognised.kind))
    return Recognised(
        recognised.kind,
        (*recognised.warnings, "name_differs"),
        recognised.dates_from_1904,
        recognised.encoding,
    )


def _refuse_type(found: str, ending: str) -> FileRefusal:
    if ending in _SPREADSHEET_NAMES:
        return FileRefusal("file_not_what_it_says", name=ending, found=found)
    return FileRefusal("file_type_refused", reason="type", found=found)


def _recognise_text(data: bytes, ending: str) -> Recognised:
    for signature, found in _SIGNATURES:
        if data.startswith(signature) and not (found == "picture" and ending == "csv" and len(signature) < 3):
            raise _refuse_type(found, ending)
    if _MARKUP.match(data.removeprefix(b"\xef\xbb\xbf")[:64]):
        raise _refuse_type("html", ending)
    try:
        encoding = delimited.encoding_of(data)
    except delimited.CutShort:
        raise FileRefusal("file_damaged", reason="truncated") from None
    if encoding is None:
        raise _refuse_type("unknown", ending)
    # Many office systems export tab-separated text under the name .xls; under .xlsx it is damage.
    if ending in _NAMES_OF_KIND[FileKind.XLSX] | _NAMES_OF_KIND[FileKind.ODS]:
        raise FileRefusal("file_not_what_it_says", name=ending, found="text")
    return _named(Recognised(FileKind.CSV, encoding=encoding), ending)


# ---- zip: .xlsx, .xlsm, .ods


def _recognise_zip(data: bytes, ending: str) -> Recognised:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_packing(archive, len(data))
            kind = _kind_of_zip(archive, ending)
            _check_whole(archive)
            if kind is FileKind.ODS:
                _check_ods(archive)
                return Recognised(kind)
            return _check_xlsx(archive, ending)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, KeyError):
        # ValueError and KeyError: offsets and names that a damaged directory invents.
        raise FileRefusal("file_damaged", reason="truncated") from None


def _check_packing(archive: zipfile.ZipFile, packed: int) -> None:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise FileRefusal("file_too_large", reason="entries", limit=MAX_ENTRIES, found=len(entries))
    if any(entry.flag_bits & 1 for entry in entries):
        raise FileRefusal("file_type_refused", reason="encrypted")
    unpacked = sum(entry.file_size for entry in entries)
    is_bomb = unpacked > RATIO_MATTERS_FROM and unpacked > MAX_RATIO * packed
    if unpacked > MAX_UNPACKED or is_bomb:
        raise FileRefusal("file_too_large", reason="unpacked", limit=MAX_UNPACKED, found=unpacked)


def _kind_of_zip(archive: zipfile.ZipFile, ending: str) -> FileKind:
    names = [entry.filename.lower() for entry in archive.infolist()]
    if "xl/workbook.bin" in names:
        raise FileRefusal("file_type_refused", reason="type", found="xlsb")
    if any(name.startswith("xl/") for name in names):
        return FileKind.XLSX
    if "mimetype" in names and b"opendocument.spreadsheet" in _first_bytes(archive, "mimetype", 200):
        return FileKind.ODS
    is_document = any(name.startswith(("word/", "ppt/")) for name in names) or "mimetype" in names
    raise _refuse_type("document" if is_document else "archive", ending)


def _check_whole(archive: zipfile.ZipFile) -> None:
    """Every entry unpacks to its stated length and checksum."""
    if archive.testzip() is not None:
        raise FileRefusal("file_damaged", reason="checksum")


def _check_ods(archive: zipfile.ZipFile) -> None:
    if b"encryption-data" in _first_bytes(archive, "META-INF/manifest.xml", 2**20):
        raise FileRefusal("file_type_refused", reason="encrypted")
    _check_entities(archive)


def _check_xlsx(archive: zipfile.ZipFile, ending: str) -> Recognised:
    names = {entry.filename.lower(): entry.filename for entry in archive.infolist()}
    if any(name.startswith("xl/externallinks/") for name in names):
        raise FileRefusal("file_type_refused", reason="external_links")
    has_macros = any(name.endswith("vbaproject.bin") for name in names)
    if has_macros and ending not in {"xlsm", "xltm"}:
        raise FileRefusal("file_type_refused", reason="macros")
    if any(name.startswith("xl/macrosheets/") for name in names):
        raise FileRefusal("file_type_refused", reason="macros")
    _check_entities(archive)
    workbook = _first_bytes(archive, names.get("xl/workbook.xml", "xl/workbook.xml"), 2**16)
    return Recognised(
        FileKind.XLSX,
        ("macros_ignored",) if has_macros else (),
        re.search(rb"date1904\s*=\s*[\"'](?:1|true)[\"']", workbook) is not None,
    )


def _check_entities(archive: zipfile.ZipFile) -> None:
    """No part of a workbook needs a document type; one that has it wants entities expanded."""
    for entry in archive.infolist():
        if entry.filename.lower().endswith((".xml", ".rels")):
            with archive.open(entry) as part:
                if b"<!doctype" in part.read(2048).lower():
                    raise FileRefusal("file_type_refused", reason="entities")


def _first_bytes(archive: zipfile.ZipFile, name: str, count: int) -> bytes:
    with archive.open(name) as part:
        return part.read(count)


# ---- OLE: .xls, and the envelope of encrypted .xlsx


def _recognise_ole(data: bytes, ending: str) -> Recognised:
    def has(stream: str) -> bool:
        return stream.encode("utf-16-le") in data

    if has("EncryptedPackage"):
        raise FileRefusal("file_type_refused", reason="encrypted")
    if has("Workbook") or has("Book"):
        return Recognised(FileKind.XLS, ("macros_ignored",) if has("_VBA_PROJECT") else ())
    if has("WordDocument") or has("PowerPoint Document"):
        raise _refuse_type("document", ending)
    if ending in _SPREADSHEET_NAMES:
        raise FileRefusal("file_damaged", reason="truncated")
    raise FileRefusal("file_type_refused", reason="type", found="unknown")
