"""`xiaohao verify`, `rebuild`, `erase`, `tidy`: is the log what was written; made again; removed for good."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from tracker.cli.installation import Installation, Progress, opened
from tracker.cli.registers import unread_told

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from tracker.log.seal import Fault

SHOWN = 50


@click.command()
@click.option("--projections", is_flag=True, help="Also rebuild into thin air and compare with what pages read.")
def verify(projections: bool) -> None:  # click gives options by name
    """Check every hash of the log, the private values and files that it names. Exit status 1: something is wrong."""
    from tracker.log import audit, store

    with opened() as installation:
        with installation.engine.connect() as conn:
            head = store.read_head(conn)
            faults = list(audit.faults(conn, installation.files(), Progress("Verifying")))
        if projections:
            faults += _projection_faults(installation)
        if faults:
            shown = installation.say(lambda: "\n".join(_worded(fault) for fault in faults[:SHOWN]))
            more = f"\n… and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
            raise click.ClickException(f"{len(faults)} wrong:\n{shown}{more}")
    click.echo(f"{head.size} events verified. Tree head {head.root.hex()}")


@click.command()
@click.option("--cube", "only_cube", is_flag=True, help="Only the sums behind figures, from the ledger.")
def rebuild(only_cube: bool) -> None:  # click gives options by name
    """Make everything that pages read again from the log. Writers wait; readers see the old until the new is whole."""
    with opened() as installation:
        make_again(installation, only_cube=only_cube)
    click.echo("Rebuilt.")


def make_again(installation: Installation, *, only_cube: bool = False) -> None:
    """The projections, by the rules of the pack as it is now, and the cube."""
    from tracker.log import store
    from tracker.models.rows import writer
    from tracker.projections.rebuild import rebuild as write_again

    house = installation.house
    with writer(installation.engine) as conn, conn.begin():
        if only_cube:
            store.begin_epoch(conn)
        else:
            write_again(conn, house.pack, house.time_zone, house.folios, Progress("Rebuilding"))
            store.keep_rules(conn, house.rules)
    with installation.engine.connect() as conn:
        house.cube.build(conn)


def make_again_if_behind(installation: Installation) -> None:
    """After an upgrade, or a change of the pack: figures by rules that no longer hold are worse than a wait."""
    from tracker.log import store

    with installation.engine.connect() as conn:
        installation.house.follow(conn)
        if not installation.house.is_behind(store.read_head(conn)):
            return
    if told := unread_told(installation):
        raise click.ClickException(
            "\n  ".join(["The pack has changed, and records say what it no longer knows:", *told])
            + "\nPut the pack right. To go on without what these records say there: xiaohao rebuild"
        )
    click.echo("The rules have changed since the figures were counted: all that pages read is made again from the log.")
    make_again(installation)


@click.command()
@click.argument("number")
@click.argument("fields", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why; it stays in the log.")
@click.confirmation_option(prompt="The values are removed for good. Erase them?")
def erase(number: str, fields: tuple[str, ...], reason: str) -> None:
    """Erase private values of the ticket or record NUMBER for good; FIELDS by their names in the pack.

    The log stays whole, and says what was erased and why.
    """
    from tracker import clock, words
    from tracker.domain.commands import ErasePrivateValues
    from tracker.domain.people import SYSTEM
    from tracker.domain.refusals import Refusal
    from tracker.handler import handle

    with opened() as installation:
        ticket_id = _id_of(installation, number)
        if ticket_id is None:
            raise click.ClickException(f"There is no ticket or record {number}.")
        command = ErasePrivateValues(ticket_id=ticket_id, fields=fields, reason=reason)
        try:
            (event,) = handle(installation.house, command, actor_id=SYSTEM, now=clock.now()).events
        except Refusal as refusal:
            told = refusal
            raise click.ClickException(installation.say(lambda: words.refusal(told))) from refusal
    click.echo(f"{event.data['count']} values erased. Entry #{event.position} of the log says so.")


@click.command()
def tidy() -> None:
    """Remove evidence files that no entry of the log names: sent more than a day ago, with forms that were refused."""
    from tracker import clock
    from tracker.log.audit import named_files

    with opened() as installation:
        before = clock.now() - timedelta(days=1)
        with installation.engine.connect() as conn:
            named = named_files(conn)
        removed = installation.files().remove_unnamed(named, before)
    click.echo(f"{removed} files removed.")


def _id_of(installation: Installation, number: str) -> int | None:
    """The ticket or record behind a number with either prefix."""
    from tracker.domain.numbers import typed_number
    from tracker.queries import records, tickets

    pack = installation.house.pack
    kept = typed_number(number, (*pack.registers, *pack.records))
    with installation.engine.connect() as conn:
        found = tickets.find_id(conn, kept)
        return records.find_id(conn, kept) if found is None else found


def _projection_faults(installation: Installation) -> list[Fault]:
    """What a rebuild would change, found by rebuilding in a transaction that is rolled back."""
    from tracker.log.seal import Fault
    from tracker.models.rows import writer
    from tracker.projections.rebuild import TABLES
    from tracker.projections.rebuild import rebuild as write_again

    house = installation.house
    with writer(installation.engine) as conn:
        transaction = conn.begin()
        try:
            before = {table.name: _fingerprint(conn, table) for table in TABLES}
            write_again(conn, house.pack, house.time_zone, house.folios, Progress("Comparing"))
            after = {table.name: _fingerprint(conn, table) for table in TABLES}
        finally:
            transaction.rollback()
    return [Fault("projection_differs", 0, name) for name in before if before[name] != after[name]]


def _fingerprint(conn: Connection, table: Table) -> int:
    """The same for the same rows in any order."""
    from hashlib import sha256

    from sqlalchemy import select

    total = 0
    for row in conn.execute(select(table).execution_options(yield_per=5000)):
        total += int.from_bytes(sha256(repr(tuple(row)).encode()).digest()[:16], "big")
    return total


def _worded(fault: Fault) -> str:
    from tracker import fault_words

    return fault_words.fault(fault.code, position=fault.position, detail=fault.detail)
