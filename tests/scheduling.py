"""Which tests of a parallel run belong to one process.

Each process takes the next test as it gets free. What reads the demonstration goes to one process as a whole for each
system, and first: loading it takes half a minute. xdist's own mark for this (`xdist_group`) says nothing any more with
pytest 9.2, whose tests do not let themselves be renamed; a scheduler of one's own is xdist's documented way.
"""

from xdist.scheduler import LoadScopeScheduling

READERS_OF_THE_DEMONSTRATION = (
    "handling/test_cli.py",
    "handling/test_report_of_2023.py",
    "handling/test_traps_of_2023.py",
)


class ByDemonstration(LoadScopeScheduling):
    """Every test by itself, except those that read the demonstration."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, name = nodeid.partition("::")
        if not file.endswith(READERS_OF_THE_DEMONSTRATION):
            return nodeid
        return f"the demonstration on {'postgresql' if '[postgresql' in name else 'sqlite'}"
