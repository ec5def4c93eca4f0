"""A page that shows widgets as anywidget does, and the comm between it and widgets in this process."""

import base64
import time
from pathlib import Path

HOST = Path(__file__).with_name("host.html")


class Comm:
    """What a widget sends is kept until the page gets it."""

    comm_id = "comm"

    def __init__(self):
        self.sent = []
        self.receive = None

    def send(self, data=None, metadata=None, buffers=None):
        self.sent.append((data, buffers or []))

    def on_msg(self, receive):
        self.receive = receive

    def close(self, *given, **options):
        pass


def text_of(buffer):
    return base64.b64encode(buffer).decode("ascii")


class Notebook:
    """A page with widgets, whose messages go back and forth while one waits."""

    def __init__(self, browser, *, host=HOST, **options):
        self.context = browser.new_context(**({"viewport": {"width": 1100, "height": 1000}} | options))
        self.complaints, self.requests, self.widgets, self.messages, self.asked = [], [], [], [], []
        self.context.route("**/*", self._gate)
        self.page = self.context.new_page()
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.expose_function("toKernel", self._keep)
        self.page.goto(host.as_uri())
        self.page.wait_for_selector("html[data-ready]")

    def _keep(self, message):
        self.messages.append(message)

    def _gate(self, route):
        if route.request.url.startswith(("file:", "blob:")):
            route.continue_()
        else:
            self.requests.append(route.request.url)
            route.abort()

    def open(self, widget):
        """Hand a widget over to the page, which does not show it yet."""
        widget.comm = Comm()
        state = widget.get_state()
        state.pop("layout")
        buffers = {name: text_of(value) for name, value in state.items() if isinstance(value, bytes)}
        state = {name: value for name, value in state.items() if name not in buffers}
        self.page.evaluate("([state, buffers]) => open(state, buffers)", [state, buffers])
        self.widgets.append(widget)
        return widget

    def show(self, number=0):
        """Show a widget in an output of its own, and wait until its map is there."""
        view = self.page.evaluate("number => show(number)", number)
        self.wait(f"explorerOf({view}).map !== undefined && explorerOf({view}).samples.images !== null")
        return view

    def pump(self):
        """Let messages reach the other side."""
        for message in self.messages[:]:
            self.messages.remove(message)
            if message["method"] == "custom":
                self.asked.append(message["content"])
            self.widgets[message["number"]].comm.receive(_to_python(message))
        for number, widget in enumerate(self.widgets):
            for data, buffers in widget.comm.sent[:]:
                if data["method"] == "update":
                    texts = {path[0]: text_of(each) for path, each in zip(data["buffer_paths"], buffers, strict=True)}
                else:
                    texts = [text_of(each) for each in buffers]
                if data["method"] in ("update", "custom"):
                    self.page.evaluate("([k, data, buffers]) => fromKernel(k, data, buffers)", [number, data, texts])
            widget.comm.sent.clear()

    def wait(self, condition):
        """Wait until an expression of the page, or a function here, is true."""
        end = time.monotonic() + 20
        while not (condition() if callable(condition) else self.page.evaluate(condition)):
            assert time.monotonic() < end, condition
            self.pump()
            self.page.wait_for_timeout(50)

    def check_quiet(self):
        assert self.complaints == []
        assert self.requests == []


def _to_python(message):
    if message["method"] == "custom":
        return {"content": {"data": message}, "buffers": []}
    paths = [[name] for name in message["buffers"]]
    buffers = [memoryview(base64.b64decode(text)) for text in message["buffers"].values()]
    data = {"method": "update", "state": message["state"], "buffer_paths": paths}
    return {"content": {"data": data}, "buffers": buffers}
