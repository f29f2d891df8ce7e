"""Evidence for the demonstration: small drawings, each different, before and after, and sheets of paper; each says when
and where it was taken, as a telephone would."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw

from tracker.domain.evidence import MICRODEGREES, Point

SIZE = (320, 240)
_INK = (52, 58, 64)
_SKIES = ((198, 219, 235), (214, 224, 229), (226, 218, 205), (188, 208, 222))
_GROUNDS = ((133, 152, 96), (150, 137, 104), (120, 140, 110), (165, 150, 120))
_WALLS = ((222, 207, 184), (201, 178, 150), (214, 219, 220), (188, 160, 132))


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing to come. `kind`: photo_before, photo_after, document. `subject`: one of _SUBJECTS, or paper."""

    kind: str
    subject: str
    caption: str  # ASCII, drawn into the picture: two pictures never have the same bytes

    @property
    def name(self) -> str:
        return f"{self.caption}.jpg"


_VARIANTS = 6
_SHOWN = {"toilet_build": "toilet", "river_patrol": "river", "straw_burning_patrol": "field", "premises_check": "shop"}


def proof(register: str, prefix: str, kind: str, number: int) -> Picture:
    """What a register demands and no story tells: one of a few drawings, so that a year of them is soon drawn."""
    variant = number % _VARIANTS
    return Picture(kind, _SHOWN.get(register, "house"), f"{prefix.lower()}-{variant}-{kind.removeprefix('photo_')}")


def draw(picture: Picture) -> bytes:
    """The JPEG, the same for the same picture."""
    dice = Random(picture.caption.rsplit("-", 1)[0])  # noqa: S311 # decides colours; before and after share them
    image = Image.new("RGB", SIZE, dice.choice(_SKIES))
    pen = ImageDraw.Draw(image)
    if picture.subject == "paper":
        _paper(pen, dice)
    else:
        _ground(pen, dice)
        wall = dice.choice(_WALLS)
        _SUBJECTS[picture.subject](pen, dice, wall, is_mended=picture.kind == "photo_after")
    pen.rectangle((0, 216, SIZE[0], SIZE[1]), fill=(33, 37, 41))
    pen.text((8, 222), picture.caption, fill=(248, 249, 250))
    out = BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


_APP1, _SOI = b"\xff\xe1", 2
_OFFSET = "+08:00"
_WHAT, _WHEN = b"W" * 80, b"0000:00:00 00:00:00"


def stamped(jpeg: bytes, what: str, taken_at: datetime, where: Point) -> bytes:
    """The drawing with the Exif of a camera in front. `what`, in ASCII, makes it another file than any other."""
    told = _segment(where)
    told = told.replace(_WHAT, what.encode("ascii", "replace")[: len(_WHAT)].ljust(len(_WHAT)))
    return jpeg[:_SOI] + told.replace(_WHEN, f"{taken_at:%Y:%m:%d %H:%M:%S}".encode()) + jpeg[_SOI:]


@cache
def _segment(where: Point) -> bytes:
    """With room for what it shows and when: to write all of it anew takes ten times as long."""
    exif = Image.Exif()
    exif[0x010E] = _WHAT.decode()
    exif.get_ifd(0x8769).update({0x9003: _WHEN.decode(), 0x9011: _OFFSET})
    exif.get_ifd(0x8825).update({1: "N", 2: _degrees(where.lat), 3: "E", 4: _degrees(where.lon)})
    segment = exif.tobytes()
    if not segment.startswith(b"Exif"):
        segment = b"Exif\x00\x00" + segment
    return _APP1 + (len(segment) + 2).to_bytes(2, "big") + segment


def _degrees(millionths: int) -> tuple[float, float, float]:
    degrees, rest = divmod(millionths, MICRODEGREES)
    minutes, rest = divmod(rest * 60, MICRODEGREES)
    return float(degrees), float(minutes), rest * 60 / MICRODEGREES


def _ground(pen: ImageDraw.ImageDraw, dice: Random) -> None:
    pen.rectangle((0, 150, SIZE[0], SIZE[1]), fill=dice.choice(_GROUNDS))
    for _ in range(12):
        x, y = dice.randrange(SIZE[0]), dice.randrange(155, 214)
        pen.line((x, y, x + 3, y - 6), fill=(96, 118, 76))


def _toilet(pen: ImageDraw.ImageDraw, dice: Random, wall: tuple[int, int, int], *, is_mended: bool) -> None:
    left = dice.randrange(60, 110)
    pen.rectangle((left, 80, left + 70, 170), fill=wall, outline=_INK)
    pen.polygon(((left - 8, 82), (left + 35, 55), (left + 78, 82)), fill=(120, 82, 70), outline=_INK)
    door = (240, 240, 236) if is_mended else (110, 92, 76)
    pen.rectangle((left + 22, 110, left + 48, 170), fill=door, outline=_INK)
    tank = (left + 95, 165, left + 165, 195)
    pen.rectangle(tank, fill=(170, 170, 165), outline=_INK)
    if is_mended:
        pen.rectangle((tank[0] + 8, 170, tank[0] + 62, 178), fill=(90, 130, 96), outline=_INK)
        pen.line((tank[0] + 60, 165, tank[0] + 60, 90), fill=(210, 214, 216), width=4)
        return
    pen.line((tank[0] + 15, 165, tank[0] + 30, 180, tank[0] + 22, 195), fill=_INK, width=2)
    pen.ellipse((tank[0] + 30, 192, tank[0] + 88, 208), fill=(94, 84, 54))


def _house(pen: ImageDraw.ImageDraw, dice: Random, wall: tuple[int, int, int], *, is_mended: bool) -> None:
    left = dice.randrange(50, 90)
    lean = 0 if is_mended else dice.randrange(6, 16)
    pen.polygon(((left + lean, 90), (left + 170 + lean, 90), (left + 170, 180), (left, 180)), fill=wall, outline=_INK)
    roof = (96, 72, 64) if is_mended else (122, 110, 98)
    pen.polygon(((left - 12 + lean, 92), (left + 85 + lean, 45), (left + 182 + lean, 92)), fill=roof, outline=_INK)
    pen.rectangle((left + 70, 125, left + 100, 180), fill=(104, 84, 66), outline=_INK)
    if is_mended:
        for x in (20, 125):
            pen.rectangle((left + x, 115, left + x + 28, 140), fill=(176, 206, 224), outline=_INK)
        return
    x = left + 30
    for y in range(100, 176, 12):
        step = dice.randrange(-6, 7)
        pen.line((x, y, x + step, y + 12), fill=_INK, width=2)
        x += step


def _road(pen: ImageDraw.ImageDraw, dice: Random, wall: tuple[int, int, int], *, is_mended: bool) -> None:
    """A lane between fields, with a pole beside it; before, with holes and rubbish."""
    far = dice.randrange(130, 190)
    pen.polygon(((60, 216), (260, 216), (far + 14, 150), (far - 14, 150)), fill=(150, 150, 148), outline=_INK)
    pole = dice.choice((40, 280))
    pen.line((pole, 200, pole, 70), fill=_INK, width=4)
    pen.ellipse((pole - 12, 58, pole + 12, 74), fill=(248, 226, 140) if is_mended else (120, 124, 128), outline=_INK)
    for _ in range(0 if is_mended else 5):
        x, y = dice.randrange(110, 200), dice.randrange(172, 208)
        pen.ellipse((x, y, x + dice.randrange(12, 30), y + 8), fill=(92, 84, 74))


def _river(pen: ImageDraw.ImageDraw, dice: Random, wall: tuple[int, int, int], *, is_mended: bool) -> None:
    """Water between banks; before, with what floats on it."""
    bank = dice.randrange(165, 180)
    pen.rectangle((0, bank, SIZE[0], SIZE[1]), fill=(120, 160, 176))
    for y in range(bank + 6, 214, 10):
        pen.line((dice.randrange(40), y, SIZE[0] - dice.randrange(40), y), fill=(160, 192, 204))
    pen.rectangle((236, 100, 296, 146), fill=wall, outline=_INK)
    pen.line((266, 146, 266, bank), fill=_INK, width=3)
    for _ in range(0 if is_mended else 9):
        x, y = dice.randrange(20, 280), dice.randrange(bank + 4, 206)
        pen.ellipse((x, y, x + 22, y + 9), fill=dice.choice(((86, 124, 70), (214, 210, 200))))


def _shop(pen: ImageDraw.ImageDraw, dice: Random, wall: tuple[int, int, int], *, is_mended: bool) -> None:
    """A front with a door and an extinguisher; before, the way out is blocked."""
    left = dice.randrange(40, 70)
    pen.rectangle((left, 60, left + 220, 190), fill=wall, outline=_INK)
    pen.rectangle((left, 60, left + 220, 84), fill=(176, 58, 52), outline=_INK)
    pen.rectangle((left + 80, 100, left + 140, 190), fill=(200, 216, 222), outline=_INK)
    pen.rectangle(
        (left + 166, 150, left + 182, 188), fill=(200, 40, 36) if is_mended else (140, 120, 116), outline=_INK
    )
    for n in range(0 if is_mended else 3):
        x = left + 78 + 22 * n
        pen.rectangle((x, 160 - 8 * n, x + 24, 190), fill=(168, 138, 98), outline=_INK)


def _field(pen: ImageDraw.ImageDraw, dice: Random, wall: tuple[int, int, int], *, is_mended: bool) -> None:
    """Stubble; before, with a black spot."""
    for x in range(8, SIZE[0], 12):
        pen.line((x, 212, x + dice.randrange(-3, 4), 186), fill=(206, 184, 120), width=2)
    if not is_mended:
        left = dice.randrange(90, 150)
        pen.ellipse((left, 168, left + 110, 208), fill=(44, 42, 40))


_SUBJECTS: Mapping[str, Callable[..., None]] = {
    "toilet": _toilet,
    "house": _house,
    "road": _road,
    "river": _river,
    "shop": _shop,
    "field": _field,
}


def _paper(pen: ImageDraw.ImageDraw, dice: Random) -> None:
    pen.rectangle((70, 14, 250, 206), fill=(252, 252, 248), outline=_INK)
    pen.rectangle((110, 26, 210, 34), fill=(190, 60, 56))
    for y in range(52, 170, 12):
        pen.line((84, y, dice.randrange(170, 238), y), fill=(120, 126, 132))
    pen.ellipse((188, 158, 232, 202), outline=(190, 60, 56), width=3)
