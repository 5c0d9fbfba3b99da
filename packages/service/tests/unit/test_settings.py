from datetime import timedelta
from pathlib import Path

import pytest
from ichor_models import Excess, ValueLimit
from ichor_service import (
    InvalidSetting,
    Unreachable,
    environment,
    load_settings,
    read_settings,
    temporal_link,
    variable,
)
from ichor_service.settings import Settings
from ichor_service.temporal_profile import TemporalProfile


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    for name in ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def test_the_defaults_are_those_of_the_documentation():
    settings = load_settings()
    assert (settings.temporal_namespace, settings.task_queue, settings.http_host) == ("default", "ichor", "127.0.0.1")
    assert settings.max_event_bytes == 8 * 1024 * 1024
    assert settings.max_reply_bytes == 8 * 1024 * 1024
    assert settings.value_limit == ValueLimit(131_072, Excess.DATABASE)
    assert settings.unknown_type_grace == timedelta(minutes=2)
    assert settings.shutdown_grace == timedelta(seconds=30)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ICHOR_DATABASE_URL", "mysql://user:hidden@db/x", "must be a URL that begins with postgresql://"),
        ("ICHOR_DATABASE_URL", "postgresql://user:hidden@db:hidden/x", "no URL that can be read"),
        (
            "ICHOR_DATABASE_URL",
            "postgresql://user:hidden@db/x?sslmode=verify-full&sslrootcert=/missing.pem",
            "the file of its parameter sslrootcert cannot be read: No such file or directory",
        ),
        ("ICHOR_DATABASE_URL", "postgresql://user:hidden@db/x?sslmode=on", "its parameter sslmode must be disable,"),
        (
            "ICHOR_DATABASE_URL",
            "postgresql://user:hidden@db/x?sslcert=/missing.pem",
            "the file of its parameter sslcert cannot be read: No such file or directory",
        ),
        (
            "ICHOR_DATABASE_URL",
            f"postgresql://user:hidden@db/x?sslcert={__file__}",
            "the file of its parameter sslcert holds no certificate",
        ),
        ("ICHOR_RABBITMQ_URL", "http://user:hidden@mq", "must be a URL that begins with amqp://"),
        (
            "ICHOR_RABBITMQ_URL",
            f"amqps://user:hidden@mq?cafile={__file__}",
            "the file of its parameter cafile holds no certificate",
        ),
        (
            "ICHOR_RABBITMQ_URL",
            "amqp://user:hidden@mq?heartbeat=abc",
            "its parameter heartbeat must be a whole number of seconds",
        ),
        ("ICHOR_RABBITMQ_URL", "amqps://user:hidden@mq/?no_verify_ssl=false", "no_verify_ssl must be 0 or 1"),
        ("ICHOR_RABBITMQ_URL", f"amqps://user:hidden@mq?certfile={__file__}", "certfile holds no certificate"),
        ("ICHOR_RABBITMQ_URL", "amqp://user:hidden@mq/?auth=none", "auth must be plain or external"),
        ("ICHOR_SMTP_URL", "hidden", "must be a URL that begins with smtp://"),
        ("ICHOR_TEMPORAL_ADDRESS", "temporal", "write it as host:port"),
        ("ICHOR_TEMPORAL_ADDRESS", "http://temporal:7233", "write it as host:port"),
        ("ICHOR_TEMPORAL_ADDRESS", "temporal:99999", "write it as host:port"),
        ("ICHOR_TEMPORAL_ADDRESS", "not a name:7233", "write it as host:port"),
        ("ICHOR_TEMPORAL_ADDRESS", "temporal:²", "write it as host:port"),
        ("ICHOR_TASK_QUEUE", "/_sys/hidden", "may not begin with /_sys/"),
        ("ICHOR_TASK_QUEUE", "a" * 1001, "at most 1000 characters"),
        ("ICHOR_HTTP_PORT", "eighty", "must be a whole number"),
        ("ICHOR_HTTP_PORT", "70000", "must be 65535 or less"),
        ("ICHOR_MAX_EVENT_BYTES", "many", "must be a number of bytes"),
        ("ICHOR_MAX_EVENT_BYTES", "0", "must be above 0"),
        ("ICHOR_MAX_EVENT_BYTES", "65 MiB", "must be 67108864 or less"),
        ("ICHOR_MAX_REPLY_BYTES", "65 MiB", "must be 67108864 or less"),
        ("ICHOR_PAYLOAD_LIMIT", "10 KiB", "must be 16384 or more"),
        ("ICHOR_PAYLOAD_LIMIT", "1 MiB", "must be 262144 or less"),
        ("ICHOR_PAYLOADS", "s3", "'database' or 'cut'"),
        ("ICHOR_BUILD_ID", "1:2", "may hold no colon"),
        ("ICHOR_BUILD_ID", "1" * 201, "at most 200 characters"),
        ("ICHOR_DEPLOYMENT_NAME", "a.b", "may hold neither dot nor colon"),
        ("ICHOR_DEPLOYMENT_NAME", "a" * 51, "at most 50 characters"),
        ("ICHOR_SMTP_FROM", "hidden", "write it as name@host"),
        ("ICHOR_LEGACY_OUTBOX", "hidden", "must be true or false"),
        ("ICHOR_JWKS_URL", "ftp://hidden/", "begins with https://"),
        ("ICHOR_JWKS_URL", "https://hidden/jwks\n", "holds what no URL may"),
        ("ICHOR_SHUTDOWN_GRACE", "soon", "write one like 90s"),
        ("ICHOR_UNKNOWN_TYPE_GRACE", "0", "above zero"),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
):
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSetting) as caught:
        load_settings()
    message = str(caught.value)
    assert message.startswith(f"{name} ")
    assert said in message
    assert "\n" not in message
    assert "hidden" not in message


def test_all_that_is_wrong_is_told_and_the_rest_can_be_used(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ICHOR_HTTP_PORT", "eighty")
    monkeypatch.setenv("TEMPORAL_TLS", "maybe")
    monkeypatch.setenv("ICHOR_TASK_QUEUE", "mine")
    settings, wrong = read_settings()
    assert (settings.task_queue, settings.http_port) == ("mine", None)
    assert wrong.keys() == {"temporal", "http_port"}
    with pytest.raises(InvalidSetting, match=r"^TEMPORAL_TLS must .*; ICHOR_HTTP_PORT must be a whole number"):
        load_settings()


def test_what_is_missing_is_named_with_how_it_is_written():
    with pytest.raises(
        InvalidSetting, match=r"ICHOR_DATABASE_URL is not set; write `postgresql:.*ICHOR_RABBITMQ_URL is"
    ):
        load_settings(["database_url", "rabbitmq_url"])


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ICHOR_HTTP_PORT", "")
    assert load_settings().http_port is None


@pytest.mark.parametrize(("text", "seconds"), [("45", 45), ("1m30s", 90), ("PT5S", 5)])
def test_a_grace_is_a_duration_or_plain_seconds(monkeypatch: pytest.MonkeyPatch, text: str, seconds: int):
    monkeypatch.setenv("ICHOR_SHUTDOWN_GRACE", text)
    assert load_settings().shutdown_grace == timedelta(seconds=seconds)


@pytest.mark.parametrize(("text", "size"), [("1000", 1000), ("2 MiB", 2 * 1024 * 1024), ("1kb", 1000)])
def test_a_size_is_bytes_or_has_a_unit(monkeypatch: pytest.MonkeyPatch, text: str, size: int):
    monkeypatch.setenv("ICHOR_MAX_EVENT_BYTES", text)
    assert load_settings().max_event_bytes == size


def test_a_dotenv_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / ".env").write_text("ICHOR_TASK_QUEUE=file\nICHOR_HTTP_HOST=0.0.0.0\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("ICHOR_TASK_QUEUE", "environment")
    settings = load_settings()
    assert (settings.task_queue, settings.http_host) == ("environment", "0.0.0.0")


def test_passwords_are_not_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ICHOR_DATABASE_URL", "postgresql://user:hidden@db/x")
    monkeypatch.setenv("ICHOR_TOKEN_KEYS", "hidden")
    assert "hidden" not in f"{load_settings()!r} {load_settings()}"


def test_temporal_comes_from_its_own_profile_where_we_say_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    file = tmp_path / "temporal.toml"
    file.write_text('[profile.prod]\naddress = "cloud:7233"\nnamespace = "erp"\napi_key = "hidden"\n')
    (tmp_path / ".env").write_text(f"TEMPORAL_CONFIG_FILE={file}\nTEMPORAL_PROFILE=prod\n")
    settings = load_settings(["temporal_address"])
    assert (settings.temporal_address, settings.temporal_namespace) == ("cloud:7233", "erp")
    monkeypatch.setenv("ICHOR_TEMPORAL_NAMESPACE", "other")
    assert load_settings().temporal_namespace == "other"


@pytest.mark.parametrize("line", ['api_key = "hidden', "api_key = hidden"])
def test_a_profile_that_cannot_be_read_is_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str):
    file = tmp_path / "temporal.toml"
    file.write_text(f'[profile.default]\naddress = "cloud:7233"\n{line}\n')
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(file))
    with pytest.raises(InvalidSetting, match="line 3, column") as error:
        load_settings()
    assert "hidden" not in str(error.value)
    assert "\n" not in str(error.value)


def test_a_profile_that_is_not_there_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TEMPORAL_PROFILE", "nowhere")
    with pytest.raises(InvalidSetting, match=r"TEMPORAL_.*nowhere"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TEMPORAL_TLS", "maybe", "TEMPORAL_TLS must be true or false; write one of them"),
        ("TEMPORAL_TLS", "no", "TEMPORAL_TLS must be true or false; write one of them"),
        ("TEMPORAL_TLS_CLIENT_KEY_PATH", "hidden", "TEMPORAL_TLS_CLIENT_KEY_PATH must be the path of a file; that "),
        ("TEMPORAL_CONFIG_FILE", "hidden", "TEMPORAL_CONFIG_FILE must be the path of a file; there is none"),
        ("TEMPORAL_API_KEY", "hidden\n", "TEMPORAL_API_KEY may hold no line break"),
        ("TEMPORAL_API_KEY", "hidd\u00e9n", "TEMPORAL_API_KEY may hold no line break"),
        ("TEMPORAL_GRPC_META_AUTHORIZATION", "hidden\n", "TEMPORAL_GRPC_META_* is wrong: 'authorization' is"),
        ("TEMPORAL_GRPC_META_A-BIN", "hidden", "TEMPORAL_GRPC_META_* is wrong: 'a-bin' is"),
    ],
)
def test_a_wrong_variable_of_temporal_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
):
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSetting) as caught:
        load_settings()
    assert str(caught.value).startswith(said)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(("text", "is_on"), [("", False), ("False", False), ("0", False), ("TRUE", True), ("1", True)])
def test_tls_is_on_or_off_as_written(text: str, is_on: bool):
    assert bool(TemporalProfile.read({"TEMPORAL_TLS": text}).tls) == is_on


@pytest.mark.parametrize(
    "written",
    [
        {"TEMPORAL_TLS_CLIENT_CERT_DATA": "hidden"},
        {"TEMPORAL_TLS_CLIENT_CERT_DATA": "hidden", "TEMPORAL_TLS_CLIENT_KEY_DATA": "hidden"},
        {"TEMPORAL_TLS_SERVER_NAME": "not a name"},
    ],
)
async def test_tls_that_cannot_be_used_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch, written: dict[str, str]):
    for name, value in written.items():
        monkeypatch.setenv(name, value)
    link = temporal_link(load_settings().model_copy(update={"temporal_address": "127.0.0.1:1"}))
    with pytest.raises(InvalidSetting, match=r"^TEMPORAL_.* is wrong: ") as caught:
        await link.connect()
    assert "hidden" not in str(caught.value)


async def test_a_name_that_leads_nowhere_is_told_in_short():
    link = temporal_link(load_settings().model_copy(update={"temporal_address": f"{'x' * 64}:7233"}))
    with pytest.raises(Unreachable, match=r"^x{64}:7233: failed to lookup address information"):
        await link.connect()


def test_an_empty_variable_hides_no_line_of_the_dotenv_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / ".env").write_text("ICHOR_TASK_QUEUE=file\n")
    monkeypatch.setenv("ICHOR_TASK_QUEUE", "")
    assert load_settings().task_queue == "file"


def test_a_value_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "url").write_text("postgresql://user:hidden@db/x\n")
    monkeypatch.setenv("ICHOR_DATABASE_URL_FILE", str(tmp_path / "url"))
    url = load_settings(["database_url"]).database_url
    assert url is not None
    assert url.get_secret_value() == "postgresql://user:hidden@db/x"
    assert environment()["ICHOR_DATABASE_URL"] == "postgresql://user:hidden@db/x"


def test_the_name_of_a_secret_may_end_in_file(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ICHOR_SECRET_KEY_FILE", "hidden")
    assert environment()["ICHOR_SECRET_KEY_FILE"] == "hidden"


def test_a_file_that_cannot_be_read_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("ICHOR_TOKEN_KEYS_FILE", str(tmp_path / "keys"))
    said = "^ICHOR_TOKEN_KEYS_FILE must be the path of a file with ICHOR_TOKEN_KEYS; that file .*: No such file"
    with pytest.raises(InvalidSetting, match=said):
        load_settings()
    (tmp_path / "keys").write_bytes(b"\xff")
    with pytest.raises(InvalidSetting, match=r"it is no UTF-8 text\.$"):
        load_settings()


def test_a_secret_in_the_place_of_the_path_of_its_file_is_not_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ICHOR_DATABASE_URL_FILE", "postgresql://user:hidden@db/x")
    with pytest.raises(InvalidSetting, match="must be the path of a file with ICHOR_DATABASE_URL;") as caught:
        load_settings()
    assert "hidden" not in str(caught.value)


def test_a_value_and_its_file_do_not_go_together(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("ICHOR_TOKEN_KEYS", "hidden")
    monkeypatch.setenv("ICHOR_TOKEN_KEYS_FILE", str(tmp_path / "keys"))
    with pytest.raises(InvalidSetting, match="ICHOR_TOKEN_KEYS_FILE and ICHOR_TOKEN_KEYS are both set") as caught:
        load_settings()
    assert "hidden" not in str(caught.value)
