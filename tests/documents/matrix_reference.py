#!/usr/bin/env python3
"""Makes the reference of docs/matrix.md from bench/schema/matrix.schema.json.

    matrix_reference.py            says whether the page is what this would write; exit code 1 if not
    matrix_reference.py --write    writes it
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "bench/schema/matrix.schema.json"
PAGE = ROOT / "docs/matrix.md"
BEGIN = "<!-- from bench/schema/matrix.schema.json, by tests/documents/matrix_reference.py --write -->"
END = "<!-- end of what is made -->"
PLURALS = {"string": "texts", "integer": "whole numbers", "number": "numbers", "object": "objects"}
WORDS = {"string": "text", "integer": "whole number", "number": "number", "object": "object", "boolean": "true or false", "null": "null"}


def type_text(field, definitions):
    """What a value may be, with its range: "whole number, 1 to 1000"."""
    field = resolved(field, definitions)
    if "const" in field:
        return f"`\"{field['const']}\"`"
    if "enum" in field:
        return ", ".join(f"`\"{value}\"`" for value in field["enum"])
    types = field.get("type", "object")
    return " or ".join(one_type(kind, field) for kind in ([types] if isinstance(types, str) else types))


def one_type(kind, field):
    if kind == "array":
        items = PLURALS.get(field.get("items", {}).get("type"), "values")
        least, most = field.get("minItems"), field.get("maxItems")
        if least == most and least is not None:
            return f"list of {least} {items}"
        return f"list of at most {most} {items}" if most else f"list of {items}"
    text = WORDS[kind]
    if kind in ("integer", "number"):
        low, high = field.get("minimum"), field.get("maximum")
        if low is not None and high is not None:
            text += f", {low} to {high}"
        elif low is not None:
            text += f", {low} or more"
    if kind == "string" and "maxLength" in field:
        text += f" of at most {field['maxLength']} characters"
    return text


def resolved(field, definitions):
    if "$ref" not in field:
        return field
    return definitions[field["$ref"].rsplit("/", 1)[1]]


def rows(path, field, definitions, required):
    """(name, type, description) of a field and of all below it, as a person would write the path to them."""
    whole = resolved(field, definitions)
    needed = "; **required**" if required else ""
    described = field.get("description", whole.get("description", ""))
    yield path, type_text(field, definitions) + needed, described
    yield from below(path, whole, definitions)


def below(path, field, definitions):
    for name, inner in field.get("properties", {}).items():
        yield from rows(f"{path}.{name}", inner, definitions, name in field.get("required", []))
    each = field.get("additionalProperties")
    if isinstance(each, dict):
        yield from rows(f"{path}.NAME", each, definitions, False)
    items = field.get("items", {})
    if items.get("properties"):
        yield from below(f"{path}[]", items, definitions)


def reference(schema):
    definitions = schema.get("definitions", {})
    lines = ["| field | value | what |", "|---|---|---|"]
    for name, field in schema["properties"].items():
        for path, kind, described in rows(name, field, definitions, name in schema["required"]):
            lines.append(f"| `{path}` | {kind} | {described.replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


def read_schema():
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


def page_with(text, made):
    before, rest = text.split(BEGIN, 1)
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{rest.split(END, 1)[1]}"


def main():
    old = PAGE.read_text(encoding="utf-8")
    new = page_with(old, reference(read_schema()))
    if "--write" in sys.argv[1:]:
        PAGE.write_text(new, encoding="utf-8")
    elif new != old:
        sys.exit(f"{PAGE.relative_to(ROOT)} is not what {SCHEMA.relative_to(ROOT)} says; run {pathlib.Path(__file__).name} --write")


if __name__ == "__main__":
    main()
