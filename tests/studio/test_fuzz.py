"""Requests made from the schema of the application, half of them wrong: none ends in an error 500."""

import json
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutaway.studio.gate import Rates

NAMES = ("good", "damaged", "title")
WORDS = ["", ".", "..", "../..", "%2e%2e", "<b>", "'", "con", "-1", "1e999", "null", "*"]
ODD = st.sampled_from([*WORDS, " ", "\0", "\n", "a" * 300, "é", "\ud800"])
TEXT = st.one_of(ODD, st.text(max_size=20), st.sampled_from(NAMES))
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT, st.just(10**400)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
JSON_NOISE = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"", b"{", b"[" * 50_000, b'{"a":' * 20_000, b"nul", b"1e9999", b"NaN", b'"\\ud800"']),
)


def values_of(schema, components, depth=0):
    """Values that a schema allows, roughly, and now and then others."""
    if "$ref" in schema:
        schema = components[schema["$ref"].rsplit("/", 1)[1]]
    right = PLAIN
    options = schema.get("anyOf") or schema.get("oneOf")
    if depth > 4:
        return PLAIN
    if options:
        right = st.one_of(*(values_of(option, components, depth + 1) for option in options))
    elif "const" in schema or "enum" in schema:
        right = st.sampled_from(schema.get("enum") or [schema["const"]])
    elif schema.get("type") == "string":
        right = TEXT
    elif schema.get("type") == "integer":
        right = st.integers(-(2**70), 2**70) | st.integers(-2, 20)
    elif schema.get("type") == "number":
        right = st.floats() | st.integers(-2, 20)
    elif schema.get("type") == "boolean":
        right = st.booleans()
    elif schema.get("type") == "array":
        right = st.lists(values_of(schema.get("items", {}), components, depth + 1), max_size=4)
    elif schema.get("type") == "object" and "properties" in schema:
        fields = {name: values_of(each, components, depth + 1) for name, each in schema["properties"].items()}
        needed = {name: value for name, value in fields.items() if name in schema.get("required", [])}
        right = st.fixed_dictionaries(needed, optional={k: v for k, v in fields.items() if k not in needed})
    return st.one_of(right, right, right, PLAIN)


@st.composite
def requests(draw, schema):
    path = draw(st.sampled_from(sorted(schema["paths"])))
    method = draw(st.sampled_from(sorted(schema["paths"][path])))
    operation = schema["paths"][path][method]
    components = schema.get("components", {}).get("schemas", {})
    names = [part[1] for part in string.Formatter().parse(path) if part[1]]
    address = path.format(**{name: draw(TEXT).replace("?", "") for name in names})
    wanted = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
    query = "&".join(f"{name}={draw(TEXT)!r}" for name in [*wanted, "x"] if draw(st.booleans()))
    body, content = b"", operation.get("requestBody", {}).get("content", {})
    if content:
        value = draw(values_of(next(iter(content.values())).get("schema", {}), components))
        body = draw(st.one_of(st.just(json.dumps(value).encode()), JSON_NOISE))
    kinds = st.sampled_from(
        ["application/json", "text/plain", "multipart/form-data; boundary=x", "application/json; charset=utf-7"]
    )
    return method.upper(), address, query, body, draw(st.one_of(st.just("application/json"), kinds))


@pytest.fixture
def studio(in_process, new_run, tmp_path, monkeypatch):
    monkeypatch.setattr(Rates, "take", lambda *_, **__: True)
    for name in NAMES:
        new_run(tmp_path / "runs" / name)
    (tmp_path / "runs" / "damaged" / "run.json").write_text("{")
    return in_process()


def attack(studio, examples):
    schema = studio.app.openapi()
    seen = {}

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(requests(schema))
    def one(request):
        method, path, query, body, kind = request
        if path == "/api/events":  # it never ends
            return
        path = path.encode(errors="replace").decode()
        query = query.encode(errors="replace").decode()
        answer = studio.ask(path, method=method, query=query, body=body, headers={"content-type": kind})
        assert answer.status < 500, (request, answer)
        if answer.status in (400, 404, 409, 422) and answer.json is not None:
            text = answer.json.get("error") or answer.json.get("detail")
            assert isinstance(text, str)
            assert text.isprintable()
        seen[answer.status] = seen.get(answer.status, 0) + 1

    one()
    return seen


def test_no_request_is_answered_with_an_error_of_the_server(studio):
    attack(studio, 25)


@pytest.mark.exhaustive
def test_a_thousand_requests(studio):
    seen = attack(studio, 1_000)
    assert seen[200]
    assert seen[404]
    assert seen[422]
