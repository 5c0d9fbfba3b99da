import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models import SecretPlace, StoredPlace, StoredValue, TemplateError, ValueStored
from ichor_models.config_template import ConfigTemplate, texts, written
from ichor_models.path import Path, look_up
from pydantic import JsonValue

DATA: dict[str, JsonValue] = {
    "total": 6.0,
    "customer": {"name": "Acme"},
    "tags": ["a", "b"],
    "sly": "{{secret:other}} {{ total }}",
}


def resolve(config: dict[str, JsonValue]) -> tuple[dict[str, JsonValue], tuple[SecretPlace, ...]]:
    return ConfigTemplate(config).resolve(lambda path: look_up(DATA, {}, path))[:2]


STORED = StoredValue(key="0" * 64, size=200_000)


def of_the_store(path: Path) -> JsonValue:
    raise ValueStored(STORED, path.text)


def test_a_stored_value_may_be_the_whole_of_a_string() -> None:
    config: dict[str, JsonValue] = {"a": "{{ big }}", "b": ["x", "{{ big | default:none }}"], "c": "{{secret:key}}"}
    resolved = ConfigTemplate(config).resolve(of_the_store)
    assert resolved.config == {"a": None, "b": ["x", None], "c": "{{secret:key}}"}
    assert resolved.stored == (StoredPlace(path=("a",), value=STORED), StoredPlace(path=("b", 1), value=STORED))
    assert [place.path for place in resolved.secrets] == [("c",)]


@pytest.mark.parametrize("text", ["so {{ big }}", "{{ big | uppercase }}", "{{ expr: big + 1 }}"])
def test_a_stored_value_is_no_part_of_anything(text: str) -> None:
    with pytest.raises(TemplateError, match=r"config\.a: big has 200,000 bytes, too many"):
        ConfigTemplate({"a": text}).resolve(of_the_store)


def test_templates_are_resolved_in_every_string_but_not_in_keys() -> None:
    config: dict[str, JsonValue] = {
        "plain": "text",
        "single": "{{ total }}",
        "text": "{{ total }} for {{ customer.name }}",
        "list": ["{{ tags }}", ["{{ tags.1 }}"], 5, None, True],
        "object": {"{{ total }}": "{{ missing }}", "deep": {"er": "[{{ missing }}]"}},
        "sly": "{{ sly }}",
    }
    assert resolve(config) == (
        {
            "plain": "text",
            "single": 6.0,
            "text": "6 for Acme",
            "list": [["a", "b"], ["b"], 5, None, True],
            "object": {"{{ total }}": None, "deep": {"er": "[]"}},
            "sly": "{{secret:other}} {{ total }}",
        },
        (),
    )


def test_secrets_stay_as_text_and_their_places_stand_beside() -> None:
    config: dict[str, JsonValue] = {
        "header": "Bearer {{ secret:key }}",
        "list": ["{{ sly }}", {"x": "{{ total }}{{secret:a}}{{secret:b}}"}],
        "trap": "{{ sly }} {{secret:key}}",
    }
    resolved, secrets = resolve(config)
    assert resolved == {
        "header": "Bearer {{secret:key}}",
        "list": ["{{secret:other}} {{ total }}", {"x": "6{{secret:a}}{{secret:b}}"}],
        "trap": "{{secret:other}} {{ total }} {{secret:key}}",
    }
    assert [(place.path, place.start, place.name) for place in secrets] == [
        (("header",), 7, "key"),
        (("list", 1, "x"), 1, "a"),
        (("list", 1, "x"), 13, "b"),
        (("trap",), 29, "key"),
    ]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"a": "{{ expr: total / 0 }}"}, "config.a: division by zero"),
        ({"a": {"b": [1, "x {{ expr: nothing + 1 }}"]}}, "config.a.b.1: expr needs a number, but 'nothing' is missing"),
        ({"a": "{{ total"}, "config.a: the {{ in '{{ total' is not closed"),
    ],
)
def test_what_cannot_be_resolved_names_its_place(config: dict[str, JsonValue], said: str) -> None:
    with pytest.raises(TemplateError) as told:
        resolve(config)
    assert said in str(told.value)


def test_only_strings_with_braces_are_told() -> None:
    config: JsonValue = {"a": "plain", "b": ["{{ x }}", 5, {"c": "}}"}], "{{ key }}": None, "d": "{x}"}
    assert list(texts(config)) == [(("b", 0), "{{ x }}"), (("b", 2, "c"), "}}")]


def test_a_place_is_written_as_people_do() -> None:
    assert written(("items", 0, "name")) == "config.items.0.name"
    assert written(()) == "config"


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text().filter(lambda text: "{{" not in text),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(), plain, max_size=4))
def test_a_config_without_templates_stays(config: dict[str, JsonValue]) -> None:
    assert resolve(config) == (config, ())


def test_a_config_says_what_its_templates_read() -> None:
    config: dict[str, JsonValue] = {
        "text": "{{ total }} for {{ customer.name | uppercase }}",
        "list": [{"deep": "{{ expr: total * rate }}"}],
        "malformed": "{{ tags }} {{",
        "plain": {"key": ["text"]},
    }
    assert [path.text for path in ConfigTemplate(config).paths()] == ["total", "customer.name", "total", "rate"]


def test_what_holds_no_template_is_not_made_anew() -> None:
    config: dict[str, JsonValue] = {"plain": {"large": ["text", "more"]}, "list": ["{{ total }}", ["text"]]}
    resolved, _ = resolve(config)
    assert resolved["plain"] is config["plain"]
    assert resolved["list"] == [6.0, ["text"]]
    assert config["list"] == ["{{ total }}", ["text"]]


def test_a_malformed_template_is_told_each_time() -> None:
    template = ConfigTemplate({"list": ["{{ total"]})
    for _ in range(2):
        with pytest.raises(TemplateError, match=r"^config\.list\.0: the \{\{ in .* is not closed"):
            template.resolve(lambda _: None)
