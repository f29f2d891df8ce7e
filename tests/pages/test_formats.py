"""What a number, a day and a rate look like, in each language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from flask import Flask
from flask_babel import Babel, force_locale

from tracker import formats
from tracker.blueprints.ticket_view import value_text
from tracker.domain.figures import Rate
from tracker.domain.registers import Field, FieldType


@pytest.fixture(autouse=True)
def _request() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app, default_timezone="Asia/Shanghai")
    formats.register_filters(app)
    with app.test_request_context():
        yield


@pytest.mark.parametrize(
    ("numerator", "denominator", "printed"),
    [
        (27, 28, "96.43%"),
        (171, 187, "91.44%"),
        (1, 8, "12.50%"),
        (1, 800, "0.13%"),  # 0.125: half goes up
        (1, 3, "33.33%"),
        (2, 3, "66.67%"),  # never truncated
        (0, 5, "0.00%"),
        (5, 5, "100.00%"),
        (99_999, 100_000, "99.99%"),  # 99.999 would round to 100.00
        (100_001, 100_000, "100.01%"),
        (21, 20, "105.00%"),
        (0, 0, "—"),
    ],
)
def test_a_rate_is_rounded_half_up_and_is_a_hundred_only_when_whole(
    numerator: int, denominator: int, printed: str
) -> None:
    assert formats.percent(Rate(numerator, denominator)) == printed


def test_no_rate_is_a_dash() -> None:
    assert formats.percent(None) == "—"


@pytest.mark.parametrize(
    ("locale", "short", "brief", "long"),
    [
        ("zh_Hans", "2023-11-04", "11-04", "2023年11月4日"),
        ("zh_Hant", "2023-11-04", "11-04", "2023年11月4日"),
        ("en", "4 Nov 2023", "4 Nov", "4 November 2023"),
    ],
)
def test_a_day_is_written_as_the_language_writes_it(locale: str, short: str, brief: str, long: str) -> None:
    some_day = date(2023, 11, 4)
    with force_locale(locale):
        assert formats.day(some_day) == short
        assert formats.day_brief(some_day) == brief
        assert formats.day_long(some_day) == long


@pytest.mark.parametrize("value", [date(2023, 11, 24), "2023-11-24", 19685], ids=["date", "iso", "number"])
def test_a_day_may_come_as_date_iso_text_or_day_number(value: date | str | int) -> None:
    with force_locale("zh_Hans"):
        assert formats.day(value) == "2023-11-24"
    assert formats.iso(value) == "2023-11-24"


def test_an_instant_is_shown_in_the_time_zone_of_the_log() -> None:
    late_evening_utc = datetime(2023, 11, 21, 17, 5, tzinfo=UTC)
    with force_locale("zh_Hans"):
        assert formats.instant(late_evening_utc) == "2023-11-22 01:05"
        assert formats.instant(int(late_evening_utc.timestamp() * 1000)) == "2023-11-22 01:05"
        assert formats.day(late_evening_utc) == "2023-11-22"
        assert formats.clock_time(late_evening_utc) == "01:05"
    with force_locale("en"):
        assert formats.instant(late_evening_utc) == "22 Nov 2023, 01:05"


def test_an_instant_without_time_zone_is_a_fault() -> None:
    with pytest.raises(ValueError, match="time zone"):
        formats.instant(datetime(2023, 11, 21, 17, 5))  # noqa: DTZ001 - the missing zone is the point


@pytest.mark.parametrize(
    ("value", "printed"),
    [(24492, "24,492"), (0, "0"), ("1.50", "1.50"), (Decimal("16000.5"), "16,000.5"), (None, "—"), ("", "—")],
)
def test_a_number_has_its_groups_and_keeps_its_places(value: int | str | Decimal | None, printed: str) -> None:
    assert formats.number(value) == printed


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_day_is_a_dash(value: str | None) -> None:
    assert formats.day(value) == "—"
    assert formats.iso(value) == ""


def test_a_label_follows_the_language_of_the_page() -> None:
    texts = {"zh-Hans": "户", "zh-Hant": "戶", "en": "households"}
    for locale, wanted in (("zh_Hans", "户"), ("zh_Hant", "戶"), ("en", "households")):
        with force_locale(locale):
            assert formats.label(texts) == wanted
    assert formats.label("plain") == "plain"
    assert formats.label(None) == ""


def test_a_counting_word_has_a_form_for_one_where_the_language_has() -> None:
    toilets = {"zh-Hans": "户", "zh-Hant": "戶", "en": "toilets", "en-one": "toilet"}
    with force_locale("en"):
        assert [formats.measure(toilets, count) for count in (0, 1, 2)] == ["toilets", "toilet", "toilets"]
    with force_locale("zh_Hans"):
        assert formats.measure(toilets, 1) == "户"


@pytest.mark.parametrize(("locale", "told"), [("zh_Hans", "到2023年11月4日"), ("en", "到4 November 2023")])
def test_a_day_within_a_sentence_is_written_out(locale: str, told: str) -> None:
    with force_locale(locale):
        assert formats.filled("到%(day)s", {"day": date(2023, 11, 4)}) == told


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        (FieldType.DECIMAL, "77000.50", "77,000.50"),
        (FieldType.DECIMAL, "1500", "1,500"),
        (FieldType.INTEGER, 16270, "16,270"),
        (FieldType.INTEGER, 2023, "2023"),  # as likely a year as a count
        (FieldType.INTEGER, "1＊＊＊", "1＊＊＊"),  # masked
    ],
)
def test_a_number_that_was_entered_is_read_with_its_groups(kind: FieldType, value: str | int, told: str) -> None:
    assert value_text(Field("f", kind, {}), value, names=None)  # type: ignore[arg-type] # a number names nobody == told
