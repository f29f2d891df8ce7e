"""Settings: one frozen, typed object from environment variables and the instance folder; the only reader of os.environ.

Every mistake is listed before anything starts. Its lines are English: no reader and so no language is known yet.
docs/settings.md explains each setting; a test holds that page and `NAMES` equal.
"""

import ipaddress
import os
import secrets
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

T = TypeVar("T")
NAMES = (
    "XIAOHAO_INSTANCE",
    "XIAOHAO_DATABASE_URL",
    "XIAOHAO_HOST",
    "PORT",
    "XIAOHAO_THREADS",
    "XIAOHAO_TIME_ZONE",
    "XIAOHAO_PACK",
    "XIAOHAO_TRUSTED_HOSTS",
    "XIAOHAO_TLS",
    "XIAOHAO_PROXIES",
    "XIAOHAO_SESSION_IDLE_MINUTES",
    "XIAOHAO_SESSION_HOURS",
    "XIAOHAO_FILE_MB",
    "XIAOHAO_REQUEST_MB",
)
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "sshfs", "fuse.sshfs", "afs", "9p"})


@dataclass(frozen=True, slots=True)
class Settings:
    """How this installation runs. Built by `load`; tests build it directly."""

    instance: Path
    database_url: URL
    secret_key: str = field(repr=False)
    host: str
    port: int
    threads: int
    time_zone: ZoneInfo
    pack: str
    trusted_hosts: tuple[str, ...]
    is_served_by_tls: bool
    proxy_count: int
    session_idle: timedelta
    session_length: timedelta
    file_bytes: int
    request_bytes: int


class SettingsError(Exception):
    """The settings cannot be used; `mistakes` has one line for each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings in force; makes the instance folder and its secret key on first use.

    Environment variables win over `settings.toml` in the instance folder. Raises SettingsError with all mistakes.
    """
    given = dict(os.environ if environment is None else environment)
    instance = Path(given.get("XIAOHAO_INSTANCE") or "instance").expanduser().resolve()
    reader = _Reader({})
    reader.attempt("XIAOHAO_INSTANCE", lambda: instance.mkdir(parents=True, exist_ok=True))
    reader.values = _from_file(instance, reader) | {name: given[name] for name in NAMES if given.get(name)}
    settings = _read(instance, reader)
    if reader.mistakes or settings is None:
        raise SettingsError(reader.mistakes)
    return settings


def _read(instance: Path, reader: "_Reader") -> Settings | None:
    host = reader.text("XIAOHAO_HOST", "127.0.0.1")
    values: dict[str, Any] = {
        "instance": instance,
        "database_url": reader.convert(
            "XIAOHAO_DATABASE_URL", "sqlite:///xiaohao.sqlite3", lambda text: database_url(text, instance)
        ),
        "secret_key": reader.attempt("secret_key", lambda: secret_key(instance)),
        "host": host,
        "port": reader.number("PORT", 8000, at_most=65535),
        "threads": reader.number("XIAOHAO_THREADS", 8, at_most=64),
        "time_zone": reader.convert("XIAOHAO_TIME_ZONE", "Asia/Shanghai", _time_zone),
        "pack": reader.text("XIAOHAO_PACK", "township"),
        "trusted_hosts": reader.trusted_hosts(host),
        "is_served_by_tls": bool(reader.number("XIAOHAO_TLS", 0, at_least=0, at_most=1)),
        "proxy_count": reader.number("XIAOHAO_PROXIES", 0, at_least=0, at_most=5),
        "session_idle": timedelta(minutes=reader.number("XIAOHAO_SESSION_IDLE_MINUTES", 120, at_most=1440)),
        "session_length": timedelta(hours=reader.number("XIAOHAO_SESSION_HOURS", 12, at_most=720)),
        "file_bytes": reader.number("XIAOHAO_FILE_MB", 20, at_most=1024) * 1024 * 1024,
        "request_bytes": reader.number("XIAOHAO_REQUEST_MB", 100, at_most=4096) * 1024 * 1024,
    }
    return None if reader.mistakes else Settings(**values)


class _Reader:
    """Takes values by name and collects what is wrong with them, instead of stopping at the first."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.mistakes: list[str] = []

    def text(self, name: str, default: str) -> str:
        return self.values.get(name, default).strip()

    def attempt(self, name: str, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except (OSError, ValueError) as error:
            self.mistakes.append(f"{name}: {error}")
            return None

    def convert(self, name: str, default: str, convert: Callable[[str], T]) -> T | None:
        return self.attempt(name, lambda: convert(self.text(name, default)))

    def number(self, name: str, default: int, *, at_least: int = 1, at_most: int) -> int:
        given = self.text(name, str(default))
        if given.isascii() and given.isdigit() and at_least <= int(given) <= at_most:
            return int(given)
        self.mistakes.append(f"{name}: a whole number from {at_least} to {at_most} is needed, not {given!r}")
        return default

    def trusted_hosts(self, host: str) -> tuple[str, ...]:
        given = tuple(part.strip() for part in self.text("XIAOHAO_TRUSTED_HOSTS", "").split(",") if part.strip())
        if not given and not _is_loopback(host):
            self.mistakes.append(
                "XIAOHAO_TRUSTED_HOSTS: needed, since XIAOHAO_HOST is not loopback: the host names that browsers use"
            )
        return given or LOOPBACK_HOSTS


def database_url(text: str, instance: Path) -> URL:
    """The SQLAlchemy URL; a relative SQLite file lies in the instance folder, plain `postgresql://` gets our driver.

    Raises ValueError, also for SQLite on a network drive.
    """
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise ValueError("not a database URL") from error
    if url.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername != "sqlite":
        raise ValueError(f"only sqlite and postgresql are supported, not {url.drivername}")
    return url.set(database=_sqlite_file(url.database, instance).as_posix())


def _sqlite_file(name: str | None, instance: Path) -> Path:
    if not name or name == ":memory:":
        raise ValueError("SQLite needs a file")
    path = (instance / Path(name).expanduser()).resolve()
    # Locks are unreliable there and WAL needs shared memory: https://www.sqlite.org/wal.html
    if kind := _network_file_system(path):
        raise ValueError(f"SQLite cannot live on a network drive ({kind}); use PostgreSQL or a local disk")
    return path


def _network_file_system(path: Path) -> str | None:
    if path.drive.startswith("\\\\"):
        return "UNC"
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return None
    deepest, kind = "", ""
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        _device, folder, file_system, *_ = line.split(" ")
        if path.is_relative_to(folder.replace("\\040", " ")) and len(folder) >= len(deepest):
            deepest, kind = folder, file_system
    return kind if kind in NETWORK_FILE_SYSTEMS else None


def child_environment() -> dict[str, str]:
    """What a child process of ours gets of the environment: how to start, and no secret."""
    return {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}


def secret_key(instance: Path) -> str:
    """The key that signs cookies; made on first use, readable by its owner only. Raises ValueError, OSError."""
    path = instance / "secret_key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _existing_key(path)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    return path.read_text(encoding="ascii")


def _existing_key(path: Path) -> str:
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ValueError(f"{path.name} can be read by others; set its mode to 0600")
    key = path.read_text(encoding="ascii").strip()
    if len(key) < 32:
        raise ValueError(f"{path.name} is too short; remove it to have a new one made (everybody signs in again)")
    return key


def _from_file(instance: Path, reader: _Reader) -> dict[str, str]:
    path = instance / "settings.toml"
    if not path.exists():
        return {}
    table = reader.attempt(path.name, lambda: tomllib.loads(path.read_text(encoding="utf-8"))) or {}
    for name in table.keys() - set(NAMES):
        reader.mistakes.append(f"{path.name}: unknown setting {name}")
    return {
        name: str(int(value) if isinstance(value, bool) else value) for name, value in table.items() if name in NAMES
    }


def _time_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, IsADirectoryError) as error:
        raise ValueError(f"unknown time zone {name!r}") from error


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
