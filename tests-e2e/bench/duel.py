"""Two contestants, measured in turn in one run, so that whatever else the machine does hits both."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from figure import Bound, Figure, Spread

type Measure = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Duel:
    """What both measured, round by round."""

    ours: list[float] = field(default_factory=list[float])
    bare: list[float] = field(default_factory=list[float])

    def add(self, ours: float, bare: float) -> None:
        """Add a round."""
        self.ours.append(ours)
        self.bare.append(bare)

    def figure(self, name: str, unit: str, bound: Bound | None = None) -> Figure:
        """Return the ratio of ours to the bare one, taken in each round."""
        ratios = [ours / bare for ours, bare in zip(self.ours, self.bare, strict=True)]
        return Figure(
            name, Spread.of(ratios), bound=bound, ours=Spread.of(self.ours), bare=Spread.of(self.bare), of=unit
        )


async def duel(rounds: int, ours: Measure, bare: Measure) -> Duel:
    """Measure both in each round, who begins changing, after one round that does not count."""
    await ours()
    await bare()
    found = Duel()
    for number in range(rounds):
        first, second = (ours, bare) if number % 2 else (bare, ours)
        values = {first: await first(), second: await second()}
        found.add(values[ours], values[bare])
    return found
