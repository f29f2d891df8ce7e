"""The small pack with a register of each further kind, a duty and a checklist, for tests that break one of them."""

from tests.house.small_pack import FILES

RECORDS = {
    **FILES,
    "pack.yaml": FILES["pack.yaml"].replace("[lamp]", "[lamp, walk, post, reading]\nchecklists: [post_check]"),
    "registers/lamp.yaml": FILES["registers/lamp.yaml"].replace(
        "outcomes:\n",
        """\
  - {name: post, type: record, register: post, label: {zh-Hans: 灯杆, zh-Hant: 燈桿, en: Post}}
subject_states:
  link: post
  rows:
    - {on: opened, where: {kind: [street]}, from: [standing], state: fallen, says: {remark: 倒伏}}
    - {on: closed, where: {outcome: [fixed]}, from: [fallen], state: standing, day_into: opened_on, waits: true}
    - {on: closed, where: {outcome: [wrong]}, back: true}
outcomes:
""",
        1,
    ),
    "registers/_records.yaml": """\
fields:
  - {name: held_on, type: date, label: {zh-Hans: 日期, zh-Hant: 日期, en: Date}, required: true}
  - {name: place, type: unit, label: {zh-Hans: 村, zh-Hant: 村, en: Village}, required: true}
  - {name: remark, type: text, label: {zh-Hans: 备注, zh-Hant: 備註, en: Remark}}
""",
    "registers/walk.yaml": """\
kind: activity
name: walk
label: {zh-Hans: 巡查, zh-Hant: 巡查, en: Walks}
prefix: 巡
ascii_prefix: XC
include: _records.yaml
measure: {zh-Hans: 次, zh-Hant: 次, en: walks}
day: held_on
unit: place
summary: remark
nil: nothing
quantities: [minutes]
groups: [post]
gives: [lamp]
checklist: post_check
fields:
  - use: [held_on, place]
  - {name: post, type: record, register: post, label: {zh-Hans: 灯杆, zh-Hant: 燈桿, en: Post}}
  - {name: minutes, type: integer, label: {zh-Hans: 分钟, zh-Hant: 分鐘, en: Minutes}}
  - {name: walker, type: text, label: {zh-Hans: 巡查人, zh-Hant: 巡查人, en: Walker}, privacy: personal}
  - {name: nothing, type: yes_no, label: {zh-Hans: 无问题, zh-Hant: 無問題, en: None found}}
  - use: remark
""",
    "registers/post.yaml": """\
kind: subject
name: post
label: {zh-Hans: 灯杆档, zh-Hant: 燈桿檔, en: Posts}
prefix: 杆
ascii_prefix: DG
include: _records.yaml
measure: {zh-Hans: 根, zh-Hant: 根, en: posts}
day: opened_on
unit: place
summary: remark
fields:
  - {name: opened_on, type: date, label: {zh-Hans: 建档日期, zh-Hant: 建檔日期, en: Opened on}, required: true}
  - name: wood
    type: select_one
    label: {zh-Hans: 材料, zh-Hant: 材料, en: Material}
    choices:
      - {name: oak, label: {zh-Hans: 橡木, zh-Hant: 橡木, en: Oak}}
  - use: [place, remark]
states:
  - {name: standing, label: {zh-Hans: 在用, zh-Hant: 在用, en: Standing}}
  - {name: fallen, label: {zh-Hans: 已倒, zh-Hant: 已倒, en: Fallen}, is_end: true, from: [standing], needs: [remark]}
""",
    "registers/reading.yaml": """\
kind: statistic
name: reading
label: {zh-Hans: 读数, zh-Hant: 讀數, en: Readings}
prefix: 数
ascii_prefix: DS
include: _records.yaml
measure: {zh-Hans: 项, zh-Hant: 項, en: readings}
day: held_on
unit: place
summary: remark
key: [place, year]
value: power
stages: stage
fields:
  - use: [held_on, place, remark]
  - {name: year, type: integer, label: {zh-Hans: 年度, zh-Hant: 年度, en: Year}, required: true}
  - {name: power, type: decimal, label: {zh-Hans: 电量, zh-Hant: 電量, en: Power}, required: true}
  - name: stage
    type: select_one
    label: {zh-Hans: 阶段, zh-Hant: 階段, en: Stage}
    choices:
      - {name: estimate, label: {zh-Hans: 预计, zh-Hant: 預計, en: Estimate}}
      - {name: final, label: {zh-Hans: 定案, zh-Hant: 定案, en: Final}}
""",
    "checklists/post_check.yaml": """\
name: post_check
label: {zh-Hans: 灯杆检查表, zh-Hant: 燈桿檢查表, en: Check of a post}
subject: post
where: {wood: [oak]}
source: 某文
items:
  - id: 1
    label: {zh-Hans: 灯亮, zh-Hant: 燈亮, en: It is lit}
    guidance: {zh-Hans: 夜里看, zh-Hant: 夜裡看, en: At night}
    law: 某法第1条
    creates: {register: lamp, values: {kind: street}}
  - {id: 2, label: {zh-Hans: 杆直, zh-Hant: 桿直, en: It is straight}}
""",
    "duties.yaml": """\
duties:
  - id: weekly
    label: {zh-Hans: 每周巡查, zh-Hant: 每週巡查, en: Weekly walk}
    activity: walk
    where: {nothing: [yes]}
    at_least: {minutes: 5}
    owed_by: {subjects: post, states: [standing], link: post}
    every: week
    within: [{from: 07-10, to: 08-10}]
    late_days: 2
    nil_reports: true
    from: 2023-01-02
    missed: ticket:lamp
    source: 某文
  - id: twentieth
    label: {zh-Hans: 每月20日, zh-Hant: 每月20日, en: On the 20th}
    activity: walk
    owed_by: {units: [village], unit_codes: ["43"]}
    every: {month_day: 20}
    from: 2023-01-01
    source: 某文
""",
}
