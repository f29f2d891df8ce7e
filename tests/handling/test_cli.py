"""The commands as an operator types them, on a folder of their own.

In this process, where a process of its own would add two seconds and nothing else; a real one (`process`, `started`)
for what only a process has: an exit status, signals, a port, a folder from nothing.
"""

import json
import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest
from handling.test_defining import WELL
from house.small_pack import FILES, write_pack
from office import Office, stopped_by_ctrl_c

AS_PUBLISHED = ("--effective", "2023-12-05", "--known", "2023-12-06T18:00:00+08:00", "--format", "json")


def test_earlier_days_give_earlier_figures(office: Office):
    told = json.loads(office.good("figures", "--effective", "2023-06-30", "--format", "json"))
    rectified = next(f for f in told if f["id"] == "toilet_problems_rectified")
    assert 0 < rectified["numerator"] < 187


@pytest.mark.parametrize("figure", ["toilet_problems_rectified", "dangerous_houses", "petitions_completed"])
def test_a_list_behind_a_figure_has_as_many_tickets_as_the_figure_says(office: Office, figure: str):
    told = {f["id"]: f for f in json.loads(office.good("figures", *AS_PUBLISHED))}
    tickets = json.loads(office.good("drill", figure, *AS_PUBLISHED))
    hidden = told[figure]["numerator"] - len(tickets)
    assert hidden in (0, 1)  # one petition is restricted: counted, never listed
    assert len({ticket["number"] for ticket in tickets}) == len(tickets)


def test_the_demonstration_verifies_and_pages_read_what_its_log_leads_to(office: Office):
    assert "events verified" in office.good("verify", "--projections")


def test_every_record_of_the_demonstration_is_known_to_its_register(office: Office):
    assert "Every record is known" in office.good("registers", "check")


def test_a_second_start_keeps_everything_and_ctrl_c_stops_it(office: Office):
    before = office.good("figures", *AS_PUBLISHED)
    with office.started() as server:
        refused = office.process("run")
        assert refused.returncode == 1
        assert office.settings["PORT"] in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 1
        told = stopped_by_ctrl_c(server)
    assert "http://127.0.0.1" in told
    assert "supervisor" in told
    assert office.good("figures", *AS_PUBLISHED) == before


def test_a_pack_of_ones_own_starts_on_an_empty_database_without_a_demonstration(tmp_path: Path):
    office = Office(tmp_path / "office", "sqlite:///office.sqlite3")
    office.settings["XIAOHAO_PACK"] = str(write_pack(tmp_path / "pack"))
    with office.started() as server:
        told = stopped_by_ctrl_c(server)
    assert "units of the pack were added. Next: xiaohao user add" in told
    assert "Demonstration accounts" not in told


def test_a_register_that_no_longer_fits_a_new_pack_stops_every_command_with_one_line_and_is_mended(tmp_path: Path):
    office = Office(tmp_path / "office", "sqlite:///office.sqlite3")
    office.settings["XIAOHAO_PACK"] = str(write_pack(tmp_path / "pack"))
    office.good("init")
    (tmp_path / "mend" / "registers").mkdir(parents=True)
    (tmp_path / "mend" / "registers" / "well_cover.yaml").write_text(WELL, encoding="utf-8")
    assert "version 1" in office.good("registers", "define", "well_cover", str(tmp_path / "mend"))
    assert "well_cover" in office.good("registers", "list")
    lamp = FILES["registers/lamp.yaml"]
    prefix = next(line for line in lamp.splitlines() if line.startswith("prefix:"))
    newer = write_pack(tmp_path / "newer", {**FILES, "registers/lamp.yaml": lamp.replace(prefix, "prefix: 井")})
    office.settings["XIAOHAO_PACK"] = str(newer)
    for words in (("figures",), ("run",), ("verify",)):
        stopped = office.run(*words)
        assert stopped.returncode == 1
        assert "well_cover does not fit the pack" in stopped.stderr
        assert "xiaohao registers list" in stopped.stderr
        assert len(stopped.stderr.strip().splitlines()) == 1, stopped.stderr
    listed = office.run("registers", "list")
    assert (listed.returncode, "registers/well_cover.yaml:" in listed.stderr) == (1, True)
    office.good("registers", "files", "well_cover", str(tmp_path / "again"))
    file = tmp_path / "again" / "registers" / "well_cover.yaml"
    unchanged = office.run("registers", "define", "well_cover", str(tmp_path / "again"))
    assert (unchanged.returncode, "already belongs to" in unchanged.stderr) == (1, True)
    file.write_text(file.read_text(encoding="utf-8").replace("prefix: 井", "prefix: 盖"), encoding="utf-8")
    office.good("registers", "define", "well_cover", str(tmp_path / "again"))
    office.good("verify")
    assert "is withdrawn" in office.good("registers", "withdraw", "well_cover", "--reason", "不再使用")
    assert "withdrawn" in office.good("registers", "list")


def test_a_figure_whose_rule_changed_says_so_until_all_is_counted_anew_which_a_start_does_by_itself(tmp_path: Path):
    office = Office(tmp_path / "office", "sqlite:///office.sqlite3")
    office.settings["XIAOHAO_PACK"] = str(write_pack(tmp_path / "pack"))
    office.good("init")
    office.good("user", "add", "--login", "boss", "--name", "督办", "--role", "supervisor")
    lamps = tmp_path / "lamps.csv"
    lamps.write_text("问题,检查日期,种类\n灯不亮了,2023-03-01,路灯\n院灯不亮,2023-03-02,院灯\n", encoding="utf-8")
    office.good("import", "lamp", str(lamps), "--place", "甲村")
    lamp_count = lambda: json.loads(office.good("figures", "--format", "json"))[0]["value"]  # noqa: E731
    assert lamp_count() == 1
    words = FILES["figures.yaml"].replace("en: Lamps", "en: Street lamps", 1)
    office.settings["XIAOHAO_PACK"] = str(write_pack(tmp_path / "worded", {"figures.yaml": words}))
    assert "made again" not in office.good("init"), "a word changes no figure"
    both = FILES["figures.yaml"].replace("kind: [street]", "kind: [street, yard]", 1)
    office.settings["XIAOHAO_PACK"] = str(write_pack(tmp_path / "newer", {"figures.yaml": both}))
    assert "The rules have changed" in office.run("figures").stderr
    assert "made again from the log" in office.good("init")
    assert (lamp_count(), office.run("figures").stderr) == (2, "")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("drill", "no_such_figure"), 1),
        (("figures", "--effective", "yesterday"), 2),
        (("import", "no_such_register", "setup.cfg"), 1),
        (("import", "toilet_survey", "setup.cfg"), 1),
        (("init", "--demo"), 1),
        (("user", "add", "--login", "supervisor", "--name", "x", "--role", "staff"), 1),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_mistake_is_told_without_a_traceback(office: Office, words: tuple[str, ...], status: int):
    done = office.run(*words)
    assert done.returncode == status
    assert "Error:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_process_ends_with_the_status_and_the_words_of_its_mistake(office: Office):
    words = ("drill", "no_such_figure")
    alone, here = office.process(*words), office.run(*words)
    assert (alone.returncode, alone.stdout, alone.stderr) == (here.returncode, here.stdout, here.stderr)
    assert alone.returncode == 1


def test_an_import_says_what_the_rules_say_and_registers_all_or_nothing(office: Office, tmp_path: Path):
    lines = (
        "留言编号,留言用户,留言主题,留言时间,留言详情,答复意见,答复时间,颜色",
        "T-1,U1,咨询低保标准,2023/4/24,请问低保的标准,网友您好,2023/5/9,红",
        "T-2,U2,反映路灯不亮,2023/4/25,村口路灯不亮已有半月,已修好,2023/4/20,红",
    )
    file = tmp_path / "messages.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    looked = office.run("import", "petition", str(file), "--dry-run")
    assert looked.returncode == 0
    assert "2 rows, 1 ready, 1 with mistakes, 0 known already" in looked.stdout
    assert "column H 颜色: not used" in looked.stderr
    assert "G3" in looked.stderr
    refused = office.run("import", "petition", str(file))
    assert (refused.returncode, "Nothing was registered." in refused.stderr) == (1, True)
    # A verifier may register, and not therefore import.
    other = office.run("import", "petition", str(file), "--good-rows", "--as", "verifier")
    assert (other.returncode, "may import nowhere" in other.stderr) == (1, True)
    assert office.run("import", "petition", str(file), "--dry-run").stdout == looked.stdout


def test_private_values_of_a_record_are_erased_by_its_number_with_either_prefix(on_sqlite: Office, tmp_path: Path):
    office = Office(shutil.copytree(on_sqlite.folder, tmp_path / "office"), "sqlite:///office.sqlite3")
    asked = ("--reason", "本人要求删除", "--yes")
    assert "1 values erased" in office.good("erase", "员-2023-0001", "name", *asked)
    assert "0 values erased" in office.good("erase", "DYHM-2023-0001", "name", *asked)
    assert "events verified" in office.good("verify")
    none = office.run("erase", "员-2023-9999", "name", *asked)
    assert (none.returncode, "There is no ticket or record" in none.stderr) == (1, True)


def test_tidy_removes_what_no_entry_names_and_was_not_sent_today(on_sqlite: Office, tmp_path: Path):
    office = on_sqlite.copied(tmp_path)
    files = office.folder / "files"
    given_up, fresh = (files / digest[:2] / digest for digest in ("ab" * 32, "cd" * 32))
    for path in (given_up, fresh):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    for path in files.glob("??/*"):
        if path != fresh:  # the evidence of the log as well: it is old, and named
            os.utime(path, (0, 0))
    before = set(files.rglob("*"))
    assert office.good("tidy") == "1 files removed.\n"
    assert before - set(files.rglob("*")) == {given_up}
    assert office.good("tidy") == "0 files removed.\n"


def test_activities_subjects_and_statistics_come_in_by_the_same_command(on_sqlite: Office, tmp_path: Path):
    office = on_sqlite.copied(tmp_path)
    files = {
        "river_section": ("建档日期,河流,村（社区）,状态", "2023-01-03,试验溪,晨光村,河长在岗"),
        "river_patrol": (
            "巡河日期,巡查河段,村（社区）,河长级别,发现问题及处理情况,是否零报告",
            "2023-03-06,试验溪,晨光村,村级,沿河巡查,是",
        ),
        "statistic": (
            "指标,村（社区）,年度,季别,数值,计量单位,数据阶段,来源文件,填报单位,填报日期",
            "蔬菜产量,晨光村,2019,全年,12.5,吨,预计,年报,晨光村,2019-11-01",
            "蔬菜产量,晨光村,2019,全年,12.4,吨,定案,年报,晨光村,2020-01-10",
        ),
    }
    for register, lines in files.items():
        file = tmp_path / f"{register}.csv"
        file.write_text("\n".join(lines), encoding="utf-8")
        looked = office.good("import", register, str(file), "--dry-run")
        assert "1 ready, 0 with mistakes" in looked
        added = len(lines) - 2
        told = f"1 registered, {added} known already, 0 refused, {added} values added"
        assert told in office.good("import", register, str(file))
        assert "0 registered" in office.good("import", register, str(file))
    office.good("verify", "--projections")


def test_messages_of_citizens_come_in_with_their_replies_and_only_once(
    on_sqlite: Office, tmp_path: Path, shared_dir: Path
):
    office = Office(shutil.copytree(on_sqlite.folder, tmp_path / "office"), "sqlite:///office.sqlite3")
    file = str(shared_dir / "data" / "petitions" / "petitions-with-replies.xlsx")
    assert "1419 ready" in office.good("import", "petition", file, "--dry-run")
    assert "1419 registered, 1419 milestones with them, 0 known already" in office.good("import", "petition", file)
    assert "0 registered, 0 milestones with them, 1419 known already" in office.good("import", "petition", file)
    office.good("verify")


def test_a_new_folder_holds_a_private_key_and_a_journalled_database(tmp_path: Path):
    office = Office(tmp_path, "sqlite:///new.sqlite3")
    assert "units of the pack" in office.process("init").stdout
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    with sqlite3.connect(tmp_path / "new.sqlite3") as conn:
        assert conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    conn.close()
    made = office.process("user", "add", "--login", "first", "--name", "管理员", "--role", "administrator")
    assert "first can sign in with" in made.stdout


def test_one_changed_byte_of_an_event_is_found_and_named(tmp_path: Path):
    office = Office(tmp_path, "sqlite:///changed.sqlite3")
    office.good("init")
    with sqlite3.connect(tmp_path / "changed.sqlite3") as conn:
        for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'"):
            conn.execute(f"DROP TRIGGER {name}")
        conn.execute("UPDATE events SET occurred_on = occurred_on + 1 WHERE position = 3")
    conn.close()
    done = office.run("verify")
    assert done.returncode == 1
    assert " 3 " in done.stderr
    assert "Traceback" not in done.stderr
