from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models import Placeholder, Secret, TemplateError, parse_template, resolve_text, scan
from ichor_models.path import look_up
from pydantic import JsonValue

DATA: dict[str, JsonValue] = {
    "number": "SO-7",
    "total": 1234.56,
    "six": 6.0,
    "flag": True,
    "nothing": None,
    "empty": "",
    "tags": ["red", "urgent"],
    "customer": {"name": "Acme", "vip": True},
    "note": "see {{ number }} and {{secret:key}}",
    "price": "2.675",
    "Order No": 9,
}


def resolved(text: str) -> JsonValue:
    value, _ = resolve_text(parse_template(text), lambda path: look_up(DATA, {}, path))
    return value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ six }}", 6.0),
        ("{{six}}", 6.0),
        ("{{ flag }}", True),
        ("{{ nothing }}", None),
        ("{{ missing }}", None),
        ("{{ missing.deeper }}", None),
        ("{{ tags }}", ["red", "urgent"]),
        ("{{ customer }}", {"name": "Acme", "vip": True}),
        ("{{ trigger.customer.vip }}", True),
        ("{{\n  tags.1\n}}", "urgent"),
        ("{{ Order No }}", 9),
        ("{{ expr: 1 + 1 }}", 2),
        ("{{ expr: 3 / 2 }}", 1.5),
        ("{{ expr: 0.1 + 0.2 }}", 0.3),
        ("{{ expr: six * 1 }}", 6),
        ("{{ expr: price }}", 2.675),
    ],
)
def test_a_string_that_is_one_single_template_keeps_the_type(text: str, value: JsonValue) -> None:
    found = resolved(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", ""),
        ("no template", "no template"),
        (
            "Order {{number}} for {{ customer.name | uppercase }}: {{total | currency:USD}}",
            "Order SO-7 for ACME: $1,234.56",
        ),
        ("{{six}} {{flag}} {{tags}}", '6 true ["red","urgent"]'),
        ("[{{nothing}}{{missing}}{{empty}}]", "[]"),
        (" {{six}}", " 6"),
        ("{{six}} ", "6 "),
        ("{{six}}{{six}}", "66"),
        ("{{ customer }}!", '{"name":"Acme","vip":true}!'),
        ("{{ nothing | default:no notes }}", "no notes"),
        ("{{ note }}", "see {{ number }} and {{secret:key}}"),
        ("> {{ note }}", "> see {{ number }} and {{secret:key}}"),
        ("{{ expr: price * 3 | round:2 }}", "8.03"),
        ("{{ expr: total * 1.2 + 5.5 | round:2 }}", "1486.97"),
        ("{{expr:1 / 3|round:20}}", "0.33333333333333333333"),
        ("{{ expr: 1000 * 1.005 | currency }}", "$1,005.00"),
        ("{{ expr: six / 2 }} left", "3 left"),
        ("{{ expr: 10 / 4 }}h", "2.5h"),
        ('{"a": {"b": "{{ number }}"}}', '{"a": {"b": "SO-7"}}'),
        ('{"a":{"b":{{ six }}}}', '{"a":{"b":6}}'),
        ('{"a":{"b":{"c":"{{ six }}"}}}', '{"a":{"b":{"c":"6"}}}'),
        ("{ {{ six }} }", "{ 6 }"),
        ("{} { } {a}", "{} { } {a}"),
        ("a } b", "a } b"),
        ("zürich {{ customer.name }} 日本", "zürich Acme 日本"),
    ],
)
def test_values_are_put_into_the_text(text: str, value: str) -> None:
    assert resolved(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ expr: total / 0 }}", "division by zero"),
        ("{{ expr: total + missing }}", "'missing' is missing"),
        ("{{ expr: missing }}", "'missing' is missing"),
        ("{{ expr: missing | default:0 }}", "'missing' is missing"),
        ("{{ expr: number }}", "'number' is 'SO-7', which is no number"),
        ("{{ expr: flag }}", "'flag' is 'true', which is no number"),
        ("{{ number | round:2 }}", "round needs a number, not 'SO-7'"),
    ],
)
def test_a_value_that_does_not_allow_it_fails_saying_which(text: str, said: str) -> None:
    for written in (text, f"in text: {text}"):
        with pytest.raises(TemplateError) as told:
            resolved(written)
        assert said in str(told.value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ total", "malformed_template"),
        ("{{ total }", "malformed_template"),
        ("{{", "malformed_template"),
        ("a {{ total } and {{ number }}", "malformed_template"),
        ("total }}", "malformed_template"),
        ("}}", "malformed_template"),
        ("{{ total }} }}", "malformed_template"),
        ("{ total }}", "malformed_template"),
        ("{} }}", "malformed_template"),
        ("} {a}}", "malformed_template"),
        ("{{a}} {b}}", "malformed_template"),
        ("{{}}", "malformed_template"),
        ("{{ }}", "malformed_template"),
        ("{{{ total }}}", "malformed_template"),
        ("{{ {total} }}", "malformed_template"),
        ("{{ a..b }}", "malformed_template"),
        ("{{ .a }}", "malformed_template"),
        ("{{ a. }}", "malformed_template"),
        ("{{ | uppercase }}", "malformed_template"),
        ("{{secret:}}", "malformed_template"),
        ("{{secret:my key}}", "malformed_template"),
        ("{{secret:key | uppercase}}", "malformed_template"),
        ("{{ expr: }}", "invalid_expression"),
        ("{{ expr: 1 + }}", "invalid_expression"),
        ("{{ expr: (1 }}", "invalid_expression"),
        ("{{ total | upper }}", "unknown_filter"),
        ("{{ total | }}", "unknown_filter"),
        ("{{ total || round:2 }}", "unknown_filter"),
        ("{{ expr: 1 + 1 | rond:2 }}", "unknown_filter"),
        ("{{ total | round:x }}", "invalid_filter_argument"),
        ("{{ total | round }}", "invalid_filter_argument"),
    ],
)
def test_what_is_malformed_is_refused_with_its_code(text: str, code: str) -> None:
    with pytest.raises(TemplateError) as told:
        parse_template(text)
    assert told.value.code == code
    assert str(told.value)


def test_every_mistake_of_a_string_is_found() -> None:
    found = list(scan("{{ a..b }} {{ total | nope }} {{ fine }} }} {{ expr: + }} {{"))
    codes = [item.code for item in found if isinstance(item, TemplateError)]
    assert codes == [
        "malformed_template",
        "unknown_filter",
        "malformed_template",
        "invalid_expression",
        "malformed_template",
    ]
    assert sum(isinstance(item, Placeholder) for item in found) == 1


@pytest.mark.parametrize(
    ("text", "value", "places"),
    [
        ("{{secret:key}}", "{{secret:key}}", [(0, "key")]),
        ("{{ secret: smtp.pass-1_a }}", "{{secret:smtp.pass-1_a}}", [(0, "smtp.pass-1_a")]),
        ("Bearer {{secret:key}}", "Bearer {{secret:key}}", [(7, "key")]),
        ("{{number}}:{{ secret:a }}/{{secret:b}}", "SO-7:{{secret:a}}/{{secret:b}}", [(5, "a"), (18, "b")]),
        ("日本{{secret:a}}", "日本{{secret:a}}", [(2, "a")]),
        ("{{ note }}", "see {{ number }} and {{secret:key}}", []),
        ("{{ note }}{{secret:key}}", "see {{ number }} and {{secret:key}}{{secret:key}}", [(35, "key")]),
    ],
)
def test_a_secret_stays_as_text_beside_its_place(text: str, value: str, places: list[tuple[int, str]]) -> None:
    assert resolve_text(parse_template(text), lambda path: look_up(DATA, {}, path)) == (value, places)


@pytest.mark.parametrize("text", ["{{ secret }}", "{{ secret.x }}", "{{ secrets:x }}"])
def test_a_path_that_only_looks_like_a_secret_is_a_path(text: str) -> None:
    assert not [part for part in parse_template(text).parts if isinstance(part, Secret)]


def test_a_template_tells_its_parts() -> None:
    template = parse_template("a {{ b | default:x }}{{secret:c}}{{ expr: d + e.f }}")
    assert [part.name for part in template.parts if isinstance(part, Secret)] == ["c"]
    found = [part for part in template.parts if isinstance(part, Placeholder)]
    assert [path.text for item in found for path in item.paths()] == ["b", "d", "e.f"]
    assert template.single is None
    assert parse_template("plain { text }").parts == ("plain { text }",)


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("{{ a }}", False),
        ("{{ a | uppercase }}", False),
        ("{{ a | default:x }}", True),
        ("{{ a | trim | default:x | uppercase }}", True),
        ("{{ expr: a }}", False),
        ("{{ expr: a | default:x }}", False),
        ("{{ expr: a + 1 | default:x }}", False),
    ],
)
def test_only_a_default_of_a_path_provides_for_null(text: str, guarded: bool) -> None:
    single = parse_template(text).single
    assert single is not None
    assert single.has_default is guarded


texts = st.lists(
    st.sampled_from(
        ["{{", "}}", "{", "}", " ", "a", "b.0", "|", "round:1", "expr:", "+", "secret:", "'", ":", "default", "ü"]
    ),
    max_size=14,
).map("".join)


@settings(max_examples=60, deadline=None)
@given(texts)
def test_any_string_is_read_or_refused(text: str) -> None:
    found = list(scan(text))
    errors = [item for item in found if isinstance(item, TemplateError)]
    if errors:
        with pytest.raises(TemplateError):
            parse_template(text)
    else:
        assert parse_template(text).parts == tuple(found)


@settings(max_examples=60, deadline=None)
@given(texts, st.none() | st.integers() | texts)
def test_any_template_gives_a_value_or_a_template_error(text: str, value: JsonValue) -> None:
    with suppress(TemplateError):
        resolve_text(parse_template(text), lambda path: value)


@settings(max_examples=60, deadline=None)
@given(texts, texts, texts)
def test_what_is_put_in_is_never_read_again(before: str, value: str, behind: str) -> None:
    before, behind = (text.replace("{", "").replace("}", "") for text in (before, behind))
    text = before + "{{ x }}" + behind
    assert resolve_text(parse_template(text), lambda path: value) == (before + value + behind, [])


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=20).filter(lambda text: "{{" not in text and "}}" not in text))
def test_text_without_templates_stays(text: str) -> None:
    assert resolved(text) == text
