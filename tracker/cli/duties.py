"""`xiaohao duties`: what a server does by itself every day, done once by hand."""

from __future__ import annotations

from datetime import datetime

import click

from tracker.cli.installation import opened


@click.command()
@click.option("--until", type=click.DateTime(formats=["%Y-%m-%d"]), help="Up to this day; today when it lies ahead.")
def duties(until: datetime | None) -> None:
    """Open what is owed by now, and say what was missed. A server that runs does the same by itself."""
    from tracker import clock, jobs

    with opened() as installation:
        ran = jobs.run_duties(installation.house, clock.now(), until=until.date() if until else None)
    click.echo(f"{ran.opened} periods opened, {ran.missed} missed.")
