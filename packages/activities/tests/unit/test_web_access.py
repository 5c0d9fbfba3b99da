from ipaddress import ip_address

import pytest
from ichor_activities import InvalidConfiguration, NotAllowed, WebAccess
from ichor_activities.http_exchange import Exchange
from ichor_activities.http_message import Answer, Request
from ichor_activities.web_address import is_public, parse_address
from ichor_models import ConfigError

PRIVATE = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:0:53aa:64c:0:7fff:f5ff:fffe",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2606:4700::5efe:10.0.0.1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_is_not_public(address: str) -> None:
    assert not is_public(parse_address(address))
    assert not WebAccess().permits(parse_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_is_public(address: str) -> None:
    assert is_public(parse_address(address))


def test_opens_networks_and_hosts() -> None:
    access = WebAccess.parse("10.0.0.0/8, [::1], hooks.internal, *.svc.local, 192.168.0.7")
    assert access.permits(ip_address("10.9.9.9"))
    assert access.permits(ip_address("::1"))
    assert access.permits(ip_address("::ffff:10.0.0.1"))
    assert access.permits(ip_address("192.168.0.7"))
    assert not access.permits(ip_address("192.168.0.8"))
    assert access.opens_host("HOOKS.internal.")
    assert access.opens_host("a.b.svc.local")
    assert not access.opens_host("svc.local")
    assert not access.opens_host("evilhooks.internal")
    assert not access.plain_http
    assert WebAccess.parse("http").plain_http


@pytest.mark.parametrize("item", ["10.0.0.0/99", "https://x", "a b", "x:80", "*"])
def test_refuses_items_that_are_none(item: str) -> None:
    with pytest.raises(InvalidConfiguration, match="ICHOR_WEBHOOK_ALLOW"):
        WebAccess.parse(item)


def test_an_address_in_place_of_a_host_is_told_its_host() -> None:
    with pytest.raises(InvalidConfiguration, match=r"write its host alone: hooks\.internal\.") as told:
        WebAccess.parse("http://user:hidden@hooks.internal/path")
    assert "hidden" not in str(told.value)


async def _send(url: str, access: WebAccess, addresses: list[str]) -> Answer:
    async def resolver(host: str, port: int) -> list[str]:
        return addresses

    return await Exchange(access, resolver=resolver).send(Request("POST", url, {}))


@pytest.mark.parametrize("address", PRIVATE)
async def test_no_name_leads_inside(address: str) -> None:
    with pytest.raises(NotAllowed, match="ICHOR_WEBHOOK_ALLOW"):
        await _send("https://harmless.example", WebAccess(), ["1.1.1.1", address])


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "localhost", "[::1]", "[::]"])
async def test_no_spelling_of_loopback_leads_inside(host: str) -> None:
    with pytest.raises(NotAllowed, match="public internet"):
        await Exchange(WebAccess()).send(Request("POST", f"https://{host}/", {}))


async def test_plain_http_must_be_opened() -> None:
    with pytest.raises(NotAllowed, match="encryption"):
        await _send("http://harmless.example", WebAccess(), ["1.1.1.1"])


URLS = [
    "ftp://x/",
    "file:///etc/passwd",
    "//x",
    "x",
    "https://",
    "https://user:pw@x/",
    "https://[::1",
    "http:///x",
    "https://0177.0.0.1",
]


@pytest.mark.parametrize("url", URLS)
async def test_refuses_other_urls(url: str) -> None:
    with pytest.raises(ConfigError):
        await _send(url, WebAccess(), ["1.1.1.1"])
