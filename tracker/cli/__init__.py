"""The `xiaohao` commands: parse, call, print, exit status. Heavy imports wait for their command.

serving (`init`, `run`), accounts (`user`), imports, figures (`figures`, `drill`), duties, log (`verify`, `rebuild`,
`erase`, `tidy`), registers (those defined here, mended). They share installation (the one they work on) and founding
(the units of a pack); demonstration makes the year that stage plays.

Errors are one clear line and an exit status: 1 something is wrong, 2 the command was.
"""

from __future__ import annotations

import sys
from typing import Any

import click

from tracker.cli import accounts, duties, figures, imports, log, registers, serving


class _Commands(click.Group):
    """Turns what people can mend into one line; a fault of ours keeps its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        from tracker.config import SettingsError
        from tracker.packs.problems import PackError

        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise click.ClickException("; ".join(error.mistakes)) from error
        except PackError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="xiaohao")
def main() -> None:
    """Xiaohao: promises kept until somebody independent has seen them fixed.

    XIAOHAO_INSTANCE chooses the instance folder, XIAOHAO_DATABASE_URL the database; docs/settings.md has the rest.
    """
    for stream in (sys.stdout, sys.stderr):
        # Windows: a pipe may speak an old code page that lacks our characters.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr] # text streams of the interpreter


main.add_command(serving.init)
main.add_command(serving.run)
main.add_command(imports.import_file)
main.add_command(figures.show)
main.add_command(figures.drill)
main.add_command(duties.duties)
main.add_command(log.verify)
main.add_command(log.rebuild)
main.add_command(log.erase)
main.add_command(log.tidy)
main.add_command(registers.registers)
main.add_command(accounts.user)
