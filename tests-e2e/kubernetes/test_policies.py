"""What is asked of every workload, whatever the overlay: safe by default, bounded, watched, covered."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ichor_service import Reader, Settings, every_setting
from ichor_trigger.main import PROGRAM as TRIGGER
from ichor_worker.main import PROGRAM as WORKER

from .manifests import (
    OVERLAYS,
    WORKLOADS,
    Manifest,
    component,
    containers,
    labels,
    named,
    of_kind,
    overlay,
    pod,
    selects,
    variables,
)

PORTS = {"trigger": TRIGGER.http_port, "worker": WORKER.http_port}
TEMPORAL_TLS = {f"TEMPORAL_TLS{end}" for end in ("", "_SERVER_NAME", "_SERVER_CA_CERT_PATH")} | {
    f"TEMPORAL_TLS_CLIENT_{end}_PATH" for end in ("CERT", "KEY")
}
READERS = {"trigger": Reader.TRIGGER, "worker": Reader.WORKER}
USED = {
    name: {setting.variable for setting in every_setting() if reader in setting.read_by.readers} | TEMPORAL_TLS
    for name, reader in READERS.items()
} | {"migrate": {"ICHOR_DATABASE_URL"}}
NEEDED = {
    name: {setting.variable for setting in every_setting() if reader in setting.read_by.needed}
    for name, reader in READERS.items()
} | {"migrate": {"ICHOR_DATABASE_URL"}}
MADE_BY_OPERATORS = {
    "ichor",
    "ichor-rule-secrets",
    "ichor-temporal-tls",
    "ichor-api-tokens",
    "ichor-authority",
    "ichor-encryption-keys",
}
VOLUMES = {"name", "emptyDir", "secret", "configMap"}
SECRET = re.compile(r"_URL$|PASSWORD|TOKEN_KEYS|API_KEY|SECRET_(?!S?DIR)")


type Manifests = Sequence[Manifest]


@pytest.fixture(params=OVERLAYS)
def manifests(request: pytest.FixtureRequest) -> Manifests:
    """What an overlay renders to."""
    return overlay(request.param)


def of_the_engine(manifests: Manifests) -> list[Manifest]:
    """Return the workloads that are no servers."""
    return [workload for workload in of_kind(manifests, *WORKLOADS) if component(workload) in USED]


def test_an_image_has_a_tag_that_stays(manifests: Manifests) -> None:
    for workload in of_kind(manifests, *WORKLOADS):
        for container in containers(workload):
            name, _, tag = container["image"].rpartition("/")[2].partition(":")
            assert name
            assert tag not in ("", "latest")
            assert container.get("imagePullPolicy", "IfNotPresent") == "IfNotPresent"


def test_nobody_is_root_and_nothing_can_be_gained(manifests: Manifests) -> None:
    for workload in of_kind(manifests, *WORKLOADS):
        spec = pod(workload)["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        assert {kind for volume in spec.get("volumes", []) for kind in volume} <= VOLUMES
        for container in containers(workload):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def test_nobody_has_a_token_of_the_cluster(manifests: Manifests) -> None:
    for workload in of_kind(manifests, *WORKLOADS):
        spec = pod(workload)["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False
        if "serviceAccountName" in spec:
            account = named(manifests, "ServiceAccount", spec["serviceAccountName"])
            assert account["automountServiceAccountToken"] is False


def test_each_program_has_an_account_of_its_own(manifests: Manifests) -> None:
    for workload in of_the_engine(manifests):
        account = pod(workload)["spec"]["serviceAccountName"]
        others = [other for other in of_kind(manifests, *WORKLOADS) if other is not workload]
        assert account not in [pod(other)["spec"].get("serviceAccountName") for other in others]


def test_resources_are_bounded(manifests: Manifests) -> None:
    for workload in of_kind(manifests, *WORKLOADS):
        for container in containers(workload):
            resources = container["resources"]
            assert {*resources["limits"]} == {*resources["requests"]} == {"cpu", "memory"}


def test_what_serves_is_watched(manifests: Manifests) -> None:
    for workload in of_kind(manifests, "Deployment", "StatefulSet"):
        for container in containers(workload):
            ports = {port["name"] for port in container["ports"]}
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                (how,) = {"httpGet", "tcpSocket"} & container[probe].keys()
                assert container[probe][how]["port"] in ports


def test_probes_ask_the_program_where_it_serves(manifests: Manifests) -> None:
    for workload in of_kind(manifests, "Deployment"):
        (container,) = containers(workload)
        port = PORTS[component(workload)]
        assert container["ports"] == [{"name": "http", "containerPort": port}]
        assert pod(workload)["metadata"]["annotations"]["prometheus.io/port"] == str(port)
        assert {name: entry for name, entry in variables(workload, manifests)}["ICHOR_HTTP_HOST"]["value"] == "0.0.0.0"
        # One that only waits for its servers must not be killed for it.
        assert container["startupProbe"]["httpGet"]["path"] == container["livenessProbe"]["httpGet"]["path"]
        assert container["livenessProbe"]["httpGet"]["path"] == "/healthz/live"
        assert container["readinessProbe"]["httpGet"]["path"] == "/healthz/ready"


def test_a_rollout_takes_nothing_away_before_the_new_is_ready(manifests: Manifests) -> None:
    for workload in of_kind(manifests, "Deployment"):
        spec = workload["spec"]
        assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        before = containers(workload)[0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        grace = Settings.model_fields["shutdown_grace"].default.total_seconds()
        assert pod(workload)["spec"]["terminationGracePeriodSeconds"] > grace + before
        started = containers(workload)[0]["startupProbe"]
        assert spec["progressDeadlineSeconds"] > started["periodSeconds"] * started["failureThreshold"]


def test_a_selector_selects_the_pods_of_its_workload_alone(manifests: Manifests) -> None:
    for workload in of_kind(manifests, *WORKLOADS):
        if workload["kind"] != "Job":
            chosen = [w for w in of_kind(manifests, *WORKLOADS) if selects(workload["spec"]["selector"], labels(w))]
            assert chosen == [workload]


def test_pods_are_spread_and_covered_by_a_budget(manifests: Manifests) -> None:
    for workload in of_kind(manifests, "Deployment"):
        spread = pod(workload)["spec"]["topologySpreadConstraints"]
        assert {rule["topologyKey"] for rule in spread} == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
        assert all(rule["labelSelector"] == workload["spec"]["selector"] for rule in spread)
        budgets = of_kind(manifests, "PodDisruptionBudget")
        covering = [budget for budget in budgets if selects(budget["spec"]["selector"], labels(workload))]
        assert [budget["spec"]["selector"] for budget in covering] == [workload["spec"]["selector"]]
        assert covering[0]["spec"]["maxUnavailable"] == 1


def test_every_variable_is_a_setting_of_its_program(manifests: Manifests) -> None:
    for workload in of_the_engine(manifests):
        known = USED[component(workload)]
        assert {name for name, _ in variables(workload, manifests)} - known == set()


def test_what_is_needed_is_given(manifests: Manifests) -> None:
    for workload in of_the_engine(manifests):
        assert NEEDED[component(workload)] <= {name for name, _ in variables(workload, manifests)}


def test_secrets_are_named_and_never_written(manifests: Manifests) -> None:
    for workload in of_kind(manifests, *WORKLOADS):
        for name, entry in variables(workload, manifests):
            assert SECRET.search(name) is None or "secretKeyRef" in entry["valueFrom"], name
            assert "://" not in entry.get("value", "")


@pytest.mark.parametrize("name", [name for name in OVERLAYS if name != "dev"])
def test_no_secret_is_kept_in_the_repository(name: str) -> None:
    assert of_kind(overlay(name), "Secret") == []


def test_what_is_referred_to_exists(manifests: Manifests) -> None:
    made = {manifest["metadata"]["name"] for manifest in of_kind(manifests, "Secret", "ConfigMap")}
    missing = {name for workload in of_kind(manifests, *WORKLOADS) for name in _referred(workload)} - made
    assert missing - MADE_BY_OPERATORS == set()
    assert made & MADE_BY_OPERATORS == set()


def test_every_object_stands_in_the_namespace_of_its_overlay(manifests: Manifests) -> None:
    (namespace,) = of_kind(manifests, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    others = [manifest for manifest in manifests if manifest["kind"] != "Namespace"]
    assert {manifest["metadata"]["namespace"] for manifest in others} == {namespace["metadata"]["name"]}


def test_a_job_is_named_for_its_tag(manifests: Manifests) -> None:
    (job,) = of_kind(manifests, "Job")
    tag = containers(job)[0]["image"].rpartition(":")[2]
    assert job["metadata"]["name"] == f"ichor-migrate-{tag}"


def test_the_service_leads_to_the_trigger_alone(manifests: Manifests) -> None:
    service = named(manifests, "Service", "ichor-trigger")
    selector = {"matchLabels": service["spec"]["selector"]}
    assert [component(w) for w in of_kind(manifests, *WORKLOADS) if selects(selector, labels(w))] == ["trigger"]


def test_tenants_share_nothing_but_their_images() -> None:
    settings = [
        next(m for m in of_kind(overlay(f"tenants/{tenant}"), "ConfigMap") if "ICHOR_TASK_QUEUE" in m["data"])
        for tenant in ("acme", "globex")
    ]
    assert [m["metadata"]["namespace"] for m in settings] == ["ichor-acme", "ichor-globex"]
    assert [m["data"]["ICHOR_TEMPORAL_NAMESPACE"] for m in settings] == ["acme", "globex"]


def _referred(workload: Manifest) -> set[str]:
    """Return the names of the Secrets and ConfigMaps that a workload needs."""
    found: set[str] = set()
    for container in containers(workload):
        entries: list[Mapping[str, Any]] = [entry.get("valueFrom", {}) for entry in container.get("env", [])]
        for entry in (*entries, *container.get("envFrom", [])):
            found |= {source["name"] for key, source in entry.items() if key.endswith("Ref") and "name" in source}
    for volume in pod(workload)["spec"].get("volumes", []):
        found |= {volume["secret"]["secretName"]} if "secret" in volume else set()
        found |= {volume["configMap"]["name"]} if "configMap" in volume else set()
    return found
