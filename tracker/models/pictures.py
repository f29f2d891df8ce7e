"""Which tickets and records name which picture, so that one that is used twice is noticed. Rebuilt from the log."""

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models import Base
from tracker.models.log import Position


class PictureUseRow(Base):
    """A ticket or record (`stream_id`) names a picture; `digest`: the first half of its SHA-256.

    `family_id`: the inspection that found the ticket, else the ticket or record itself: what an inspection shows and
    what its tickets show may be one picture.
    """

    __tablename__ = "picture_uses"

    digest: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    stream_id: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    family_id: Mapped[int] = mapped_column(Position)

    __table_args__ = ({"sqlite_with_rowid": False},)
