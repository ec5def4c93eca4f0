"""What the server takes from the network: slow, large and broken requests, TLS, and proxies of both kinds."""

import asyncio
import http.client
import http.server
import shutil
import socket
import ssl
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace

import pytest

from cutaway.errors import UsageError
from cutaway.studio import Person, StudioSettings
from cutaway.studio import server as server_module
from cutaway.studio.gate import HEADER_BYTES


@contextmanager
def served(settings, **given):
    """A server in a thread; yields its port, and the settings with it."""
    listener = server_module._listen(settings, insists=False)
    port = listener.getsockname()[1]
    settings = StudioSettings(people=settings.people, port=port, behind=settings.behind, tls=settings.tls)
    given = {"certificate": None, "key": None, **given}
    server = server_module._make_server(settings, **given)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield settings
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "runs").mkdir()
    return StudioSettings(people=(Person("", tmp_path / "runs"),), port=0)


def read_all(sock):
    """What comes until the other side closes the connection, within 10 s."""
    sock.settimeout(10)
    data = b""
    try:
        while part := sock.recv(65536):
            data += part
    except ConnectionResetError:
        pass
    return data


def test_a_connection_that_sends_no_whole_request_is_closed(settings, monkeypatch):
    monkeypatch.setattr(server_module, "HEADER_SECONDS", 0.6)
    with served(settings) as served_settings:
        address = ("127.0.0.1", served_settings.port)
        with socket.create_connection(address) as silent, socket.create_connection(address) as slow:
            start = time.monotonic()
            slow.sendall(b"GET /api/runs HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ")
            with suppress(ConnectionError):
                while time.monotonic() - start < 10:
                    slow.sendall(b"x")
                    time.sleep(0.1)
            assert time.monotonic() - start < 10  # one byte at a time does not keep it open
            assert read_all(silent) == b""
        with socket.create_connection(address) as later:  # nor after a request that was answered
            later.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            time.sleep(0.2)
            later.sendall(b"GET / HTTP/1.1\r\n")
            assert read_all(later).count(b"HTTP/1.1") == 1


def test_connections_without_a_link_keep_nobody_out(settings, monkeypatch):
    monkeypatch.setattr(server_module, "CONNECTIONS", 8)
    with served(settings) as given, ExitStack() as opened:

        def connect():
            return opened.enter_context(socket.create_connection(("127.0.0.1", given.port), timeout=10))

        def ask(connection):
            connection.request("GET", "/api/nowhere", headers={"cookie": cookie})
            with connection.getresponse() as answer:
                return answer.read() and answer.status

        cookie = f"{given.cookie}={given.people[0].token}"
        page, other = (http.client.HTTPConnection("127.0.0.1", given.port, timeout=10) for _ in range(2))
        opened.callback(page.close)
        opened.callback(other.close)
        stream = connect()
        head = f"GET /api/events HTTP/1.1\r\nhost: 127.0.0.1:{given.port}\r\ncookie: {cookie}\r\n\r\n"
        stream.sendall(head.encode())
        assert stream.recv(65536).startswith(b"HTTP/1.1 200")
        assert ask(page) == 404
        for deaf in (connect() for _ in range(10)):  # they read no answer, so that these are never complete
            deaf.setblocking(False)
            with suppress(BlockingIOError, ConnectionError):
                while True:
                    deaf.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" * 1000)
        silent = [connect() for _ in range(20)]
        assert ask(other) == 404
        assert ask(page) == 404, "the connections of people are ended last"
        assert read_all(silent[0]) == b""
        for kept in (silent[-1], stream):
            kept.settimeout(0.05)
            with suppress(TimeoutError):
                assert kept.recv(65536) != b"", "it was ended"


def test_a_process_may_open_as_many_files_as_it_takes_connections(monkeypatch):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        server_module._allow_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (min(server_module.FILES, before[1]), before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.exhaustive
def test_a_body_that_does_not_come_ends_the_request(settings, monkeypatch):
    monkeypatch.setattr("cutaway.studio.gate.BODY_SECONDS", 0.5)
    with served(settings) as given, socket.create_connection(("127.0.0.1", given.port)) as sock:
        head = f"PUT /api/runs/a/title HTTP/1.1\r\nhost: 127.0.0.1:{given.port}\r\nx-cutaway: 1\r\n"
        head += f"cookie: {given.cookie}={given.people[0].token}\r\ncontent-length: 100\r\n\r\n"
        sock.sendall(head.encode() + b"{")
        assert b" 400 " in read_all(sock).split(b"\r\n")[0]


BROKEN = (
    b"GET / HTTP/1.1\r\nhost: x\r\n" + b"y: " + b"z" * 70_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40) + b"\r\n\r\n",  # TLS
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\nhost: evil.example\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    b"TRACE / HTTP/1.1\r\nhost: a\r\n\r\n",
)


def test_broken_requests_are_refused_and_the_terminal_stays_quiet(settings, capfd):
    with served(settings) as given:
        for sent in BROKEN:
            with socket.create_connection(("127.0.0.1", given.port)) as sock:
                with suppress(OSError):  # it may have answered and closed before all was sent
                    sock.sendall(sent)
                    sock.shutdown(socket.SHUT_WR)
                answer = read_all(sock)
                assert answer.split(b" ")[1] in (b"400", b"431"), sent[:60]
                assert (b"cookies" in answer) == (len(sent) > HEADER_BYTES), sent[:60]
        connection = http.client.HTTPConnection("127.0.0.1", given.port, timeout=10)
        connection.request("GET", "/api/runs", headers={"cookie": f"{given.cookie}={given.people[0].token}"})
        assert connection.getresponse().status == 200  # it goes on
        connection.close()
    assert capfd.readouterr() == ("", "")


def certificate(folder):
    """A certificate for localhost that nobody signed, and its key."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    files = folder / "cert.pem", folder / "key.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run([*command.split(), "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


def test_tls(settings, tmp_path, monkeypatch):
    cert, key = certificate(tmp_path)
    with served(replace(settings, tls=True), certificate=cert, key=key) as given:
        person, origin = given.people[0], f"https://localhost:{given.port}"
        assert given.link(person).startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=cert)
        connection = http.client.HTTPSConnection("localhost", given.port, context=context, timeout=20)
        connection.request("GET", f"/?token={person.token}")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303
        assert "Secure" in answer.headers["set-cookie"]
        cookie = answer.headers["set-cookie"].split(";")[0]
        for sent, status in ((origin, 200), (origin.replace("https", "http"), 403)):
            connection.request("GET", "/api/runs", headers={"cookie": cookie, "origin": sent})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
        connection.close()
        with socket.create_connection(("localhost", given.port)) as plain:
            plain.sendall(b"GET /api/runs HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert b"HTTP" not in read_all(plain), "who speaks no TLS gets nothing"
    monkeypatch.setattr(server_module, "HEADER_SECONDS", 0.3)
    with served(replace(settings, tls=True), certificate=cert, key=key) as given, socket.socket() as silent:
        silent.connect(("localhost", given.port))
        assert read_all(silent) == b"", "asyncio would wait for a minute"


def test_certificates_that_cannot_be_used_are_one_line(tmp_path):
    cert, key = certificate(tmp_path)
    (tmp_path / "empty.pem").write_text("")
    (tmp_path / "other").mkdir()
    _, other_key = certificate(tmp_path / "other")
    for pair in (
        (tmp_path / "no.pem", key),
        (tmp_path / "empty.pem", key),
        (cert, other_key),
        (cert, None),
        (cert, tmp_path),
    ):
        with pytest.raises(UsageError) as raised:
            server_module._check_certificate(*pair)
        assert "\n" not in str(raised.value)
    server_module._check_certificate(cert, key)


def test_answers_are_sent_at_once(settings):
    async def option():
        found = asyncio.get_running_loop().create_future()
        server = await asyncio.start_server(
            lambda _, writer: found.set_result(writer), sock=server_module._listen(settings, insists=False)
        )
        async with server:
            with socket.create_connection(server.sockets[0].getsockname()):
                writer = await found
                option = writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                writer.close()
                await writer.wait_closed()
                return option

    with ThreadPoolExecutor(1) as threads:  # a browser of other tests has the loop of this one
        assert threads.submit(asyncio.run, option()).result()


@pytest.mark.parametrize("host", ["203.0.113.1", "no.such.host.invalid", "a" * 300, "é b", "::2"])
def test_an_address_of_no_card_of_this_machine_is_one_line(tmp_path, host):
    with pytest.raises(UsageError):
        server_module._listen(StudioSettings(people=(Person("", tmp_path),), host=host, port=0), insists=True)


def test_a_port_that_is_taken_is_one_line_where_somebody_insists_and_passed_over_otherwise(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = StudioSettings(people=(Person("", tmp_path),), port=taken.getsockname()[1])
        with pytest.raises(UsageError):
            server_module._listen(settings, insists=True)
        with server_module._listen(settings, insists=False) as listener:
            assert listener.getsockname()[1] > settings.port


class Proxy(http.server.BaseHTTPRequestHandler):
    """A reverse proxy in a few lines, as a hub has it; see `proxied`."""

    protocol_version = "HTTP/1.1"

    def forward(self):
        server = self.server
        if not self.path.startswith(f"{server.base}/"):
            self.send_error(404)
            return
        path = self.path[len(server.base) :] if server.cuts else self.path
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection",)}
        if server.renames:
            headers["Host"] = f"127.0.0.1:{server.to}"
        headers |= {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher", "X-Forwarded-Prefix": "/evil"}
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with closing(http.client.HTTPConnection("127.0.0.1", server.to)) as upstream, suppress(ConnectionError):
            upstream.request(self.command, path, body=body, headers=headers)
            self.answer(upstream.getresponse())
        self.close_connection = True

    def answer(self, upstream):
        self.send_response(upstream.status)
        for name, value in upstream.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        with upstream:
            while part := upstream.read1(65536):
                self.wfile.write(part)
                self.wfile.flush()

    do_GET = do_PUT = do_POST = do_DELETE = forward

    def log_message(self, format, *args):  # noqa: A002
        pass


@pytest.mark.exhaustive
@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("cuts", "renames"), [(True, True), (False, False), (True, False)])
def test_the_studio_works_behind_a_proxy(start_studio, new_run, open_page, tmp_path, cuts, renames):
    new_run(tmp_path / "runs" / "first")
    base = "/user/ada/proxy/1"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        address = f"http://127.0.0.1:{proxy.server_port}{base}"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            proxy.to = free.getsockname()[1]
        studio = start_studio(None, "--behind", address, "--port", proxy.to)
        proxy.base, proxy.cuts, proxy.renames, proxy.daemon_threads = base, cuts, renames, False
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        opened = open_page(studio)
        assert opened.page.url == f"{address}/"
        opened.page.get_by_role("checkbox", name="Select first").check()
        opened.page.get_by_role("button", name="Rename").click()
        opened.page.get_by_label("Title").fill("Through the proxy")
        opened.page.get_by_role("button", name="Save").click()
        opened.page.get_by_role("link", name="Through the proxy").wait_for()  # by an event, through the proxy
        opened.page.get_by_role("link", name="Through the proxy").click()
        opened.ready()
        assert opened.page.url == f"{address}/runs/first"
        opened.page.get_by_role("link", name="Runs").click()
        opened.ready()
        assert opened.page.url == f"{address}/"
        opened.check_quiet()
        opened.context.close()
        assert studio.end() == (0, "")
        proxy.shutdown()
