"""Which addresses belong to the public internet, in every way an IPv4 address can hide in an IPv6 one."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

type Address = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = IPv6Network("::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)


def parse_address(text: str) -> Address:
    """Read an address, without the zone that a resolver may add.

    Raises:
        ValueError: it is none.
    """
    return ip_address(text.partition("%")[0])


def is_public(address: Address) -> bool:
    """Say whether an address, and the IPv4 address inside it, can be reached by everyone."""
    if isinstance(address, IPv4Address):
        return _is_global(address)
    inside = inner(address)
    if inside is not None:
        return _is_global(inside)
    return _is_global(address) and address not in _LOCAL_NAT64 and address.teredo is None


def inner(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that a mapped, compatible, 6to4, NAT64 or ISATAP address leads to."""
    if isinstance(address, IPv4Address):
        return None
    if (mapped := address.ipv4_mapped) is not None:
        return mapped
    if (relayed := address.sixtofour) is not None:
        return relayed
    if address in _NAT64 or address in _COMPATIBLE or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _is_global(address: Address) -> bool:
    return address.is_global and not (
        (isinstance(address, IPv6Address) and address.is_site_local)
        or address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
    )
