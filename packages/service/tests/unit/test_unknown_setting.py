import pytest
from ichor_service import OTHER_VARIABLES, every_setting, unknown_settings


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ICHOR_TASK_QUEU", "did you mean ICHOR_TASK_QUEUE?"),
        ("ICHOR_DB_URL", "did you mean ICHOR_DATABASE_URL?"),
        ("ICHOR_HTPP_PORT", "did you mean ICHOR_HTTP_PORT?"),
        ("ichor_smtp_from", "did you mean ICHOR_SMTP_FROM?"),
        ("ICHOR_QQ", "unset it, or correct its name"),
    ],
)
def test_a_name_that_means_nothing_is_told_with_the_nearest_that_does(name: str, hint: str):
    assert unknown_settings({name: "x", "PATH": "/bin"}) == {name: hint}


def test_what_is_known_is_not_told():
    known = {setting.variable: "x" for setting in every_setting()} | dict.fromkeys(OTHER_VARIABLES, "x")
    assert unknown_settings(known | {"ICHOR_SECRET_SHOP": "x", "TEMPORAL_ADDRESS": "x"}) == {}


def test_what_kubernetes_tells_of_our_own_services_is_not_told():
    links = {
        "ICHOR_TRIGGER_SERVICE_HOST": "10.0.0.1",
        "ICHOR_TRIGGER_SERVICE_PORT": "8080",
        "ICHOR_TRIGGER_SERVICE_PORT_HTTP": "8080",
        "ICHOR_TRIGGER_PORT": "tcp://10.0.0.1:8080",
        "ICHOR_TRIGGER_PORT_8080_TCP": "tcp://10.0.0.1:8080",
        "ICHOR_TRIGGER_PORT_8080_TCP_ADDR": "10.0.0.1",
    }
    assert unknown_settings(links) == {}
