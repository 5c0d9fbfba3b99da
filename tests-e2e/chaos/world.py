"""The servers, with data that survives them, and the parts of the engine, each in a process of its own."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ichor_edgestore import connected, migrate
from ichor_testing import start_postgres, start_rabbitmq, start_temporal
from victim import ProgramVictim, ServerVictim, Victim

ENTITIES = "entities: {shipments: {readable: '*', writable: [number]}}\n"
TABLE = "CREATE TABLE shipments (id uuid PRIMARY KEY, number integer NOT NULL)"


@dataclass(frozen=True, slots=True)
class World:
    """All that runs, and the variables with which a program finds it."""

    environment: Mapping[str, str]
    servers: Sequence[ServerVictim]
    programs: Sequence[ProgramVictim]

    @property
    def victims(self) -> list[Victim]:
        """Return what can be killed."""
        return [*self.programs, *self.servers]

    async def stop_programs(self) -> dict[str, int | None]:
        """End the programs orderly, and return their exit codes."""
        return {program.name: await program.stop() for program in self.programs}


@asynccontextmanager
async def start_world(folder: Path) -> AsyncGenerator[World]:
    """Yield everything, running."""
    (folder / "entities.yaml").write_text(ENTITIES)
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(start_postgres(data_dir=folder / "postgres"))
        rabbitmq = await stack.enter_async_context(start_rabbitmq(data_dir=folder / "rabbitmq"))
        temporal = await stack.enter_async_context(start_temporal(data_dir=folder / "temporal"))
        environment = {
            "ICHOR_DATABASE_URL": postgres.url,
            "ICHOR_RABBITMQ_URL": rabbitmq.url,
            "ICHOR_TEMPORAL_ADDRESS": temporal.url,
            "ICHOR_TEMPORAL_NAMESPACE": temporal.namespace,
            "ICHOR_TOKEN_KEYS": "a key of the chaos and of nothing else",
            "ICHOR_ENTITIES": str(folder / "entities.yaml"),
        }
        async with connected(postgres.url, max_size=1) as pool:
            await migrate(pool)
            await pool.execute(TABLE)
        programs = [
            ProgramVictim("ichor_worker", environment, "workflows", "actions"),
            ProgramVictim("ichor_worker", environment, "replies"),
            ProgramVictim("ichor_trigger", environment, "events"),
            ProgramVictim("ichor_trigger", environment, "relay"),
            ProgramVictim("ichor_trigger", environment, "schedules", "reaper"),
        ]
        for program in programs:
            stack.push_async_callback(program.kill)
            await program.revive()
        servers = [ServerVictim(server) for server in (postgres, rabbitmq, temporal)]
        yield World(environment, servers, programs)
