"""The store on PostgreSQL."""

from collections.abc import Sequence

import asyncpg
from ichor_models import Graph, Problem, analyze_rule

from ichor_edgestore.database import Database
from ichor_edgestore.journal import Journal
from ichor_edgestore.pinned_run import CheckStructure
from ichor_edgestore.postgres_rules import Analyze, PostgresRules
from ichor_edgestore.postgres_runs import PostgresRuns


def no_check(graph: Graph) -> Sequence[Problem]:
    """Find nothing wrong with a graph."""
    return ()


class EdgeStore(PostgresRules, PostgresRuns):
    """Rules, graphs, versions and runs in PostgreSQL; `journal` is what its actions write to."""

    def __init__(
        self, pool: asyncpg.Pool, *, analyze: Analyze = analyze_rule, check_structure: CheckStructure = no_check
    ) -> None:
        database = Database(pool)
        PostgresRules.__init__(self, database, analyze)
        PostgresRuns.__init__(self, database, check_structure)
        self.journal = Journal(database)
