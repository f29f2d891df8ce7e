"""The parts that every page is made of: what they say, how they are read aloud, and that nothing is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import html5lib
import pytest
import wtforms
from flask import Flask, flash, render_template, render_template_string
from flask_babel import Babel
from flask_wtf import CSRFProtect, FlaskForm
from markupsafe import Markup
from wtforms.fields.choices import SelectChoice

from tracker import formats
from tracker.blueprints.frame import once_each
from tracker.domain.figures import FigureValue, Rate
from tracker.domain.lifecycle import Status
from tracker.responses import asset, shapes

TRACKER = Path(formats.__file__).parent
TEMPLATES = sorted((TRACKER / "templates").rglob("*.html"))
COMPONENTS = TRACKER / "templates" / "components"
CODES = (400, 403, 404, 409, 413, 422, 429, 500, 503)
PARTS_OF_ALL = "".join(
    f'{{% import "components/{path.name}" as {path.stem} %}}' for path in sorted(COMPONENTS.glob("*.html"))
)
A_DAY = date(2023, 11, 24)


@pytest.fixture(scope="module")
def app() -> Flask:
    """The templates with what `create_app` gives them, and none of the pages."""
    app = Flask("tracker")
    app.config["SECRET_KEY"] = "for these tests"
    Babel(app, default_locale="en", default_timezone="Asia/Shanghai")
    CSRFProtect(app)
    formats.register_filters(app)
    app.add_template_global(lambda: "en", "language")
    app.add_template_global(lambda: ("zh-Hans", "zh-Hant", "en"), "languages")
    app.add_template_global(lambda: "a-nonce", "csp_nonce")
    for given in (shapes, asset, once_each):
        app.add_template_global(given, given.__name__)
    for endpoint in ("desk.home", "profile.show", "profile.language"):
        app.add_url_rule(f"/{endpoint}", endpoint, str, methods=["GET", "POST"])
    return app


@pytest.fixture(autouse=True)
def _request(app: Flask) -> Iterator[None]:
    with app.test_request_context("/somewhere?view=open"):
        yield


def render(source: str, **values: object) -> str:
    return " ".join(render_template_string(PARTS_OF_ALL + source, **values).split())


def page(**values: object) -> str:
    source = "{% extends 'base.html' %}{% block title %}{{ title }}{% endblock %}{% block main %}Body{% endblock %}"
    return render_template_string(source, title="Late & mine", **values)


def text_of(html: str, tag: str) -> str:
    found = re.search(rf"<{tag}[^>]*>(.*?)</{tag}>", html, re.DOTALL)
    assert found, f"no <{tag}>"
    return found.group(1).strip()


def assert_valid(html: str) -> None:
    parser = html5lib.HTMLParser()
    parser.parse(html)
    assert parser.errors == []
    ids = re.findall(r'\sid="([^"]*)"', html)
    assert sorted(ids) == sorted(set(ids))


# The frame


def test_the_title_of_a_page_is_its_heading_and_the_product() -> None:
    html = page()
    assert text_of(html, "h1") == "Late &amp; mine"
    assert text_of(html, "title") == "Late &amp; mine · Xiaohao"


def test_a_page_is_valid_says_its_language_and_lets_readers_skip() -> None:
    nav = [SimpleNamespace(endpoint="desk.show", url="/desk", label="Supervise", current=True, count=3)]
    html = page(person=SimpleNamespace(id=7, name="He Zhiyuan"), nav=nav, search_url="/find", log_position=48213)
    assert_valid(html)
    assert '<html lang="en">' in html
    assert 'href="#main"' in html
    assert html.count('aria-current="page"') == 2, "in the bar and in the tabs of phones"


@pytest.mark.parametrize("is_demonstration", [True, False], ids=["demonstration", "real"])
def test_only_a_demonstration_says_so_on_every_page(is_demonstration: bool) -> None:
    assert ("Do not enter real data" in page(is_demonstration=is_demonstration)) is is_demonstration


def test_a_signed_out_page_has_languages_but_no_navigation() -> None:
    html = page()
    assert_valid(html)
    assert "main-nav" not in html
    assert 'name="locale" value="zh-Hant"' in html
    assert 'name="next" value="/somewhere?view=open"' in html


@pytest.mark.parametrize(
    ("theme", "media"),
    [("system", "screen and (prefers-color-scheme: dark)"), ("dark", "screen"), ("light", None)],
)
def test_the_dark_palette_is_for_screens_only(theme: str, media: str | None) -> None:
    found = re.search(r'css/dark\.css[^"]*" media="([^"]*)"', page(theme=theme))
    assert (found and found.group(1)) == media


def test_flashed_messages_are_notes_and_a_taken_draft_may_be_forgotten() -> None:
    flash("Saved.", "done")
    flash("verify-142", "draft-sent")
    html = page()
    assert 'class="note note--done"' in html
    assert 'data-draft-sent="verify-142" hidden' in html
    assert html.count('class="note ') == 1


@pytest.mark.parametrize("code", CODES)
def test_an_error_page_says_what_happened_and_what_to_do(code: int) -> None:
    html = render_template(f"errors/{code}.html", kept=[("Finding", "<b>sound</b>")])
    assert_valid(html)
    assert text_of(html, "title") == f"{text_of(html, 'h1')} · Xiaohao"
    assert "&lt;b&gt;sound&lt;/b&gt;" in html, "what was typed is shown, as text"
    assert "administrator of your unit" in html


def test_a_fault_names_the_number_to_pass_on_and_whom_to_ask() -> None:
    html = render_template("errors/500.html", incident="7f4a1c20")
    assert "7f4a1c20</b> to the administrator of your unit" in html


# Statuses and deadlines


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_shape_of_its_own_and_its_word(status: Status) -> None:
    html = render("{{ status.status(s, 'The word') }}", s=status)
    assert html.count("<svg") + html.count('class="seal"') == 1
    assert html.endswith("The word</span>")


def test_no_two_statuses_share_a_shape() -> None:
    shapes = [re.sub("The word|status--[a-z-]+", "", render("{{ status.status(s, '') }}", s=s)) for s in Status]
    assert len(set(shapes)) == len(shapes)


@pytest.mark.parametrize(
    ("state", "days", "mark"),
    [
        ("overdue", 5, '<span class="mark mark--overdue">5 days overdue</span>'),
        ("overdue", 1, '<span class="mark mark--overdue">1 day overdue</span>'),
        ("today", 0, '<span class="mark mark--soon">Today</span>'),
        ("soon", 2, '<span class="mark mark--soon">2 days left</span>'),
        ("ahead", 8, '<span class="mark mark--left">8 days left</span>'),
        ("none", None, ""),
    ],
)
def test_a_deadline_is_a_day_and_then_a_relative_mark(state: str, days: int | None, mark: str) -> None:
    html = render("{{ deadline.deadline(on, state, days) }}", on=A_DAY, state=state, days=days)
    assert '<time class="whole" datetime="2023-11-24">24 Nov 2023</time>' in html
    assert mark in html
    assert ("mark" in html) is bool(mark)


# Figures


def value(numerator: int, denominator: int | None, *excluded: int) -> FigureValue:
    return FigureValue("solved", numerator, denominator, excluded, A_DAY, 48213)


@pytest.mark.parametrize("of", [value(27, 28, 2, 1), Rate(27, 28, 3)], ids=["figure", "rate"])
def test_a_percentage_stands_with_its_parts(of: FigureValue | Rate) -> None:
    html = render("{{ figure.equation(v) }}", v=of)
    assert 'role="img" aria-label="27 of 28"' in html
    assert "<span>96.43%</span>" in html


def test_a_rate_of_nothing_is_a_dash() -> None:
    html = render("{{ figure.equation(v) }}", v=value(0, 0))
    assert "<span>—</span>" in html
    assert "%" not in html


def test_arithmetic_is_rule_and_double_rule() -> None:
    lines = [{"label": "Registered", "value": 31}, {"label": "Of", "value": 28, "kind": "total", "href": "/of"}]
    html = render("{{ arithmetic.arithmetic(lines, 'How') }}", lines=lines)
    assert 'class="is-total"' in html
    assert '<a href="/of">28</a>' in html


# Tables

COLUMNS = [
    {"name": "number", "label": "Number", "slot": "number", "sort": "?sort=number"},
    {"name": "due", "label": "Deadline", "slot": "deadline", "sort": "?sort=due", "order": "ascending"},
    {"name": "photos", "label": "Photos", "number": True},
]
ROWS = [
    SimpleNamespace(is_group=True, name="Chenguang"),
    SimpleNamespace(id=5, number="T-0005", status="assigned"),
    SimpleNamespace(id=6, number="T-0006", status="closed"),
]
TABLE = """
{% call(row, name) table.table(columns, rows, "Toilets", pick=pick) %}{{ row.name or row.number }}{% endcall %}
"""


def test_a_table_keeps_its_roles_when_rows_become_slips() -> None:
    html = render(TABLE, columns=COLUMNS, rows=ROWS, pick=None)
    assert html.count('role="row"') == 4
    assert html.count("<td role=") + html.count('role="rowheader"') == 1 + 2 * 3
    assert html.count('role="columnheader"') == 3
    assert 'aria-sort="ascending"' in html
    assert html.count('data-label="Photos"') == 2, "a cell without a place in the slip brings its label"


def test_a_closed_row_and_a_group_row_are_marked() -> None:
    html = render(TABLE, columns=COLUMNS, rows=ROWS, pick=None)
    assert html.count('class="is-closed"') == 1
    assert '<th scope="rowgroup" role="rowheader" colspan="3">Chenguang</th>' in html


def test_a_row_can_be_selected_by_name() -> None:
    html = render(TABLE, columns=COLUMNS, rows=ROWS, pick={"name": "ticket", "value": "id", "label": "number"})
    assert 'Select T-0005</span><input type="checkbox" name="ticket" value="5" data-pick>' in html


def test_filters_keep_what_was_chosen() -> None:
    selects = [{"name": "place", "label": "Village", "value": 2, "options": [("", "All"), (2, "Chenguang")]}]
    html = render("{{ filters.filters('/list', selects, 'tank', {'view': 'open'}) }}", selects=selects)
    assert '<option value="2" selected>' in html
    assert 'name="q" value="tank"' in html
    assert 'name="view" value="open"' in html
    assert 'method="get"' in html


# The ticket


def test_a_promise_has_eight_cells_in_order_and_one_is_now() -> None:
    cells = [{"label": f"Cell {i}", "state": "now" if i == 7 else "done", "text": "x"} for i in range(1, 9)]
    html = render(
        "{{ promise.promise(sentence, cells, 'soon', 2) }}", sentence=Markup("<b>Zhou</b> promised"), cells=cells
    )
    assert re.findall(r"Cell \d", html) == [f"Cell {i}" for i in range(1, 9)]
    assert html.count('aria-current="step"') == 1
    assert "<b>Zhou</b> promised" in html


def test_a_forbidden_act_is_shown_with_its_reason() -> None:
    html = render("{{ turn.forbidden('Verify', 'You did the work.') }}")
    assert 'aria-disabled="true">Verify</button>' in html
    assert "You did the work." in html


def test_an_entry_shows_both_times_and_a_late_mark() -> None:
    entry = SimpleNamespace(
        position=48190,
        occurred_on="2023-11-18",
        recorded_at=datetime(2023, 11, 21, 9, 2, tzinfo=UTC),
        what="Tank replaced",
        who="Zhou Haiyan",
        detail="",
        late_days=3,
    )
    html = render("{{ log.log_table(rows, 'Log') }}", rows=[entry])
    assert "18 Nov 2023" in html
    assert "21 Nov 2023, 17:02" in html, "in the log's time zone"
    assert "late entry, 3 days" in html


def test_what_people_typed_is_text_everywhere() -> None:
    evil = "<script>x</script>"
    html = render(
        "{{ lists.lines([{'name': e, 'value': e, 'below': e}]) }}{{ turn.forbidden(e, e) }}"
        "{{ status.status('closed', e) }}"
        "{{ evidence.gallery([{'url': '/f', 'name': e, 'phase': e, 'caption': e}]) }}{{ deadline.tag(e) }}"
        "{{ figure.strip([{'name': e, 'value': e}], e) }}",
        e=evil,
    )
    assert "<script" not in html


# Forms


class Check(FlaskForm):
    """One field of each kind that steps ask for."""

    how = wtforms.RadioField("How", [wtforms.validators.InputRequired()], choices=[SelectChoice("site", "On site")])
    finding = wtforms.TextAreaField("Finding", [wtforms.validators.InputRequired()], description="What is missing.")
    measure = wtforms.StringField("Measure")
    photos = wtforms.MultipleFileField("Photos")
    agreed = wtforms.BooleanField("Agreed")


FORM = """<form>{{ form.error_summary(f) }}{{ field.hidden_fields(f) }}
{% for one in (f.how, f.finding, f.measure, f.agreed) %}{{ field.field(one) }}{% endfor %}
{{ evidence.photo_field(f.photos, 'At least two.') }}</form>"""


def test_a_mistake_is_said_at_the_top_and_at_its_field() -> None:
    f = Check()
    f.finding.errors = ["Say what is missing."]
    html = render(FORM, f=f)
    assert "1 thing to put right" in html
    assert '<a href="#finding">Finding: Say what is missing.</a>' in html
    assert 'aria-describedby="finding-hint finding-error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="finding-error"' in html


def test_every_field_has_its_label_and_only_optional_ones_say_so() -> None:
    html = render(FORM, f=Check())
    assert_valid(f"<!doctype html><html><head><title>t</title></head><body>{html}</body></html>")
    labelled = set(re.findall(r'<label [^>]*for="([^"]*)"', html))
    assert {"how-0", "finding", "measure", "agreed"} <= labelled
    assert html.count("(optional)") == 2, "measure and photos"
    assert "data-error-summary" not in html
    assert html.count('name="csrf_token"') == 1
    camera = re.findall(r'<input type="file"[^>]*capture="environment"[^>]*>', html)
    assert len(camera) == 1, "one press opens the camera of a telephone"
    assert "name=" not in camera[0], "what it takes goes the way of the others, which may be several"


def test_each_act_of_its_own_carries_the_token_and_what_the_person_saw() -> None:
    html = render("{{ confirm.post_button('/accept', 'Accept', {'version': 4}) }}")
    assert re.search(r'name="csrf_token" value="[^"]+"', html)
    assert 'name="version" value="4"' in html
    assert 'data-busy="Sending"' in html


# The files themselves


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(TRACKER / "templates")))
def test_templates_bring_no_styles_or_scripts_of_their_own(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=", source)
    assert not re.search(r"\son[a-z]+=", source)
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)", source)


def test_every_icon_that_is_used_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (TRACKER / "static" / "icons.svg").read_text(encoding="utf-8")))
    source = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES)
    used = set(re.findall(r'icon\("([a-z-]+)"', source))
    shapes = re.findall(r'"[a-z_]+": \("([a-z-]+)", "[a-z-]+"\)', source)
    assert used | set(shapes) <= drawn


def test_style_sheets_use_only_declared_tokens_and_nothing_from_elsewhere() -> None:
    sheets = "".join(path.read_text(encoding="utf-8") for path in (TRACKER / "static" / "css").glob("*.css"))
    assert set(re.findall(r"var\((--[a-z0-9-]+)", sheets)) <= set(re.findall(r"(--[a-z0-9-]+):", sheets))
    assert "http" not in sheets
    assert "@import" not in sheets


# Contrast. Source: WCAG 2.2, 1.4.3 and 1.4.11.

TEXT_ON = {
    "ink": ("paper", "sheet", "sunk", "hover", "picked", "qing-tint", "lv-tint", "zhe-tint"),
    "ink-2": ("paper", "sheet", "sunk", "hover", "picked", "zhe-tint"),
    "ink-3": ("paper", "sheet", "sunk", "hover"),
    "on-ink": ("ink", "ink-2"),
    "zhu": ("sheet", "paper", "hover"),
    "on-zhu": ("zhu",),
    "qing": ("sheet", "paper", "hover", "picked", "qing-tint", "zhe-tint", "lv-tint"),
    "lv": ("sheet", "lv-tint"),
    "zhe": ("sheet", "hover", "zhe-tint"),
}


def luminance(colour: str) -> float:
    digits = colour if len(colour) == 6 else "".join(c * 2 for c in colour)
    parts = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("sheet", ["tokens", "dark"])
def test_text_and_edges_have_enough_contrast_in_both_palettes(sheet: str) -> None:
    source = (TRACKER / "static" / "css" / f"{sheet}.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([a-z0-9-]+): #([0-9a-f]{3,6});", source))
    weak = [
        (text, ground)
        for text, grounds in TEXT_ON.items()
        for ground in grounds
        if contrast(colours[text], colours[ground]) < 4.5
    ]
    weak += [("edge", g) for g in ("paper", "sheet", "sunk") if contrast(colours["edge"], colours[g]) < 3]
    assert weak == []
