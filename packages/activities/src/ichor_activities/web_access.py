"""Which web addresses actions may call: the public internet over https, and what configuration opens besides."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from ichor_activities.errors import InvalidConfiguration
from ichor_activities.web_address import Address, inner, is_public

_HTTP = "http"


@dataclass(frozen=True, slots=True)
class WebAccess:
    """What is open besides: hosts (`*.example.org` for all below), networks, and plain http to the public internet.

    What is opened by name or network may also be called over plain http.
    """

    hosts: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    plain_http: bool = False

    @classmethod
    def parse(cls, text: str) -> "WebAccess":
        """Read a list separated by commas: host names, `*.domain`, addresses, networks, and the word `http`.

        Raises:
            InvalidConfiguration: an item is none of these.
        """
        items = [item.strip() for item in text.split(",") if item.strip()]
        names = [item for item in items if item != _HTTP]
        networks = [network for item in names if (network := _network(item)) is not None]
        hosts = frozenset(_host(item) for item in names if _network(item) is None)
        return cls(hosts, tuple(networks), _HTTP in items)

    def opens_host(self, host: str) -> bool:
        """Say whether configuration opens a host by its name."""
        name = host.rstrip(".").lower()
        domains = name.split(".")
        parents = (".".join(["*", *domains[index:]]) for index in range(1, len(domains)))
        return name in self.hosts or any(parent in self.hosts for parent in parents)

    def opens_address(self, address: Address) -> bool:
        """Say whether configuration opens an address by its network."""
        return any(item in network for network in self.networks for item in (address, inner(address)) if item)

    def permits(self, address: Address) -> bool:
        """Say whether an address may be connected to."""
        return is_public(address) or self.opens_address(address)


def _network(item: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(item.strip("[]"))
    except ValueError:
        if "://" in item:
            host = item.partition("://")[2].partition("/")[0].rpartition("@")[2]
            message = f"ICHOR_WEBHOOK_ALLOW: an address has a scheme; write its host alone: {host}."
            raise InvalidConfiguration(message) from None
        if "/" in item:
            raise InvalidConfiguration(f"ICHOR_WEBHOOK_ALLOW: {item!r} is no network; write 10.0.0.0/8.") from None
        return None


def _host(item: str) -> str:
    name = item.lower().rstrip(".")
    labels = name.removeprefix("*.").split(".")
    if not all(label and label.replace("-", "").replace("_", "").isalnum() for label in labels):
        raise InvalidConfiguration(f"ICHOR_WEBHOOK_ALLOW: {item!r} is no host; write a name without scheme and port.")
    return name
