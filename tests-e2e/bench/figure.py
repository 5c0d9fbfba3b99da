"""What was measured, with its spread, and what it should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some measurements, between their first and third quartile."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of one or more values."""
        low, median, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
        return cls(median, low, high)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A bound from below; what varies reaches it where its third quartile does."""

    limit: float

    def reached(self, value: Spread) -> bool:
        """Say whether a figure is as good as it should be, within its spread."""
        return value.high >= self.limit

    def __str__(self) -> str:
        return f"≥ {self.limit:,g}"


@dataclass(frozen=True, slots=True)
class AtMost:
    """A bound from above; what varies keeps it where its first quartile does."""

    limit: float

    def reached(self, value: Spread) -> bool:
        """Say whether a figure is as good as it should be, within its spread."""
        return value.low <= self.limit

    def __str__(self) -> str:
        return f"≤ {self.limit:,g}"


type Bound = AtLeast | AtMost


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the report: `value` in `unit`, where it is a ratio beside what it compares."""

    name: str
    value: Spread
    unit: str = "ratio"
    bound: Bound | None = None
    ours: Spread | None = None
    bare: Spread | None = None
    of: str = ""
    """The unit of `ours` and `bare`."""

    @property
    def reached(self) -> bool | None:
        """Say whether it is as it should be; None where nothing is asked of it."""
        return self.bound.reached(self.value) if self.bound else None
