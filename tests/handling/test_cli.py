"""The commands as an operator types them, on a folder of their own.

In this process, where a process of its own would add two seconds and nothing else; a real one (`process`, `started`)
for what only a process has: an exit status, signals, a port, a folder from nothing.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from house.small_pack import write_pack
from installations import ROOT, PostgreSQL

from tracker.cli import main

# Published in the township's report of 2023-12-06; ids as in its list of figures, each at its own last day. Floors of
# figures that the report gives as "more than" are what the report prints.
PUBLISHED: Mapping[str, Mapping[str, float]] = {
    "2023-11-30": {
        "courtyard_meetings": 110,
        "courtyard_opinions": 25,
        "courtyard_problems": 28,
        "courtyard_problems_solved": 27,
    },
    "2023-12-05": {
        "party_lectures": 12,
        "study_books": 318,
        "congress_talks": 104,
        "monitored_households": 12,
        "monitored_persons": 23,
        "education_subsidy_persons": 50,
        "education_subsidy_amount": 77000,
        "dangerous_houses": 13,
        "dangerous_houses_resolved": 13,
        "toilets_built": 258,
        "toilet_problems": 187,
        "toilet_problems_rectified": 187,
        "river_four_disorders": 0,
        "water_population": 1836,
        "welfare_posts": 35,
        "cultivated_land": 24492,
        "restored_land": 200,
        "grain_tonnes": 16180,
        "vegetable_tonnes": 10640,
        "disputes_mediated": 118,
        "law_meetings": 58,
        "law_leaflets": 5274,
        "governance_centre_disputes": 30,
        "petitions": 18,
        "petitions_accepted_in_time": 100.0,
        "petitions_completed": 100.0,
        "petitions_satisfied": 100.0,
        "safety_inspections": 16,
        "hazard_places_rectified": 1,
        "safety_campaigns": 7,
        "safety_accidents": 0,
        "members_per_household": 5,
        "straw_fires_2024": 0,
    },
}
STEPS = {  # of the figures that the report gives as "more than"
    "study_books": 100,
    "congress_talks": 100,
    "water_population": 100,
    "grain_tonnes": 1000,
    "vegetable_tonnes": 100,
    "law_leaflets": 1000,
}
BY_PERIODS = {"practice_activities_month", "party_day"}  # of the duties
AS_PUBLISHED = ("--effective", "2023-12-05", "--known", "2023-12-06T18:00:00+08:00", "--format", "json")
COMMAND = (sys.executable, "-c", "from tracker.cli import main; main()")


class Office:
    """An instance folder and the commands in it."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.settings = {
            "XIAOHAO_INSTANCE": str(folder),
            "XIAOHAO_DATABASE_URL": database_url,
            "PORT": str(_free_port()),
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """In this process; a fault of ours comes out as what it is."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        status: object = 0
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            patch.chdir(ROOT)
            for name, value in self.settings.items():
                patch.setenv(name, value)
            try:
                main.main(args=list(words), prog_name="xiaohao")
            except SystemExit as end:
                status = end.code or 0
        assert isinstance(status, int), status
        told, complained = (stream.buffer.getvalue().decode() for stream in (out, err))
        return subprocess.CompletedProcess(words, status, told, complained)

    def process(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The same in a process of its own."""
        environment = {**os.environ, **self.settings}
        return subprocess.run(
            [*COMMAND, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
        )

    def good(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextlib.contextmanager
    def started(self) -> Iterator[subprocess.Popen[str]]:
        """`xiaohao run`, once it answers; stopped afterwards, however the test ends."""
        server = subprocess.Popen(
            [*COMMAND, "run"],
            cwd=ROOT,
            env={**os.environ, **self.settings},
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=_obey_ctrl_c if os.name == "posix" else None,
        )
        try:
            self._wait_for(server)
            yield server
        finally:
            server.kill()  # does nothing to one that has ended
            server.communicate()

    def _wait_for(self, server: subprocess.Popen[str]) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and server.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.settings['PORT']}/healthz") as answer:
                    assert answer.status == 200
                return
            except OSError:
                time.sleep(0.05)  # asked again until it answers or the deadline has passed
        raise AssertionError("the server never answered")


def _obey_ctrl_c() -> None:
    """Whoever started the tests in the background made their children deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def stopped_by_ctrl_c(server: subprocess.Popen[str]) -> str:
    """What it said from its start to its end."""
    server.send_signal(signal.SIGINT)
    told, _ = server.communicate(timeout=30)
    assert server.returncode == 0
    return told


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """The demonstration in a file."""
    made = Office(tmp_path_factory.mktemp("office"), "sqlite:///office.sqlite3")
    made.good("init", "--demo")
    return made


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQL) -> Office:
    """The demonstration on a server."""
    url = postgresql.create().render_as_string(hide_password=False)
    made = Office(tmp_path_factory.mktemp("office"), url)
    made.good("init", "--demo")
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest) -> Office:
    """The demonstration, loaded once for all tests here; they only read it."""
    made: Office = request.getfixturevalue(f"on_{request.param}")
    return made


@pytest.mark.parametrize("effective", list(PUBLISHED))
def test_the_demonstration_gives_the_published_figures(office: Office, effective: str):
    asked = ("--effective", effective, *AS_PUBLISHED[2:])
    told = {figure["id"]: figure for figure in json.loads(office.good("figures", *asked))}
    wanted = PUBLISHED[effective]
    assert {name: told[name]["value"] for name in wanted} == wanted
    assert {told[name]["effective"] for name in wanted} == {effective}


def test_the_rate_of_the_toilets_names_what_it_counts(office: Office):
    told = {figure["id"]: figure for figure in json.loads(office.good("figures", *AS_PUBLISHED))}
    rectified = told["toilet_problems_rectified"]
    assert (rectified["numerator"], rectified["denominator"], rectified["excluded"]) == (187, 187, 6)


@pytest.mark.parametrize(
    ("figure", "known", "value"),
    [("grain_tonnes", "2023-11-15", 16270), ("courtyard_problems_solved", "2023-12-01", 26)],
    ids=["digits swapped and corrected later", "struck off in November, written down in December"],
)
def test_what_was_known_earlier_is_still_known(office: Office, figure: str, known: str, value: int):
    asked = ("--effective", "2023-11-30", "--known", f"{known}T18:00:00+08:00", "--format", "json")
    told = {one["id"]: one["value"] for one in json.loads(office.good("figures", *asked))}
    assert told[figure] == value


def test_the_published_figures_are_those_of_the_report(shared_dir: Path):
    report = json.loads((shared_dir / "seed" / "figures.json").read_text(encoding="utf-8"))
    ours = {name: value for at in PUBLISHED.values() for name, value in at.items()}
    for figure in report["figures"]:
        if figure["id"] in BY_PERIODS:
            continue
        step = STEPS.get(figure["id"], 1)
        assert ours.pop(figure["id"]) // step * step == figure["value"], figure
    assert not ours


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
