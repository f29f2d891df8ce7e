"""A pack of one register, small enough to read, for tests that break it in one place."""

from pathlib import Path

FILES = {
    "pack.yaml": """\
name: small
version: "2026.1"
label: {zh-Hans: 小包, zh-Hant: 小包, en: Small}
registers: [lamp]
reports: [short]
layouts: [hotline]
""",
    "units.yaml": """\
units:
  - {code: "43", name: 某镇, kind: town, label: {zh-Hans: 某镇, zh-Hant: 某鎮, en: Town}}
  - code: "4301"
    name: 甲村
    kind: village
    parent: "43"
    label: {zh-Hans: 甲村, zh-Hant: 甲村, en: First}
    synonyms: [甲]
  - {code: "4302", name: 乙村, kind: village, parent: "43", label: {zh-Hans: 乙村, zh-Hant: 乙村, en: Second}}
""",
    "deadlines.yaml": """\
rules:
  - rule_id: lamp.old
    register: lamp
    clock: repair
    when: {kind: [street]}
    amount: 10
    basis: natural
    from: 2020-01-01
    to: 2021-12-31
    source: 通知一
  - rule_id: lamp.new
    register: lamp
    clock: repair
    when: {kind: [street]}
    amount: 5
    basis: working
    from: 2022-01-01
    source: 通知二
""",
    "figures.yaml": """\
exclusions:
  - {name: voided, label: {zh-Hans: 作废, zh-Hant: 作廢, en: Voided}, terms: [{account: voided, window: all}]}
figures:
  - id: lamps
    register: lamp
    label: {zh-Hans: 路灯, zh-Hant: 路燈, en: Lamps}
    shows: count
    numerator: [{account: countable, where: {kind: [street]}}]
    denominator: []
    exclusions: [voided]
    definition: {zh-Hans: 路灯, zh-Hant: 路燈, en: Street lamps}
    source: 某文
  - id: lamps_fixed
    register: lamp
    label: {zh-Hans: 已修, zh-Hant: 已修, en: Fixed}
    shows: percent
    scope: {cohort: year, where: {kind: [street]}}
    numerator: [{account: closed, where: {outcome: {not: [wrong]}}}]
    denominator: [{account: countable}]
    exclusions: [voided]
    definition: {zh-Hans: 已修, zh-Hant: 已修, en: Fixed}
    source: 某文
    rate_of: lamps
""",
    "reports/short.yaml": """\
id: short
label: {zh-Hans: 简报, zh-Hant: 簡報, en: Short}
sections:
  - {label: {zh-Hans: 路灯, zh-Hant: 路燈, en: Lamps}, figures: [lamps, lamps_fixed]}
""",
    "layouts/hotline.yaml": """\
name: hotline
register: lamp
recognised_by: [工单编号, 工单内容]
columns:
  工单内容: problem
  受理人: owner
ignored: [工单编号]
place: top
choices: {kind: street}
guesses:
  - {field: kind, from: problem, words: {院子: yard}, otherwise: street}
""",
    "registers/_common.yaml": """\
fields:
  - {name: found_on, type: date, label: {zh-Hans: 发现日期, zh-Hant: 發現日期, en: Found on}, headings: [排查时间]}
outcomes:
  - {name: fixed, label: {zh-Hans: 修好, zh-Hant: 修好, en: Fixed}}
columns:
  - {name: owner, type: person, label: {zh-Hans: 责任人, zh-Hant: 責任人, en: Owner}}
""",
    "registers/lamp.yaml": """\
name: lamp
label: {zh-Hans: 路灯台账, zh-Hant: 路燈台賬, en: Lamps}
prefix: 灯
include: _common.yaml
measure: {zh-Hans: 盏, zh-Hant: 盞, en: lamps}
steps: [accept]
fields:
  - use: found_on
    headings: [检查日期]
  - {name: place, type: unit, label: {zh-Hans: 村, zh-Hant: 村, en: Village}}
  - {name: problem, type: text, label: {zh-Hans: 问题, zh-Hant: 問題, en: Problem}}
  - name: kind
    type: select_one
    label: {zh-Hans: 种类, zh-Hant: 種類, en: Kind}
    choices:
      - {name: street, label: {zh-Hans: 路灯, zh-Hant: 路燈, en: Street}}
      - {name: yard, label: {zh-Hans: 院灯, zh-Hant: 院燈, en: Yard}}
  - {name: keeper, type: text, label: {zh-Hans: 管护人, zh-Hant: 管護人, en: Keeper}, privacy: personal}
  - {name: lit_on, type: date, label: {zh-Hans: 复亮日期, zh-Hant: 復亮日期, en: Lit on}}
  - {name: private_lamp, type: yes_no, label: {zh-Hans: 私灯, zh-Hant: 私燈, en: Private}}
outcomes:
  - use: fixed
  - {name: wrong, label: {zh-Hans: 误报, zh-Hant: 誤報, en: Wrong}, leaves_denominator: true}
milestones:
  - {name: lit, label: {zh-Hans: 复亮, zh-Hant: 復亮, en: Lit}, field: lit_on}
clocks:
  - name: repair
    label: {zh-Hans: 时限, zh-Hant: 時限, en: Limit}
    start: assigned
    stop: lit
    main: true
    waived_by: [private_lamp]
""",
}


def write_pack(folder: Path, changes: dict[str, str] | None = None) -> Path:
    """Write the pack, with some files replaced, and return its folder."""
    for name, text in {**FILES, **(changes or {})}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def line_of(text: str, piece: str) -> int:
    """The line of the first occurrence of `piece`, from 1."""
    return text[: text.index(piece)].count("\n") + 1
