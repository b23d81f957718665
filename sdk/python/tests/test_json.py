"""JSON both ways: what is read, what is refused, and how deep it may go."""

import math

import pytest

from caisson import AdapterError, ErrorKind, json


@pytest.mark.parametrize("text", ["[" * 128 + "]" * 128, '{"a":"' + "[" * 5000 + '"}', '["\\"' + "[" * 5000 + '"]'])
def test_nesting_up_to_the_bound_and_brackets_in_strings_are_read(text: str) -> None:
    assert json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "NaN",
        "[Infinity]",
        "-Infinity",
        "9" * 5000,
        "[" * 129 + "]" * 129,
        "[" * 1_000_000,
        '{"a":' * 1_000_000,
        '"' * 1_000_001,
        '"a" ' + "\\" * 1_000_000,
        '\\"' * 500_000 + "[" * 200,
        "[" * 200 + '"' + '\\"' * 500_000,
        b"\xff",
    ],
)
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        json.loads(text)


def test_values_go_round_compact_and_exact() -> None:
    for text in ('{"b":{"x":[1,2.5,null]},"a":"é","c":12345678901234567890}', "1.0", "[]", '"\U0001f980"'):
        assert json.dumps(json.loads(text)) == text
    assert json.dumps(json.loads('"\\ud83d"')) == '"\\ud83d"'
    with pytest.raises(ValueError, match=r".+"):
        json.dumps(math.inf)


def test_an_extra_field_that_is_no_json_names_itself() -> None:
    assert json.parse_extra({"top_k": "5"}) == {"top_k": 5}
    assert json.extra_fields({"a": {"b": 1}}) == {"a": '{"b":1}'}
    for path, param in (("", "x"), ("tools[0]", "tools[0].x")):
        with pytest.raises(AdapterError) as raised:
            json.parse_extra({"x": "{"}, path)
        assert (raised.value.kind, raised.value.param) == (ErrorKind.INVALID_REQUEST, param)


def test_fields_of_another_type_are_none() -> None:
    fields: dict[str, json.Json] = {"text": "a", "int": 7, "float": 1.5, "true": True, "minus": -1, "huge": 2**40}
    assert (json.text(fields, "text"), json.text(fields, "int"), json.text(fields, "none")) == ("a", None, None)
    assert [json.integer(fields, name) for name in ("int", "float", "true", "minus")] == [7, None, None, -1]
    assert [json.count(fields, name) for name in ("int", "minus", "huge")] == [7, None, 2**32 - 1]
    assert [json.number(fields, name) for name in ("int", "float", "true", "text")] == [7, 1.5, None, None]
    cases: list[tuple[json.Json, list[float]]]
    cases = [([1, 2.5], [1, 2.5]), ([1, "2"], []), ([True], []), ("12", []), (None, [])]
    for value, numbers in cases:
        assert json.numbers({"a": value}, "a") == numbers
    assert json.objects([{}, 1, {"a": 1}]) == [{}, {"a": 1}]
    assert json.objects({"a": 1}) == []
    assert json.object_in({"a": {"b": 1}, "c": []}, "a") == {"b": 1}
    assert json.object_in({"a": {"b": 1}, "c": []}, "c") is None
