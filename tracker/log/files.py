"""Evidence files by SHA-256 under one folder: what may come in, where it lies, what is shown of it.

The original is kept sealed under its hash and only ever handed out as a download. What a page shows is a
copy drawn anew from its pixels, so that nothing that hid in the file (script, Exif, a second format) is shown.
Names never become paths. Nothing here knows tickets or the web.
"""

from __future__ import annotations

import os
import secrets
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from tracker.domain.refusals import Refusal

MAX_PIXELS = 60_000_000
# Pillow's own alarm at the same size: it looks before any pixel is unpacked.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
PICTURE_FORMATS = ("JPEG", "PNG", "WEBP")
CHUNK = 256 * 1024
NAME_LENGTH = 120
FOLDER = "files"
"""Where the evidence of an installation lies, below its folder."""
MAX_MEMBERS = 10_000
MAX_UNPACKED = 200 * 1024 * 1024
OFFICE_FOLDERS = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
COPY_SIDES = {"small": 480, "large": 1600}
"""The longest side in pixels of each copy that pages may show."""

_ENDINGS = {
    "image": frozenset({"jpg", "jpeg", "jfif", "png", "webp", ""}),
    "application/pdf": frozenset({"pdf", ""}),
    OFFICE_FOLDERS["word/"]: frozenset({"docx", ""}),
    OFFICE_FOLDERS["xl/"]: frozenset({"xlsx", ""}),
}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is safely on disk. `size` in bytes; `name` as its sender called it, cleaned."""

    digest: str
    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class FileFault:
    """What `check` found wrong: file_missing or file_damaged."""

    code: str
    digest: str


class FileStore:
    """The folder of files. `max_bytes` is the limit for one file."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        self._root = root
        self._max_bytes = max_bytes

    @staticmethod
    def of(instance: Path, max_bytes: int) -> FileStore:
        """The files of the installation whose folder this is."""
        return FileStore(instance / FOLDER, max_bytes)

    def put(self, stream: BinaryIO, name: str) -> StoredFile:
        """Keep a file and say what it is.

        Refuses file_empty, file_too_large, file_type_refused, file_not_what_it_says, file_damaged,
        picture_too_many_pixels; then nothing stays. The same content is kept once, whatever its name.
        """
        waiting = self._root / "waiting" / secrets.token_hex(16)
        waiting.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            digest, size = self._receive(stream, waiting)
            media_type = media_type_of(waiting)
            _check_name(name, media_type)
            self._move(waiting, self._path(digest))
        finally:
            waiting.unlink(missing_ok=True)
        return StoredFile(digest, clean_name(name), media_type, size)

    def put_own(self, content: bytes, name: str, media_type: str) -> StoredFile:
        """Keep what this program drew itself, for a demonstration: it is neither looked at nor waited for until it is
        safely on disk, which takes three quarters of the time."""
        digest = sha256(content).hexdigest()
        target = self._path(digest)
        if not target.exists():
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            waiting = target.with_suffix(".new")
            waiting.write_bytes(content)
            waiting.chmod(0o600)
            waiting.replace(target)
        return StoredFile(digest, clean_name(name), media_type, len(content))

    def _receive(self, stream: BinaryIO, target: Path) -> tuple[str, int]:
        digest, size = sha256(), 0
        with target.open("xb") as file:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > self._max_bytes:
                    raise Refusal("file_too_large", limit=self._max_bytes // (1024 * 1024))
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if not size:
            raise Refusal("file_empty")
        return digest.hexdigest(), size

    def _move(self, source: Path, target: Path) -> None:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._touch(target):
            source.chmod(0o600)
            source.replace(target)

    def _touch(self, path: Path) -> bool:
        """Whether it is there; its day begins anew."""
        try:
            os.utime(path)
        except FileNotFoundError:
            return False
        return True

    def _path(self, digest: str) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError("not a SHA-256 in hex")
        return self._root / digest[:2] / digest

    def path(self, digest: str) -> Path | None:
        """Where the original lies; None where it is missing."""
        path = self._path(digest)
        return path if path.is_file() else None

    def still_has(self, digest: str) -> bool:
        """Whether the file is here. From now on it counts as just sent, so that `remove_unnamed` passes it over."""
        return self._touch(self._path(digest))

    def remove_unnamed(self, named: Collection[str], before: datetime) -> int:
        """Remove files that are not among `named` and were last sent before that instant: their forms were refused or
        given up. Gives how many. What broke off while it came in goes as well."""
        left = [path for path in self._root.glob("??/*") if path.name not in named and _is_older(path, before)]
        for path in left:
            for copy in (self._root / "copies" / path.parent.name).glob(f"{path.name}-*"):
                copy.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        for path in self._root.glob("waiting/*"):
            if _is_older(path, before):
                path.unlink(missing_ok=True)
        return len(left)

    def copy(self, digest: str, size: str) -> Path | None:
        """A picture drawn anew as JPEG without Exif, `size` of COPY_SIDES; None where there is no picture to show."""
        side, original = COPY_SIDES[size], self.path(digest)
        target = self._root / "copies" / digest[:2] / f"{digest}-{side}.jpg"
        if original is None or target.is_file():
            return target if original else None
        if not media_type_of(original).startswith("image/"):
            return None
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        waiting = target.with_suffix(f".{secrets.token_hex(8)}")
        try:
            _draw(original, waiting, side)
            waiting.replace(target)
        finally:
            waiting.unlink(missing_ok=True)
        return target

    def check(self, digests: Iterable[str]) -> Iterator[FileFault]:
        """What is missing or no longer has the content of its hash, of the files that the log names."""
        for digest in digests:
            path = self.path(digest)
            if path is None:
                yield FileFault("file_missing", digest)
            elif _digest_of(path) != digest:
                yield FileFault("file_damaged", digest)


def _is_older(path: Path, instant: datetime) -> bool:
    return path.stat().st_mtime < instant.timestamp()


def media_type_of(path: Path) -> str:
    """The type by content alone. Refuses what is not a picture, a PDF or an Office document in zip form."""
    with path.open("rb") as file:
        start = file.read(16)
    for fits, read in _KINDS:
        if fits(start):
            return read(path)
    raise Refusal("file_type_refused")


def _picture_type(path: Path) -> str:
    """Reads every pixel, so that a truncated picture is refused here and not when somebody looks at it."""
    try:
        with Image.open(path, formats=PICTURE_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Refusal("picture_too_many_pixels")
            image.load()
            return Image.MIME[str(image.format)]
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refusal("picture_too_many_pixels") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise Refusal("file_damaged") from None


def _pdf_type(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2048))
        if b"%%EOF" not in file.read():
            raise Refusal("file_damaged")
    return "application/pdf"


def _office_type(path: Path) -> str:
    """Only the directory of the zip is read. Macros and anything else that hides in a zip are refused."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise Refusal("file_damaged") from None
    names = {member.filename for member in members}
    is_bomb = len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_UNPACKED
    if is_bomb or "[Content_Types].xml" not in names or any(n.lower().endswith("vbaproject.bin") for n in names):
        raise Refusal("file_type_refused")
    for folder, media_type in OFFICE_FOLDERS.items():
        if any(name.startswith(folder) for name in names):
            return media_type
    raise Refusal("file_type_refused")


def _is_picture(start: bytes) -> bool:
    is_webp = start.startswith(b"RIFF") and start[8:12] == b"WEBP"
    return is_webp or start.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))


_KINDS: tuple[tuple[Callable[[bytes], bool], Callable[[Path], str]], ...] = (
    (_is_picture, _picture_type),
    (lambda start: start.startswith(b"%PDF-"), _pdf_type),
    (lambda start: start.startswith(b"PK\x03\x04"), _office_type),
)


def _check_name(name: str, media_type: str) -> None:
    """A picture may carry the ending of another kind of picture (phones do that), nothing else may."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    kind = "image" if media_type.startswith("image/") else media_type
    if ending not in _ENDINGS[kind]:
        raise Refusal("file_not_what_it_says")


def clean_name(name: str) -> str:
    """The sender's name for the file without folders and control characters; for showing, never a path."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').strip(". ")
    if len(kept) > NAME_LENGTH:
        stem, dot, ending = kept.rpartition(".")
        kept = f"{stem[: NAME_LENGTH - len(ending) - 1]}.{ending}" if dot and len(ending) < 8 else kept[:NAME_LENGTH]
    return kept or "file"


def _draw(original: Path, target: Path, side: int) -> None:
    with Image.open(original, formats=PICTURE_FORMATS) as image:
        image.draft("RGB", (side, side))  # a JPEG is unpacked no larger than needed
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((side, side))
        paper = Image.new("RGB", upright.size, "white")
        with_alpha = upright.convert("RGBA")
        paper.paste(with_alpha, mask=with_alpha.getchannel("A"))
        paper.save(target, "JPEG", quality=82, optimize=True)


def _digest_of(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
