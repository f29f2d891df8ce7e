"""Files that wait for somebody to look at them and import them: operational rows that expire, not facts.

Written by `tracker.uploads` alone. What was imported stands in the log.
"""

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models import Base
from tracker.models.log import Position


class UploadRow(Base):
    """One uploaded file and what was read of it. `digest`: SHA-256 of the file in hex.

    `told` is JSON: how columns were understood, warnings, what was passed over. `done` is JSON: what came of the
    import, empty until then. `content` is the file itself, so that another sheet of it can be read.
    """

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[int] = mapped_column(Position)
    register: Mapped[str] = mapped_column(String(60))
    file_name: Mapped[str] = mapped_column(String(160))
    sheet: Mapped[str] = mapped_column(String(120))
    digest: Mapped[str] = mapped_column(String(64))
    uploaded_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)
    told: Mapped[str] = mapped_column(Text)
    done: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (Index("ix_imports_person", "person_id", "uploaded_at"),)


class UploadedRow(Base):
    """One record of an uploaded file. `state` is a number of `queries.uploads.State`; `told` is JSON."""

    __tablename__ = "import_rows"

    upload_id: Mapped[int] = mapped_column("import_id", ForeignKey("imports.id"), primary_key=True, autoincrement=False)
    row: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    state: Mapped[int] = mapped_column(SmallInteger)
    told: Mapped[str] = mapped_column(Text)
    ticket_id: Mapped[int | None] = mapped_column(Position)

    __table_args__ = (Index("ix_import_rows_state", "import_id", "state", "row"), {"sqlite_with_rowid": False})
