import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest
from ichor_activities import (
    ActionContext,
    BrokenEntryPoint,
    Config,
    DuplicateType,
    Registry,
    action,
    discover,
    wrap_existing,
)
from ichor_activities.discovery import GROUP
from jsonschema import Draft202012Validator

OURS = {
    "call_webhook",
    "create_alert",
    "create_entity",
    "log_audit_entry",
    "lookup_entity",
    "request_reply",
    "send_email",
    "transition_status",
    "update_field",
}


class Nothing(Config):
    pass


@action("charge_card")
async def charge_card(config: Nothing, run: ActionContext) -> dict[str, str]:
    return {}


refund_card = wrap_existing("refund_card", charge_card.function, config=Nothing)


def several() -> list[object]:
    return [charge_card, refund_card]


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType("payments")
    vars(made).update(charge=charge_card, again=charge_card, refund=refund_card, several=several, no="handler")
    monkeypatch.setitem(sys.modules, "empty_payments", ModuleType("empty_payments"))
    vars(made).update(both=(charge_card, refund_card), mixed=[charge_card, "no"])
    monkeypatch.setitem(sys.modules, "payments", made)
    return made


def point(value: str, name: str = "pay") -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def test_finds_our_own() -> None:
    registry = discover()
    assert set(registry) >= OURS
    assert set(registry.catalogue) == {*registry, "evaluate_condition", "delay"}


def test_every_config_has_a_json_schema() -> None:
    registry = discover()
    for name in registry.catalogue:
        Draft202012Validator.check_schema(registry.catalogue[name].config.model_json_schema())


@pytest.mark.parametrize("value", ["payments", "payments:several", "payments:both"])
@pytest.mark.usefixtures("module")
def test_takes_modules_lists_and_functions(value: str) -> None:
    assert set(discover([point(value)])) == {"charge_card", "refund_card"}


@pytest.mark.usefixtures("module")
def test_takes_one_handler() -> None:
    assert set(discover([point("payments:charge")])) == {"charge_card"}


@pytest.mark.usefixtures("module")
def test_names_both_packages_of_a_type() -> None:
    with pytest.raises(DuplicateType, match=r"charge_card.*\(pay = .*\(billing = "):
        discover([point("payments"), point("payments:charge", "billing")])


@pytest.mark.usefixtures("module")
def test_refuses_a_module_without_a_handler() -> None:
    with pytest.raises(BrokenEntryPoint, match=r"pay = empty_payments.* holds no handler; write @action"):
        discover([point("empty_payments")])


@pytest.mark.parametrize("value", ["payments:missing", "no_such_package", "payments:mixed", "payments:no"])
@pytest.mark.usefixtures("module")
def test_names_what_cannot_be_loaded(value: str) -> None:
    with pytest.raises(BrokenEntryPoint, match=f"pay = {value}"):
        discover([point(value)])


@pytest.mark.parametrize("name", ["delay", "ichor.run_ended"])
def test_no_handler_takes_a_type_of_the_engine(name: str) -> None:
    with pytest.raises(DuplicateType, match=name):
        Registry([wrap_existing(name, charge_card.function, config=Nothing)])


def test_a_list_may_not_repeat_a_type() -> None:
    with pytest.raises(DuplicateType, match="charge_card"):
        Registry([charge_card, charge_card])


def test_the_catalogue_is_light() -> None:
    code = (
        "import sys, ichor_activities; ichor_activities.discover();"
        "print([name for name in ('temporalio', 'httpx', 'aiosmtplib', 'asyncpg') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_the_temporal_side_knows_temporal() -> None:
    import ichor_activities

    package = Path(ichor_activities.__file__).parent
    knowing = {path.relative_to(package) for path in package.rglob("*.py") if "temporalio" in path.read_text()}
    assert {path.parts[0] for path in knowing} == {"temporal"}


def test_exports_everything() -> None:
    import ichor_activities

    public = {name for name, item in vars(ichor_activities).items() if not name.startswith("_") and callable(item)}
    assert public - set(ichor_activities.__all__) == set()
