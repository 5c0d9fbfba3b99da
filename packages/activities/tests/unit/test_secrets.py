import logging
from pathlib import Path
from typing import Any

import pytest
from ichor_activities import InvalidConfiguration, MissingSecret, SecretFiles
from ichor_activities.filled_config import fill_secrets
from ichor_activities.redaction import Redaction
from ichor_activities.run_logger import RunLogger
from ichor_models import SecretPlace


def place(*path: str | int, start: int = 0, name: str = "token") -> SecretPlace:
    return SecretPlace(path=path, start=start, name=name)


SECRETS = SecretFiles(environment={"ICHOR_SECRET_TOKEN": "s3cr3t", "ICHOR_SECRET_STRIPE_API_KEY": "sk-1"})


async def test_a_file_comes_before_a_variable(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from file\n")
    source = SecretFiles(tmp_path, {"ICHOR_SECRET_TOKEN": "from variable", "ICHOR_SECRET_OTHER": "x"})
    assert await source.get("token") == "from file"
    assert await source.get("other") == "x"


async def test_a_changed_file_is_used_at_once(tmp_path: Path) -> None:
    source = SecretFiles.from_environment({"ICHOR_SECRETS_DIR": str(tmp_path)})
    for value in ("old", "new"):
        (tmp_path / "token").write_text(value)
        assert await source.get("token") == value


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match=r"ICHOR_SECRETS_DIR: .* is no folder"):
        SecretFiles.from_environment({"ICHOR_SECRETS_DIR": str(tmp_path / "none")})


@pytest.mark.parametrize("name", ["..", ".", "..data", ".hidden", "missing", "folder"])
async def test_only_files_of_the_directory_are_secrets(tmp_path: Path, name: str) -> None:
    directory = tmp_path / "secrets"
    (directory / "folder").mkdir(parents=True)
    (directory / ".hidden").write_text("x")
    with pytest.raises(MissingSecret, match="ICHOR_SECRET_") as error:
        await SecretFiles(directory).get(name)
    assert error.value.type == "secret"
    assert not error.value.retryable


async def test_variables_are_upper_case() -> None:
    assert await SECRETS.get("stripe.api-key") == "sk-1"


async def test_fills_only_the_places_that_the_author_wrote(make_call: Any) -> None:
    text = "{{secret:token}} {{secret:token}} and {{secret:stripe.api-key}}!"
    call = make_call(
        "x",
        {"headers": [{"a": text}], "body": "{{secret:token}}"},
        secrets=[
            place("headers", 0, "a"),
            place("headers", 0, "a", start=text.index("{{secret:stripe"), name="stripe.api-key"),
        ],
    )
    filled = await fill_secrets(call, SECRETS)
    assert filled.config == {
        "headers": [{"a": "s3cr3t {{secret:token}} and sk-1!"}],
        "body": "{{secret:token}}",
    }
    assert call.config["body"] == "{{secret:token}}", "the call itself stays without secrets"
    assert call.config["headers"] == [{"a": text}]


async def test_the_value_of_a_secret_is_not_read_again(make_call: Any) -> None:
    source = SecretFiles(environment={"ICHOR_SECRET_A": "{{secret:b}}", "ICHOR_SECRET_B": "deep"})
    text = "{{secret:a}}{{secret:b}}"
    places = [place("t", name="a"), place("t", start=12, name="b")]
    filled = await fill_secrets(make_call("x", {"t": text}, secrets=places), source)
    assert filled.config == {"t": "{{secret:b}}deep"}


@pytest.mark.parametrize(
    "wrong", [place("t", start=1), place("t", "u"), place("missing"), place("n"), place("list", 3), place("t", 0)]
)
async def test_refuses_places_where_no_secret_stands(make_call: Any, wrong: SecretPlace) -> None:
    call = make_call("x", {"t": "{{secret:token}}", "n": 5, "list": []}, secrets=[wrong])
    with pytest.raises(MissingSecret, match="token"):
        await fill_secrets(call, SECRETS)


async def test_names_a_secret_that_is_not_there(make_call: Any) -> None:
    call = make_call("x", {"t": "{{secret:nobody}}"}, secrets=[place("t", name="nobody")])
    with pytest.raises(MissingSecret, match="nobody"):
        await fill_secrets(call, SECRETS)


def test_redacts_in_every_form() -> None:
    redaction = Redaction.of({"key": 'p"ss word+', "long": 'p"ss word+ and more'})
    assert redaction.text('<p"ss word+>') == "<{{secret:key}}>"
    assert redaction.text('p"ss word+ and more') == "{{secret:long}}"
    assert redaction.text("p%22ss%20word%2B p%22ss+word%2B") == "{{secret:key}} {{secret:key}}"
    assert redaction.text('{"a": "p\\"ss word+"}') == '{"a": "{{secret:key}}"}'
    result = redaction.result({'p"ss word+': ['x p"ss word+', 5, None]})
    assert result == {"{{secret:key}}": ["x {{secret:key}}", 5, None]}


def test_a_port_is_no_secret() -> None:
    assert Redaction.of({"key": "success"}).result({"output": "success"}) == {"output": "success"}


def test_redacts_base64() -> None:
    assert "aHVudGVyMmh1bnRlcjI" not in Redaction.of({"key": "hunter2hunter2"}).text("Basic aHVudGVyMmh1bnRlcjI=")


def test_an_empty_secret_redacts_nothing() -> None:
    assert Redaction.of({"key": ""}).text("text") == "text"


def test_a_mistake_in_a_log_line_fails_nothing(make_call: Any, caplog: pytest.LogCaptureFixture) -> None:
    logger = RunLogger(make_call("greet"))
    with caplog.at_level(logging.INFO):
        logger.info("%(a)s", {"a": 1})
        logger.info("%d", "x")
    assert [record.getMessage() for record in caplog.records] == ["1", "%d ('x',)"]


def test_logs_hide_secrets_and_name_the_run(make_call: Any, caplog: pytest.LogCaptureFixture) -> None:
    call = make_call("greet")
    logger = RunLogger(call, Redaction.of({"key": "hunter2"}))
    with caplog.at_level(logging.INFO):
        try:
            raise ValueError("bad hunter2")
        except ValueError:
            logger.exception("password %s", "hunter2", extra={"url": "x?hunter2"})
    record = caplog.records[0]
    fields = vars(record)
    assert "hunter2" not in record.getMessage()
    assert "ValueError: bad {{secret:key}}" in record.getMessage()
    assert fields["url"] == "x?{{secret:key}}"
    assert fields["action"] == "Tell sales"
    assert fields["execution_id"] == call.run.execution_id
    assert record.exc_info is None
