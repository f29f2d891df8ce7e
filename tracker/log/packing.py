"""The JSON of an event as SQLite keeps it: short ones as text, long ones deflated, a third of their size.

PostgreSQL keeps all as text. Hashes are taken of the canonical form, so what stands here may be packed anew.
"""

from __future__ import annotations

import binascii
import re
import zlib

PACKED_FROM = 150
"""Bytes; below it there is little to win, and most events stay readable in any SQL shell."""

# Words that events repeat, the commonest last. Never change it: what was packed with it could not be read. A better
# one gets a mark of its own.
_WORDS = (
    '{"changes":{"reason":"text":"message":"recheck_result":"passed"}"due_on":"2024-"extension_days":"rule":"'
    '"milestones":{"screened":{"on":"202"received":{"on":"202"clocks":{"notify":{"due":"202","rule":"petition.'
    'notify_direct","start":"202"appraise":{"due":"202","rule":"house.appraise","start":"202"}},"named":[,"restricted'
    '":true"external_key":"title":"channel":"letter"visit"web"class":"plea"platform_no":"repeat":"first"petition":"'
    '"first_judgement":"potential"dangerous"grade":"use":"self"house_inspection"persons":"location":"remark":"'
    '"measures":"target":"toilet":"fund":"usability":"scheme":"contractor":"batch":"address":"id_number":"'
    '"fields":{"built_year":20,"category":"quality","group":1,"mode":"three_chamber","problem":"化粪池破损渗漏，","'
    'problem_items":["tank_leak"],"rectification":"dated","severity":"1","source":"self_check"},"found_on":"202'
    '","number":"厕-202","pack":"202","place":1,"private":{"household":"","petitioner":"","phone":""},"register":"'
    'toilet_survey"}{"evidence":[{"digest":"","kind":"document","media_type":"application/pdf","name":".pdf","size":1'
    '},{"digest":"","kind":"photo_before","media_type":"image/jpeg","name":"IMG_202","size":1},{"digest":"","kind":"'
    'photo_after","media_type":"image/jpeg","name":"IMG_202.jpg","size":1}],"note":"已按要求整改"}'
).encode()
_MARK = b"\x01"
# A hash in hex is twice its length and does not deflate: its bytes follow 0x02, which JSON never holds unescaped.
_HEX = re.compile(rb"(?<=\")[0-9a-f]{64}(?=\")")
_RAW = re.compile(rb"\x02(.{32})", re.DOTALL)


def pack(text: bytes) -> str | bytes:
    """What to store for the JSON `text`."""
    if len(text) < PACKED_FROM:
        return text.decode()
    deflate = zlib.compressobj(9, zlib.DEFLATED, -12, 8, zlib.Z_DEFAULT_STRATEGY, _WORDS)
    short = _HEX.sub(lambda found: b"\x02" + bytes.fromhex(found[0].decode()), text)
    packed = deflate.compress(short) + deflate.flush()
    return _MARK + packed + _check(packed)


def unpack(stored: str | bytes) -> str | bytes:
    """The JSON that was packed. ValueError: it cannot be read any more."""
    if isinstance(stored, str):
        return stored
    mark, packed, check = stored[:1], stored[1:-2], stored[-2:]
    if mark != _MARK or check != _check(packed):
        raise ValueError("an event is packed in an unknown way, or damaged")
    try:
        short = zlib.decompressobj(-12, _WORDS).decompress(packed)
    except zlib.error as error:
        raise ValueError("an event cannot be unpacked") from error
    return _RAW.sub(lambda found: found[1].hex().encode(), short)


def _check(packed: bytes) -> bytes:
    """Finds every changed byte, also one that the text does not depend on: the last bits of a deflated stream."""
    return binascii.crc_hqx(packed, 0).to_bytes(2, "big")
