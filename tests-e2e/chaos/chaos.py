"""Everything is killed, in turn and at random, while runs with questions, approvals and cascades are under way.

SIGKILL, then a start on the same data: worker, completer, trigger, relay, PostgreSQL, RabbitMQ, Temporal. In the end
every run has ended as its order says, each effect is there once, and nothing is left over.
"""

import argparse
import asyncio
import logging
import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from business import Business
from ichor_testing import until
from victim import Victim
from world import World, start_world

_SETTLING_SECONDS = 900.0


async def main() -> int:
    """Play it once, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500, help="orders, each of which starts a run")
    parser.add_argument("--rounds", type=int, default=4, help="how often each victim is killed")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of what is random")
    options = parser.parse_args()
    for library in ("asyncpg", "aio_pika", "aiormq"):
        logging.getLogger(library).setLevel(logging.CRITICAL)  # what they say of servers that are away is no news
    random = Random(options.seed)
    say(f"{options.runs} orders, {options.rounds} rounds, seed {options.seed}")
    with TemporaryDirectory(prefix="ichor-chaos-", ignore_cleanup_errors=True) as folder:
        async with start_world(Path(folder)) as world, Business(world.environment, random) as business:
            await kill_all(world, business, random, options.runs, options.rounds)
            began = time.monotonic()
            await until(business.is_over, "the end of all runs", seconds=_SETTLING_SECONDS, pause=0.5)
            say(f"All runs ended {time.monotonic() - began:.0f} s after the last kill.")
            codes = await world.stop_programs()
            found = [f"{name} ended with {code}" for name, code in codes.items() if code != 0]
            found += await business.differences()
            say(await business.summary())
    for difference in found:
        say(f"WRONG: {difference}")
    say("Everything is as it should be." if not found else f"{len(found)} things are wrong; seed {options.seed}.")
    return 1 if found else 0


async def kill_all(world: World, business: Business, random: Random, runs: int, rounds: int) -> None:
    """Kill each victim once a round, in an order of chance, while the orders come in."""
    victims = [victim for _ in range(rounds) for victim in random.sample(world.victims, len(world.victims))]
    for place, victim in enumerate(victims):
        await business.order(range(runs * place // len(victims), runs * (place + 1) // len(victims)))
        await asyncio.sleep(random.uniform(0, 2))
        await kill(victim, random)


async def kill(victim: Victim, random: Random) -> None:
    """Kill one, leave it dead for a while, and bring it back."""
    began = time.monotonic()
    await victim.kill()
    await asyncio.sleep(random.uniform(0, 3))
    await victim.revive()
    say(f"  {victim.name} was away for {time.monotonic() - began:.1f} s")


def say(text: str) -> None:
    """Tell how far it has come."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
