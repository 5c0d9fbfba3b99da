import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models import InvalidDocument, load_text
from ichor_models.yaml_text import dump_text
from pydantic import JsonValue

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
tricky = st.sampled_from(
    [
        *("yes", "no", "on", "off", "null", "~", "true", "True", "", " ", "1", "-1", "+1", ".5", "5."),
        *("1.5", "1e5", "010", "0x10", "0o10", "1_000", "1:30", "2026-01-01", ".nan", ".inf", "=", "<<"),
        *("-", "?", ":", "- a", "a: b", "# x", "*a", "&a", "!a", "|", ">", "%", "@", "`", "[a]", "{a}", "{{ x }}"),
        *("a\nb", "a\n", "\n", " a", "a ", "'", '"', "\t", "\x85", "\u2028", "\ufeff", "\x07", "\x7f"),
        *("日本", "😀", "---", "...", "x" * 200, "word " * 60),
    ]
)
json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts | tricky,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts | tricky, inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(texts | tricky, json_values, max_size=4)


@settings(max_examples=60, deadline=None)
@given(documents)
def test_a_document_is_read_as_it_was_written(document: dict[str, JsonValue]) -> None:
    read = load_text(dump_text(document))
    assert read == document
    assert json.dumps(read) == json.dumps(document)


@settings(max_examples=60, deadline=None)
@given(documents, st.booleans(), st.sampled_from([None, 2]))
def test_a_document_of_json_is_read_as_json(
    document: dict[str, JsonValue], ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only, indent=indent)
    assert json.dumps(load_text(text)) == json.dumps(document)
    assert json.dumps(load_text(f"\ufeff\n {text}\n")) == json.dumps(document)


SAME: list[tuple[str, JsonValue]] = [
    ("a: 1", 1),
    ("a: -7", -7),
    ("a: 1.50", 1.5),
    ("a: 1e3", 1000.0),
    ("a: true", True),
    ("a: False", False),
    ("a: null", None),
    ("a: ~", None),
    ("a:", None),
    ("a: ''", ""),
    ("a: yes", "yes"),
    ("a: no", "no"),
    ("a: on", "on"),
    ("a: 2026-01-01", "2026-01-01"),
    ("a: 1:30", "1:30"),
    ("a: 010", "010"),
    ("a: 0x1F", "0x1F"),
    ("a: 1_000", "1_000"),
    ("a: .nan", ".nan"),
    ("a: .inf", ".inf"),
    ("a: .5", ".5"),
    ("a: '5'", "5"),
    ('a: "true"', "true"),
    ("a: [1, x, null]", [1, "x", None]),
    ("a: {b: {c: 1}}", {"b": {"c": 1}}),
    ("a: [{b: 1}, []]", [{"b": 1}, []]),
    ("a: |\n  two\n  lines\n", "two\nlines\n"),
    ("a: >-\n  one\n  line\n", "one line"),
    ("a: 'it''s'", "it's"),
    ("a: '{{ total }}'", "{{ total }}"),
    ("a: Order {{ total }}", "Order {{ total }}"),
    ("# comment\na: 1 # comment\n", 1),
    ("---\na: 1\n...\n", 1),
    ("a:\n- 1\n- 2", [1, 2]),
    ("{a: 1}", 1),
    ("{'a': no}", "no"),
    ('{"a": 1, }', 1),
]


@pytest.mark.parametrize(("text", "value"), SAME)
def test_yaml_says_what_json_says(text: str, value: JsonValue) -> None:
    assert load_text(text) == {"a": value}


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "null"])
def test_a_file_may_be_empty(text: str) -> None:
    assert load_text(text) is None


def test_keys_are_texts() -> None:
    assert load_text("1: a\ntrue: b\nnull: c\n2026-01-01: d\n'': e") == {
        "1": "a",
        "true": "b",
        "null": "c",
        "2026-01-01": "d",
        "": "e",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: &x 2\nc: *x", "line 3, column 4: aliases are not supported"),
        ("a: &x [*x]", "aliases are not supported"),
        ("a: !!python/object:os.system {}", "line 1, column 4: tags are not supported"),
        ("a: !!str 5", "tags are not supported"),
        ("a: 1\nb: 2\na: 3", "line 3, column 1: the key 'a' stands twice in one object"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice in one object"),
        ("a: {b: 1, b: 2}", "the key 'b' stands twice"),
        ("a: 1\n---\nb: 2", "a file holds one document"),
        ("? [a]\n: 1", "a key must be text"),
        ("? {a: 1}\n: 1", "a key must be text"),
        ("a: [1", "line"),
        ("a: b: c", "line 1, column 5"),
        ("\ta: 1", "line 1, column 1"),
        ("a: @b", "line 1, column 4"),
        ("a: \x01", "no YAML"),
        ('a: "\\0"', "U\\+0000"),
        ('a: "\\ud83d"', "line 1, column 7"),
        ('{"a": "\\ud83d"}', "half a character"),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": 1e400}', "too large"),
        ("a: 1e400", "too large"),
        ("a: " + "9" * 5000, "cannot be read"),
        ("a: " + "[" * 101 + "]" * 101, "nested more than 100 deep"),
        ('{"a": ' + "[" * 101 + "]" * 101 + "}", "nested more than 100 deep"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested more than 100 deep"),
        ('{"a": ', "cannot be read"),
    ],
)
def test_what_is_no_document_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidDocument, match=said):
        load_text(text)


def test_nesting_of_ninety_nine_levels_is_read() -> None:
    nested = "[" * 98 + "1" + "]" * 98
    assert load_text(f"a: {nested}") == load_text(f'{{"a": {nested}}}') == {"a": json.loads(nested)}


@settings(max_examples=50, deadline=None)
@given(st.text("ab: -?[]{},'\"\n#&*!|>%@01.e~\t\\", max_size=25))
def test_any_text_is_a_document_or_refused(text: str) -> None:
    with suppress(InvalidDocument):
        json.dumps(load_text(text), allow_nan=False)


def test_what_is_written_is_for_people() -> None:
    rule: dict[str, JsonValue] = {"name": "Größe", "conditions": [{"value": 1000}], "again": [{"value": 1000}]}
    assert dump_text(rule) == "name: Größe\nconditions:\n- value: 1000\nagain:\n- value: 1000\n"
