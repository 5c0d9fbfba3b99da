from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ichor_models import TemplateError, parse_template, resolve_text
from ichor_models.filters import parse_filter, split_filters
from ichor_models.path import look_up
from pydantic import JsonValue


def filtered(value: JsonValue, filters: str) -> JsonValue:
    data: dict[str, JsonValue] = {"x": value}
    resolved, _ = resolve_text(parse_template("{{ x | " + filters + "}}"), lambda path: look_up(data, {}, path))
    return resolved


def refused(filters: str) -> TemplateError:
    with pytest.raises(TemplateError) as told:
        parse_template("{{ x | " + filters + "}}")
    return told.value


@pytest.mark.parametrize(
    ("value", "filters", "result"),
    [
        ("Straße 7", "uppercase", "STRASSE 7"),
        ("ÄB c", "lowercase", "äb c"),
        ("hELLO wORLD", "capitalize", "HELLO wORLD"),
        ("", "capitalize", ""),
        (" \t a b \n", "trim", "a b"),
        ("abcdefgh", "truncate:5", "abcde"),
        ("abc", "truncate:5", "abc"),
        ("abc", "truncate:0", ""),
        ("日本語テキスト", "truncate:3", "日本語"),
        (6.0, "uppercase", "6"),
        (True, "uppercase", "TRUE"),
        (1234567, "truncate:3", "123"),
        ([1, "a"], "uppercase", '[1,"A"]'),
    ],
)
def test_filters_of_text(value: JsonValue, filters: str, result: str) -> None:
    assert filtered(value, filters) == result


@pytest.mark.parametrize(
    ("value", "filters", "result"),
    [
        (2.675, "round:2", "2.68"),
        ("2.675", "round:2", "2.68"),
        (2.665, "round:2", "2.67"),
        (1234.56, "round:1", "1234.6"),
        (2.5, "round:0", "3"),
        (-2.5, "round:0", "-3"),
        (7, "round:2", "7.00"),
        (1e21, "round:0", "1000000000000000000000"),
        (1, "round:20", "1.00000000000000000000"),
        (-0.001, "round:2", "0.00"),
    ],
)
def test_round_gives_text_with_exactly_so_many_decimals_half_up(value: JsonValue, filters: str, result: str) -> None:
    assert filtered(value, filters) == result


@pytest.mark.parametrize(
    ("value", "filters", "result"),
    [
        (1234.56, "currency:USD", "$1,234.56"),
        ("1234.56", "currency:USD", "$1,234.56"),
        (1234.565, "currency:USD", "$1,234.57"),
        (1234567, "currency:EUR", "€1,234,567.00"),
        (0, "currency:GBP", "£0.00"),
        (999.995, "currency:USD", "$1,000.00"),
        (-1234.5, "currency:USD", "-$1,234.50"),
        (-0.001, "currency:USD", "$0.00"),
        (1234.5, "currency:JPY", "¥1,235"),
        (1234, "currency:JPY", "¥1,234"),
        (12, "currency:CHF", "CHF 12.00"),
        (12, "currency:usd", "$12.00"),
        (12, "currency", "$12.00"),
    ],
)
def test_currency_is_written_in_english(value: JsonValue, filters: str, result: str) -> None:
    assert filtered(value, filters) == result


@pytest.mark.parametrize(
    ("value", "filters", "result"),
    [
        (None, "default:none", "none"),
        ("", "default:none", "none"),
        ([], "default:none", "none"),
        ({}, "default:none", "none"),
        (0, "default:none", 0),
        (0.0, "default:none", 0.0),
        (False, "default:none", False),
        (" ", "default:none", " "),
        ("x", "default:none", "x"),
        ([None], "default:none", [None]),
        (None, "default:No notes yet", "No notes yet"),
        (None, 'default:" - "', " - "),
        (None, "default:' - '", " - "),
        (None, "default:  spaces  ", "spaces"),
        (None, "default:a:b", "a:b"),
        (None, "default:it's", "it's"),
        (None, 'default:say "hi" now', 'say "hi" now'),
        (None, 'default:"a|b"', "a|b"),
        (None, 'default:"a | b" | uppercase', "A | B"),
        (None, 'default:""', ""),
        (None, "default:", ""),
        (None, "uppercase | default:x", "x"),
        (None, "default:x | uppercase", "X"),
        ("  ", "trim | default:x", "x"),
    ],
)
def test_default_replaces_missing_null_and_empty(value: JsonValue, filters: str, result: JsonValue) -> None:
    assert filtered(value, filters) == result


@pytest.mark.parametrize(
    ("value", "filters", "result"),
    [
        (["red", "urgent"], "join:, ", "red, urgent"),
        (["red", "urgent"], "join:,", "red,urgent"),
        (["a", "b"], "join: - ", "a - b"),
        (["a", "b"], 'join:", "', "a, b"),
        (["a", "b"], "join:'|'", "a|b"),
        (["a", "b"], 'join:"" | uppercase', "AB"),
        (["a", "b"], "join:; | uppercase", "A; B"),
        (["a", "b"], "join:/| uppercase", "A/B"),
        (["a", "b"], "join", "a, b"),
        ([1, 2.0, None, True, {"a": 1}], "join:'-'", '1-2--true-{"a":1}'),
        ([], "join:-", ""),
        (["x"], "join:-", "x"),
    ],
)
def test_join_keeps_its_argument_as_written(value: JsonValue, filters: str, result: str) -> None:
    assert filtered(value, filters) == result


@pytest.mark.parametrize(
    ("value", "filters", "result"),
    [
        (["a", "b"], "first", "a"),
        (["a", "b"], "last", "b"),
        ([{"a": 1}], "first", {"a": 1}),
        ([], "first", None),
        ([], "last | default:none", "none"),
        ([1.50, 2], "first | round:2", "1.50"),
    ],
)
def test_first_and_last_of_a_list(value: JsonValue, filters: str, result: JsonValue) -> None:
    assert filtered(value, filters) == result


@pytest.mark.parametrize(
    "filters",
    [
        *("uppercase", "lowercase", "capitalize", "trim", "truncate:3", "round:2"),
        *("currency:USD", "formatDate:short", "join:-", "first", "last", "first | uppercase"),
    ],
)
def test_a_missing_value_passes(filters: str) -> None:
    assert filtered(None, filters) is None


@pytest.mark.parametrize(
    ("value", "filters", "said"),
    [
        ("many", "round:2", "round needs a number, not 'many'"),
        (True, "round:2", "round needs a number, not 'true'"),
        ("1e3", "currency:USD", "currency needs a number, not '1e3'"),
        ("", "currency:USD", "currency needs a number, not ''"),
        ("text", "first", "first needs a list, not 'text'"),
        ({"a": 1}, "last", "last needs a list"),
        ("text", "join:-", "join needs a list, not 'text'"),
        ("soon", "formatDate:short", "'soon' is no date"),
        (True, "formatDate:short", "is no date"),
        ([], "formatDate:short", "is no date"),
        ("$1,234.00", "round:1", "round needs a number"),
    ],
)
def test_a_value_that_a_filter_cannot_take_fails(value: JsonValue, filters: str, said: str) -> None:
    with pytest.raises(TemplateError) as told:
        filtered(value, filters)
    assert said in str(told.value)


@pytest.mark.parametrize("name", ["upper", "Uppercase", "formatdate", "", "x y", "date:short", "'trim'"])
def test_an_unknown_filter_is_refused_and_the_known_are_told(name: str) -> None:
    error = refused(name)
    assert error.code == "unknown_filter"
    known = "capitalize, currency, default, first, formatDate, join, json, last, lowercase, round, trim, truncate"
    assert f"there are {known}, uppercase, urlencode" in str(error)


@pytest.mark.parametrize(
    "written",
    [
        *("truncate", "truncate:", "truncate:x", "truncate:-1", "truncate:1.5", "truncate:³", "truncate:9999999999"),
        *("round", "round:", "round:two", "round:-1", "round:21", "round:1.0"),
        *("currency:US", "currency:DOLLAR", "currency:", "currency:U$D", "currency:ÄÖÜ"),
        *("uppercase:x", "lowercase:1", "capitalize:x", "trim:x", "first:1", "last:2"),
        *("formatDate:nonsense", "formatDate:%Q", "formatDate:%", "formatDate:"),
    ],
)
def test_an_argument_that_a_filter_does_not_take_is_refused(written: str) -> None:
    assert refused(written).code == "invalid_filter_argument"


@pytest.mark.parametrize("written", ["trim:", "trim: ", "  trim  ", "round: 2 ", "round:'2'", "currency: EUR"])
def test_spaces_around_names_and_arguments_do_not_count(written: str) -> None:
    assert parse_filter(written).name == written.partition(":")[0].strip()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ["a"]),
        ("a|b|c:d", ["a", "b", "c:d"]),
        ("a|b:'|'|c", ["a", "b:'|'", "c"]),
        ('a|b:"x|y" |c', ["a", 'b:"x|y" ', "c"]),
        ("a|b:it's|c:it's", ["a", "b:it's", "c:it's"]),
        ("a|b:'open|c", ["a", "b:'open", "c"]),
        ("a||b|", ["a", "", "b", ""]),
    ],
)
def test_only_a_quoted_argument_hides_a_bar(text: str, parts: list[str]) -> None:
    assert split_filters(text) == parts


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet="ab|:'\" ", max_size=20))
def test_splitting_loses_nothing(text: str) -> None:
    assert "|".join(split_filters(text)) == text


names = st.sampled_from(
    ["uppercase", "truncate:2", "default:x", "round:1", "currency", "formatDate:long", "join:-", "first", "last"]
)
scalars: st.SearchStrategy[JsonValue] = (
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(max_size=5)
)
values: st.SearchStrategy[JsonValue] = scalars | st.builds(list[JsonValue], st.lists(scalars, max_size=2))


@settings(max_examples=50, deadline=None)
@given(values, st.lists(names, min_size=1, max_size=3))
def test_a_filter_gives_a_value_or_a_template_error(value: JsonValue, filters: list[str]) -> None:
    with suppress(TemplateError):
        filtered(value, " | ".join(filters))


@pytest.mark.parametrize(
    ("value", "written", "expected"),
    [
        ("a b&c=d#e/ä", "urlencode", "a%20b%26c%3Dd%23e%2F%C3%A4"),
        (6.0, "urlencode", "6"),
        ('say "hi"', "json", '"say \\"hi\\""'),
        ({"a": [1, None]}, "json", '{"a":[1,null]}'),
    ],
)
def test_values_for_urls_and_json(value: JsonValue, written: str, expected: str) -> None:
    assert filtered(value, written) == expected
