"""The servers of the overlay `dev` are those that the tests use, with the settings that make them fast."""

from ichor_testing import postgres, rabbitmq, temporal

from .manifests import containers, named, overlay


def test_images_are_those_of_ichor_testing() -> None:
    images = [containers(named(overlay("dev"), "StatefulSet", name))[0]["image"] for name in _SERVERS]
    assert images == [postgres.IMAGE, rabbitmq.IMAGE, temporal.IMAGE]


def test_temporal_is_started_as_by_ichor_testing() -> None:
    (container,) = containers(named(overlay("dev"), "StatefulSet", "temporal"))
    told = temporal.TemporalOptions(ui=True).arguments("0.0.0.0", 7233, 8233, database=None)
    pairs = {f"{told[i]}={told[i + 1]}" for i in range(2, len(told), 2)}
    assert {*container["args"]} - pairs == {"server", "start-dev", "--db-filename=/data/temporal.db"}
    assert pairs - {*container["args"]} == set()


_SERVERS = ("postgresql", "rabbitmq", "temporal")
