"""Settings of the whole suite, made before cutaway, Keras, JAX or Numba are imported."""

import contextlib
import gc
import hashlib
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import pytest
from hypothesis import settings

from tests.ready_runs import MAY_TRAIN, RUNS

ROOT = Path(__file__).parents[1]


def compiled_folder(keep):
    """The folder inside `keep` for programs compiled from these sources with these libraries; removes older ones.

    Numba checks a compiled function only against the file that defines it, not against the helpers that it calls, so
    the name of the folder holds a digest of all files with compiled functions.
    """
    sources = [ROOT / "requirements-dev.lock"]
    for package in ("neighbors", "embedding"):
        sources += sorted((ROOT / "cutaway" / package).rglob("*.py"))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:16]
    for older in keep.glob("*"):
        if older.name != digest:
            shutil.rmtree(older, ignore_errors=True)
    return keep / digest


# All workers and child processes of one session share what Numba and XLA compile. `make test` keeps it between
# sessions, in the folder that this variable names: it is half of the CPU time of many tests. Without the variable, as
# in CI, the folder is new in every session, since programs from an earlier one would hide a compilation that fails.
SESSION_CACHE = None if "PYTEST_XDIST_WORKER" in os.environ else tempfile.mkdtemp(prefix="cutaway-tests-")
if SESSION_CACHE:
    KEEP = os.environ.get("CUTAWAY_KEEP_COMPILED")
    compiled = compiled_folder(Path(KEEP).absolute()) if KEEP else Path(SESSION_CACHE)
    os.environ["CUTAWAY_TESTS"] = os.environ["XDG_CACHE_HOME"] = SESSION_CACHE
    os.environ["XDG_STATE_HOME"] = os.path.join(SESSION_CACHE, "state")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(compiled / "xla")
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["NUMBA_CACHE_DIR"] = str(compiled / "kernels")  # also where a test has a cache of its own
# What one process reads from there while another one writes it is compiled again. Child processes do not read
# pyproject.toml, so they get that filter here.
UNREADABLE = "ignore:Error reading persistent compilation cache entry"
os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (os.environ.get("PYTHONWARNINGS"), UNREADABLE)))
# Threads of OpenMP and BLAS wait for work in a busy loop, on the CPUs that the other worker needs. Here they sleep,
# which changes no number: beside a busy process, boosted trees take a tenth of the time, and small products a third.
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
os.environ["OPENBLAS_THREAD_TIMEOUT"] = "4"
os.environ["KERAS_BACKEND"] = "jax"  # tests import keras themselves, before cutaway.models can choose

# A busy machine is no failure: no deadlines. `make test-all` chooses the profile "exhaustive".
settings.register_profile("quick", max_examples=10, deadline=None)
settings.register_profile("exhaustive", max_examples=100, deadline=None)
settings.load_profile("quick")

WARMING = pytest.StashKey()

# CI gives the long forms these seconds, in an order that each day shuffles, so all of them run within a week or two;
# `make test-all` runs every one.
LONG_FORMS_SECONDS = float(os.environ.get("CUTAWAY_LONG_FORMS_SECONDS", "inf"))
LONG_FORMS_ORDER = os.environ.get("CUTAWAY_LONG_FORMS_ORDER", "")
STARTED = time.monotonic()

# Those whose long forms take the longest (2,750 s for the lessons); then those that need Keras only, while the kernels
# of Numba are compiled.
FIRST = ("tests/lessons/", "tests/docs/", "tests/training/", "tests/models/")


def pytest_sessionstart(session):
    """Compile the kernels of Numba once for all workers, if all tests are run by several of them."""
    all_tests = session.config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if SESSION_CACHE and all_tests and getattr(session.config.option, "numprocesses", None):
        program = "from cutaway.embedding import warm_up; warm_up()"  # a failure is left to the tests
        session.config.stash[WARMING] = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)


def pytest_collection_modifyitems(items):
    """Put long tests first, in as many parts as there are workers: with ``--dist worksteal`` each begins with one."""

    def priority(item):
        if LONG_FORMS_ORDER:
            return hashlib.sha256(f"{LONG_FORMS_ORDER} {item.path.name}".encode()).digest()
        first = [number for number, folder in enumerate(FIRST) if item.nodeid.startswith(folder)]
        return item.get_closest_marker("exhaustive") is None, *(first or [len(FIRST)])

    parts = [[] for _ in range(int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))]
    for _, file in itertools.groupby(sorted(items, key=priority), key=lambda item: (priority(item), item.path)):
        min(parts, key=len).extend(file)
    items[:] = itertools.chain(*parts)


def pytest_runtest_setup(item):
    """Skip long forms after the time that CI has for them; let only some files train."""
    GUARD.allowed = item.nodeid.startswith(MAY_TRAIN) or item.get_closest_marker("exhaustive") is not None
    if item.get_closest_marker("exhaustive") and time.monotonic() - STARTED > LONG_FORMS_SECONDS:
        pytest.skip(f"long forms end after {LONG_FORMS_SECONDS:.0f} seconds in CI")


def pytest_collection_finish():
    """Let the garbage collector leave out what is loaded, and come less often: it took a twentieth of a training."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


class SameNumbers:
    """For each fixture and test the same random numbers of Python: Keras draws from them seeds that were not given.

    An object, since hooks of this file are not called for fixtures of the session, which belong to the folder above.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef):
        random.seed(fixturedef.argname)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self):
        random.seed(0)


def pytest_configure(config):
    config.pluginmanager.register(SameNumbers())
    GUARD.install()


def pytest_unconfigure(config):
    if warming := config.stash.get(WARMING, None):
        warming.terminate()
        warming.wait()
    if SESSION_CACHE:
        shutil.rmtree(SESSION_CACHE, ignore_errors=True)


@pytest.fixture(autouse=True)
def cache_of_test(request):
    """A cache of its own for each test, except for tests that read `ready_run`: they share what is computed from it."""
    with pytest.MonkeyPatch.context() as patched:
        if "ready_run" not in request.fixturenames:
            patched.setenv("XDG_CACHE_HOME", str(Path(os.environ["CUTAWAY_TESTS"], "own", uuid.uuid4().hex)))
        yield


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A new, empty cache for a test that counts or changes what is kept; returns the folder that results lie in."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own-cache"))
    return tmp_path / "own-cache" / "cutaway" / "results"


@pytest.fixture(scope="session")
def made_once():
    """A function that returns a folder of this name, made by the first worker of the session that asks for it.

    It is made where it stays: runs keep the paths of their data.
    """
    import fcntl

    def made(name, make):
        folder = Path(os.environ["CUTAWAY_TESTS"], name)
        whole = Path(f"{folder}.whole")
        with open(f"{folder}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the other workers wait until it is whole
            if not whole.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of a worker whose attempt failed
                folder.mkdir()
                make(folder)
                whole.touch()
        return folder

    return made


class TrainingGuard:
    """Lets only the files of `MAY_TRAIN` train: each training of a test costs seconds, in every `make test`.

    Trainings in child processes are not seen.
    """

    def __init__(self):
        self.allowed = True

    def install(self):
        """Put a check in front of the names by which everything trains; neither Keras nor JAX is loaded yet."""
        from cutaway import training

        def checked(name, module, inner):
            train = getattr(planned, name)

            def check_and_train(*arguments, **settings):
                from cutaway.training import loop

                if getattr(loop, inner) is getattr(getattr(loop, module), inner):  # and no stand-in of a test
                    self.check()
                return train(*arguments, **settings)

            return check_and_train

        def train_model(*arguments, **settings):
            self.check()
            from cutaway.training.loop import train_model

            return train_model(*arguments, **settings)

        training.train_model = train_model
        planned = sys.modules["cutaway.training.plan"]  # nobody else has these two names yet
        for name, *inside in (("train_into", "trainer", "train_model"), ("fold_trainer", "folds", "FoldTrainer")):
            setattr(planned, name, checked(name, *inside))
            setattr(training, name, getattr(planned, name))

    def check(self):
        """Fail where the running test may not train."""
        if not self.allowed:
            pytest.fail("this file may not train: read a run of tests/ready_runs.py, or see MAY_TRAIN there")

    @contextlib.contextmanager
    def off(self):
        """Let a run of `RUNS` be trained."""
        before, self.allowed = self.allowed, True
        try:
            yield
        finally:
            self.allowed = before


GUARD = TrainingGuard()


@pytest.fixture(scope="session")
def ready_run(made_once):
    """A function that opens a run of tests/ready_runs.py by its name, for tests that only read it."""
    import cutaway as ct

    def ready(name):
        with GUARD.off():
            return ct.open_run("latest", runs=made_once(f"run-{name}", RUNS[name]) / "runs")

    return ready


@pytest.fixture
def copied_run(ready_run, tmp_path):
    """A function that opens a copy of a run of tests/ready_runs.py, for a test that changes it."""
    import cutaway as ct

    def copied(name):
        return ct.open_run(shutil.copytree(ready_run(name).path, tmp_path / name))

    return copied


@pytest.fixture(scope="session")
def digits_run(ready_run):
    """The run on scikit-learn's digits, for every test that only reads."""
    return ready_run("digits")


@pytest.fixture(scope="session")
def chromium_flags():
    words = "--no-sandbox --disable-background-networking --disable-component-update --disable-sync --no-first-run"
    return words.split()


@pytest.fixture(scope="session")
def chromium_path():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    reason = "no Chromium on this machine: install the package chromium to run the browser tests"
    if os.environ.get("CUTAWAY_REQUIRE_BROWSER"):
        pytest.fail(reason)
    return pytest.skip(reason)


@pytest.fixture(scope="session")
def playwright(chromium_path):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright, chromium_path, chromium_flags):
    flags = [*chromium_flags, "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    chromium = playwright.chromium.launch(executable_path=chromium_path, args=flags)
    yield chromium
    chromium.close()


@pytest.fixture
def serious_faults():
    """What axe finds on a page that keeps somebody from using it: the rule, where, and what to do."""
    from axe_playwright_python.sync_playwright import Axe

    def find(page, **options):
        return [
            f"{fault['id']}: {node['html'][:160]} {node['failureSummary']}"
            for fault in Axe().run(page, **options).response["violations"]
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]

    return find
