"""The JSON Schema of the workflow file, so that editors complete and check it.

It never refuses what the analyzer accepts: a template may stand for any value of a config, and values that a config's
model reads from others, as numbers from text, may be written so.
"""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, JsonValue

from ichor_models.action_type import Catalogue
from ichor_models.rule import Rule

type _Schema = dict[str, Any]
_INTERNAL = ("problem", "repeated")
_TEMPLATE = {"type": "string", "pattern": r"\{\{"}
_WIDER: Mapping[str, list[_Schema]] = {
    "string": [{"type": ["number", "boolean", "null"]}],
    "integer": [{"type": ["number", "boolean"]}, {"type": "string", "pattern": "[0-9]"}],
    "number": [{"type": ["number", "boolean"]}, {"type": "string", "pattern": "[0-9]|[iI][nN][fF]|[nN][aA][nN]"}],
    "boolean": [{"type": "number", "enum": [0, 1]}, {"type": "string", "pattern": "^[A-Za-z01]{1,5}$"}],
}
"""What a config's model reads beside values of the very type."""

_SINGLE = ("additionalProperties", "items", "not")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")


def file_schema(catalogue: Catalogue) -> dict[str, JsonValue]:
    """Return the schema with the configs of the types in the catalogue."""
    schema = Rule.model_json_schema(mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Ichor workflow file"
    action = schema["$defs"]["Action"]
    for name in _INTERNAL:
        del action["properties"][name]
    action["properties"]["type"]["enum"] = sorted(catalogue)
    action["allOf"] = [_typed_config(schema, name, catalogue[name].config) for name in sorted(catalogue)]
    return schema


def _typed_config(schema: _Schema, name: str, config: type[BaseModel]) -> _Schema:
    own = config.model_json_schema(ref_template=f"#/$defs/{name}.{{model}}")
    for key, value in own.pop("$defs", {}).items():
        schema["$defs"][f"{name}.{key}"] = _widened(value)
    schema["$defs"][f"config.{name}"] = _widened(own)
    return {
        "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
        "then": {"properties": {"config": {"$ref": f"#/$defs/config.{name}"}}},
    }


def _widened(schema: Any) -> Any:
    """Return a schema that takes templates at every place inside its values."""
    if not isinstance(schema, dict):
        return schema
    wide: _Schema = dict(cast("_Schema", schema))
    wide["properties"] = {key: _or_template(value) for key, value in wide.get("properties", {}).items()}
    if not wide["properties"]:
        del wide["properties"]
    for key in _SINGLE:
        if isinstance(wide.get(key), dict):
            wide[key] = _or_template(wide[key])
    for key in _LISTS:
        if key in wide:
            wide[key] = [_or_template(item) for item in wide[key]]
    if "oneOf" in wide:
        wide["anyOf"] = wide.pop("oneOf")
    for key in ("discriminator", "uniqueItems"):
        wide.pop(key, None)
    return wide


def _or_template(schema: Any) -> Any:
    wide = _widened(schema)
    if not wide:
        return wide
    told = {key: wide.pop(key) for key in ("title", "description", "default") if key in wide}
    return {"anyOf": [wide, *_WIDER.get(wide.get("type", ""), []), _TEMPLATE], **told}
