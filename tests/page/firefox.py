"""A small client for Debian's Firefox, which Playwright cannot drive: WebDriver BiDi, which Firefox itself speaks."""

import base64
import io
import json
import os
import re
import subprocess
import time
from pathlib import Path

import numpy as np
import websocket
from PIL import Image

SECONDS = 60
"""A browser that does not answer in this time hangs."""

KEYS = {"ArrowLeft": "\ue012", "ArrowRight": "\ue014", "Enter": "\ue007", "Escape": "\ue00c", "Shift": "\ue008"}

# Firefox asks servers for news of its own: a proxy that nobody answers keeps every request on this machine.
PREFERENCES = {
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.allow_hijacking_localhost": True,
    "services.settings.server": "data:,none",
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.download.folderList": 2,  # the folder of browser.download.dir
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "webgl.force-enabled": True,
}
DARK = "layout.css.prefers-color-scheme.content-override"
"""The preference that is 0 for dark pages and 1 for light ones."""


class Firefox:
    """A Firefox with one tab, what its console says and what it requests.

    Without a display it is headless, and has no WebGL. Downloads arrive in the folder of its profile.

    Attributes:
        complaints: Errors and warnings of the console and of JavaScript, as text.
        requests: Addresses that pages asked for, other than files and what is written in an address itself ("data:").
    """

    def __init__(self, executable, profile, *, scheme="light", size=(1000, 900), display=None):
        self.profile = profile
        preferences = PREFERENCES | {DARK: int(scheme == "light"), "browser.download.dir": str(profile)}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()]
        (profile / "user.js").write_text("".join(lines), encoding="utf-8")
        options = ["--no-remote", "--remote-debugging-port", "0", "--profile", str(profile)]
        where = {"DISPLAY": display} if display else {"MOZ_HEADLESS": "1"}
        with (profile / "log").open("w") as log:
            self.process = subprocess.Popen([executable, *options], stdout=log, stderr=log, env=os.environ | where)
        self.complaints, self.requests, self.number, self.socket = [], [], 0, None
        try:
            address = self._address(profile / "log")
            self.socket = websocket.create_connection(address, timeout=SECONDS, suppress_origin=True)
            self.ask("session.new", capabilities={})
            self.ask("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
            self.tab = self.ask("browsingContext.getTree")["contexts"][0]["context"]
            width, height = size
            self.ask("browsingContext.setViewport", context=self.tab, viewport={"width": width, "height": height})
        except BaseException:
            self.close()
            raise

    def _address(self, log):
        end = time.monotonic() + SECONDS
        while not (found := re.search(r"BiDi listening on (ws://\S+)", log.read_text(encoding="utf-8"))):
            assert time.monotonic() < end, log.read_text(encoding="utf-8")
            assert self.process.poll() is None, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        return f"{found[1]}/session"

    def ask(self, method, **parameters):
        """Send a command, keep the events that arrive before its answer, and return the answer."""
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while (answer := json.loads(self.socket.recv())).get("id") != self.number:
            self._keep(answer["method"], answer["params"])
        assert answer["type"] == "success", answer
        return answer["result"]

    def _keep(self, event, found):
        if event == "log.entryAdded" and found["level"] in ("error", "warn"):
            self.complaints.append(found["text"])
        if event == "network.beforeRequestSent" and not (url := found["request"]["url"]).startswith(("file:", "data:")):
            self.requests.append(url)

    def open(self, path: Path, *, ready="document.documentElement.hasAttribute('data-ready')"):
        """Open a file and wait until it is ready."""
        self.complaints.clear()
        self.requests.clear()
        self.ask("browsingContext.navigate", context=self.tab, url=path.as_uri(), wait="complete")
        self.wait(ready)

    def evaluate(self, expression):
        """The value of an expression, which travels as JSON."""
        found = self.ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression}) ?? null))()",
            target={"context": self.tab},
            awaitPromise=True,
        )
        assert found["type"] == "success", found["exceptionDetails"]["text"]
        return json.loads(found["result"]["value"])

    def wait(self, expression):
        """Wait until an expression is true."""
        end = time.monotonic() + SECONDS
        while not self.evaluate(expression):
            assert time.monotonic() < end, expression
            time.sleep(0.02)

    def drag(self, *places):
        """Press the mouse at the first place of the window, go through the others, and release it; one is a click."""
        moves = [{"type": "pointerMove", "x": round(x), "y": round(y), "duration": 40} for x, y in places]
        press, release = ({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))
        self._perform(type="pointer", id="mouse", actions=[moves[0], press, *moves[1:], release])

    def press(self, *keys):
        """Press and release keys, one after the other."""
        values = [KEYS.get(key, key) for key in keys]
        self._perform(type="key", id="keyboard", actions=[
            {"type": kind, "value": value} for value in values for kind in ("keyDown", "keyUp")
        ])  # fmt: skip

    def _perform(self, **source):
        self.ask("input.performActions", context=self.tab, actions=[source])

    def screenshot(self):
        """The window as uint8 (y, x, 3)."""
        data = base64.b64decode(self.ask("browsingContext.captureScreenshot", context=self.tab)["data"])
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB"))

    def close(self):
        """End the browser."""
        if self.socket:
            self.socket.close()
        self.process.terminate()
        self.process.wait(SECONDS)
