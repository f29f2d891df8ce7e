"""Accounts, signed-in devices, failed attempts and the sign-in record: operational rows, not facts.

Who a person is and what they may do are events; here is only how they prove that it is they.
Written by `tracker.signin` alone.
"""

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models import Base

LOGIN_LENGTH = 64


class AccountRow(Base):
    """One way to sign in. `person_id` is the position of the event that added the person, so no foreign key."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    login: Mapped[str] = mapped_column(String(LOGIN_LENGTH), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    person_id: Mapped[int] = mapped_column(BigInteger, index=True)
    locale: Mapped[str | None] = mapped_column(String(16))
    must_change: Mapped[bool] = mapped_column(Boolean)
    password_changed_at: Mapped[int] = mapped_column(BigInteger)
    disabled_at: Mapped[int | None] = mapped_column(BigInteger)


class SignInSessionRow(Base):
    """One signed-in browser. Only hashes are kept: who reads the table cannot take over a session.

    `device_hash` stays after the end, so that a browser that has signed in before is known.
    """

    __tablename__ = "sign_in_sessions"
    __table_args__ = (Index("ix_sign_in_sessions_known_device", "account_id", "device_hash"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    device_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    device: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[int] = mapped_column(BigInteger)
    seen_at: Mapped[int] = mapped_column(BigInteger)
    ended_at: Mapped[int | None] = mapped_column(BigInteger)


class SignInFailureRow(Base):
    """Failed attempts on one login from one source (an address, or a browser that has signed in before)."""

    __tablename__ = "sign_in_failures"

    login: Mapped[str] = mapped_column(String(LOGIN_LENGTH), primary_key=True)
    source: Mapped[str] = mapped_column(String(80), primary_key=True)
    failed_count: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[int] = mapped_column(BigInteger, index=True)


class SignInRecordRow(Base):
    """Each attempt, sign-out and change of password, and from where. Never updated, never deleted.

    Which administrator opened, reset or switched an account stands in the log (domain.commands.ChangeAccount).
    """

    __tablename__ = "sign_in_records"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger, index=True)
    kind: Mapped[str] = mapped_column(String(24))
    login: Mapped[str] = mapped_column(String(LOGIN_LENGTH))
    account_id: Mapped[int | None] = mapped_column(Integer, index=True)
    address: Mapped[str] = mapped_column(String(64))
