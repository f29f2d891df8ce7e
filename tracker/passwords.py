"""How a password is judged, hashed (argon2id) and compared. Accounts and sessions are in `signin.py`."""

import secrets
import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from tracker.domain.refusals import Refusal

MIN_LENGTH = 8
MAX_LENGTH = 256  # hashing a novel would be a way to keep the server busy

PROFILE = RFC_9106_LOW_MEMORY  # argon2id: 64 MiB, 3 passes, about 50 ms
# No letters or digits that look alike on paper; 12 of them are 59 bits.
_PLAIN = "abcdefghjkmnpqrstuvwxyz23456789"
_hasher = PasswordHasher.from_parameters(PROFILE)


def one_time() -> str:
    """A password for the first sign-in: three groups of four, to be read out or written down."""
    return "-".join("".join(secrets.choice(_PLAIN) for _ in range(4)) for _ in range(3))


def check(password: str, login: str) -> None:
    """Refuse a password that is too short or too long, in the list of common ones, or the login with figures.

    No forced mixture of characters. Source: OWASP ASVS 5.0, V6.2.
    """
    if len(password) < MIN_LENGTH:
        raise Refusal("password_too_short", field="password", limit=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        raise Refusal("field_too_long", field="password", limit=MAX_LENGTH, length=len(password))
    folded = unicodedata.normalize("NFKC", password).casefold()
    if folded in _common() or len(set(folded)) < 3 or _is_login_with_figures(folded, login):
        raise Refusal("password_too_common", field="password")


def hash_of(password: str) -> str:
    """The argon2id hash with its salt and parameters."""
    return _hasher.hash(_normal(password))


def matches(password_hash: str, password: str) -> bool:
    """Whether the password belongs to the hash; a damaged hash belongs to none."""
    try:
        return _hasher.verify(password_hash, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def nobody() -> str:
    """A hash that belongs to no password: an unknown login takes as long as a wrong password."""
    return _hasher.hash(secrets.token_hex(16))


def _is_login_with_figures(folded: str, login: str) -> bool:
    rest = folded.replace(login, "") if login else folded
    return rest != folded and (not rest or rest.isdecimal())


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password[:MAX_LENGTH])


@cache
def _common() -> frozenset[str]:
    lines = Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
