"""Who may talk to whom: what the programs use, and nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from .manifests import OVERLAYS, WORKLOADS, Labels, Manifest, component, containers, labels, of_kind, overlay, selects

PROGRAMS = ("migrate", "trigger", "worker")
USED_IN_DEV = {
    ("migrate", "postgresql", 5432),
    ("trigger", "postgresql", 5432),
    ("trigger", "rabbitmq", 5672),
    ("trigger", "temporal", 7233),
    ("worker", "postgresql", 5432),
    ("worker", "rabbitmq", 5672),
    ("worker", "temporal", 7233),
}
USED_OUTSIDE = {"migrate": {53, 5432}, "trigger": {53, 5432, 5671, 7233}, "worker": {53, 443, 465, 5432, 5671, 7233}}
KUBE_SYSTEM = {"kubernetes.io/metadata.name": "kube-system"}
NODE_LOCAL = "169.254.20.10/32"


@dataclass(frozen=True, slots=True)
class End:
    """A pod at one end of a connection, with the labels of its namespace; `ports` by their names."""

    labels: Labels
    namespace: Labels
    ports: dict[str, int]

    @classmethod
    def of(cls, workload: Manifest) -> "End":
        """Return the pods of a workload."""
        ports = {p["name"]: p["containerPort"] for c in containers(workload) for p in c.get("ports", [])}
        return cls(labels(workload), {"kubernetes.io/metadata.name": workload["metadata"]["namespace"]}, ports)


@dataclass(frozen=True, slots=True)
class Network:
    """The policies of one namespace."""

    policies: Sequence[Manifest]
    namespace: str

    def lets(self, source: End, target: End, port: int) -> bool:
        """Say whether one pod may open a connection to a port of another."""
        return self._lets("Egress", "to", source, target, target, port) and self._lets(
            "Ingress", "from", target, source, target, port
        )

    def _lets(self, direction: str, side: str, pod: End, peer: End, target: End, port: int) -> bool:
        rules = [*self.rules(direction, pod)]
        if not self._governed(direction, pod):
            return True
        return any(
            any(self._is(other, peer) for other in rule[side]) and any(_port(p, target) == port for p in rule["ports"])
            for rule in rules
        )

    def rules(self, direction: str, pod: End) -> Iterator[dict[str, Any]]:
        """Yield the rules for what comes to a pod, or goes out of it."""
        for policy in self.policies:
            if self._applies(policy, direction, pod):
                yield from policy["spec"].get(direction.lower(), [])

    def _governed(self, direction: str, pod: End) -> bool:
        return any(self._applies(policy, direction, pod) for policy in self.policies)

    def _applies(self, policy: Manifest, direction: str, pod: End) -> bool:
        here = pod.namespace["kubernetes.io/metadata.name"] == self.namespace
        spec = policy["spec"]
        return here and direction in spec["policyTypes"] and selects(spec["podSelector"], pod.labels)

    def _is(self, other: dict[str, Any], peer: End) -> bool:
        if "ipBlock" in other:
            return False
        namespaces = other.get("namespaceSelector", {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}})
        return selects(namespaces, peer.namespace) and selects(other.get("podSelector", {}), peer.labels)


def _port(entry: dict[str, Any], target: End) -> int | None:
    return target.ports.get(entry["port"]) if isinstance(entry["port"], str) else entry["port"]


def network(name: str) -> tuple[Network, dict[str, End]]:
    """Return the policies of an overlay, and its pods by what they are."""
    manifests = overlay(name)
    (namespace,) = of_kind(manifests, "Namespace")
    ends = {component(workload): End.of(workload) for workload in of_kind(manifests, *WORKLOADS)}
    return Network(of_kind(manifests, "NetworkPolicy"), namespace["metadata"]["name"]), ends


def test_in_dev_exactly_what_is_used_is_allowed() -> None:
    policies, ends = network("dev")
    allowed = {
        (source, target, port)
        for source in ends
        for target in ends
        for port in ends[target].ports.values()
        if policies.lets(ends[source], ends[target], port)
    }
    assert allowed == USED_IN_DEV


@pytest.mark.parametrize("name", [name for name in OVERLAYS if name != "dev"])
def test_outside_exactly_the_ports_of_the_servers_are_allowed(name: str) -> None:
    policies, ends = network(name)
    for program in PROGRAMS:
        rules = policies.rules("Egress", ends[program])
        ports = {p["port"] for rule in rules if any("ipBlock" in to for to in rule["to"]) for p in rule["ports"]}
        assert ports == USED_OUTSIDE[program]


@pytest.mark.parametrize("dns", ["kube-dns", "coredns", "node-local-dns"])
@pytest.mark.parametrize("name", OVERLAYS)
def test_programs_find_names_and_nothing_else_of_the_cluster(name: str, dns: str) -> None:
    policies, ends = network(name)
    names = End({"k8s-app": dns}, KUBE_SYSTEM, {})
    other = End({"app": "other"}, {"kubernetes.io/metadata.name": "other"}, {"http": 8080})
    for program in PROGRAMS:
        assert policies.lets(ends[program], names, 53)
        assert not policies.lets(ends[program], other, 8080)
        assert not policies.lets(ends[program], names, 443)


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_cache_of_names_on_the_node_is_asked_for_names_only(name: str) -> None:
    policies, ends = network(name)
    for program in PROGRAMS:
        rules = [
            rule for rule in policies.rules("Egress", ends[program]) if {"ipBlock": {"cidr": NODE_LOCAL}} in rule["to"]
        ]
        assert [{(p["protocol"], p["port"]) for p in rule["ports"]} for rule in rules] == [{("UDP", 53), ("TCP", 53)}]


@pytest.mark.parametrize("name", OVERLAYS)
def test_only_marked_namespaces_reach_the_api_and_the_metrics(name: str) -> None:
    policies, ends = network(name)
    for mark, reached in (
        ({}, set[str]()),
        ({"ichor-api": "allowed"}, {"trigger"}),
        ({"ichor-metrics": "allowed"}, {"trigger", "worker"}),
    ):
        other = End({}, {"kubernetes.io/metadata.name": "other", **mark}, {})
        ports = {(program, port) for program, end in ends.items() for port in end.ports.values()}
        assert {program for program, port in ports if policies.lets(other, ends[program], port)} == reached


@pytest.mark.parametrize("name", OVERLAYS)
def test_webhooks_reach_no_private_network(name: str) -> None:
    policies, ends = network(name)
    wide = [
        to["ipBlock"]
        for rule in policies.rules("Egress", ends["worker"])
        for to in rule["to"]
        if to.get("ipBlock", {}).get("cidr") in ("0.0.0.0/0", "::/0")
    ]
    assert {block["cidr"] for block in wide} == {"0.0.0.0/0", "::/0"}
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(wide[0]["except"])
