import pytest
from ichor_testing.source import Source, candidates


@pytest.fixture(autouse=True)
def nothing_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ICHOR_TESTING_SERVERS", raising=False)


def test_address_comes_before_docker_before_program() -> None:
    assert candidates(None) == (Source.ENV, Source.DOCKER, Source.LOCAL)


def test_parameter_leaves_one() -> None:
    assert candidates(Source.LOCAL) == (Source.LOCAL,)


def test_variable_leaves_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICHOR_TESTING_SERVERS", "docker")
    assert candidates(None) == (Source.DOCKER,)


def test_parameter_is_stronger_than_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICHOR_TESTING_SERVERS", "docker")
    assert candidates(Source.ENV) == (Source.ENV,)


def test_wrong_variable_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICHOR_TESTING_SERVERS", "podman")
    with pytest.raises(ValueError, match="'podman': it must be one of env, docker, local"):
        candidates(None)
