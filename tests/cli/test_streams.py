"""What becomes of a command whose output goes nowhere: closed, onto a full device, or to a reader that left."""

import os
import subprocess
import sys

import numpy as np
import pytest

PROGRAM = f'"{sys.executable}" -c "from cutaway.cli import main; main()"'
FULL = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is of Linux")


def shell(command, folder):
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=folder)


# in the second one only standard error goes into the pipe, whose reader has left
ENDINGS = [
    ">answer 2>&-",
    "2>&1 >answer | true; exit ${PIPESTATUS[0]}",
    pytest.param(">answer 2>/dev/full", marks=[FULL, pytest.mark.exhaustive]),
]


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_training_whose_progress_nobody_sees_finishes(ending, tmp_path):
    done = shell(f"{PROGRAM} train digits --hidden 4 --epochs 1 --runs runs {ending}", tmp_path)
    assert done.returncode == 0, done.stderr
    shown = shell(f"{PROGRAM} runs runs --json", tmp_path)
    assert '"status": "finished"' in shown.stdout


@FULL
@pytest.mark.parametrize(
    "arguments",
    ["datasets --json", *(pytest.param(each, marks=pytest.mark.exhaustive) for each in ("--version", "--help"))],
)
def test_an_answer_that_cannot_be_written_is_one_line(arguments, tmp_path):
    done = shell(f"{PROGRAM} {arguments} >/dev/full", tmp_path)
    assert done.returncode == 1
    assert (done.stderr[:7], done.stderr.count("\n"), "No space left" in done.stderr) == ("error: ", 1, True)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc, where no file can be made, is of Linux")
@pytest.mark.parametrize(
    "command",
    [
        "samples RUN -o /proc/file.csv",
        "samples RUN -o /proc/file.parquet",
        "predict RUN samples.npy -o /proc/file.jsonl",
        "export RUN --to /proc/file.keras",
        *(
            pytest.param(f"label-issues RUN {where} --folds 2 --seeds 1 --epochs 1", marks=pytest.mark.exhaustive)
            for where in ("-o /proc/file.csv", "--images /proc/file.png")
        ),
    ],
)
def test_a_file_that_cannot_be_written_is_one_line(command, cutaway, digits_run, tmp_path):
    np.save(tmp_path / "samples.npy", digits_run.data.inputs(digits_run.split.test)[:5])
    code, _, err = cutaway(*(str(digits_run.path) if word == "RUN" else word for word in command.split()))
    assert code == 2
    assert "/proc/file" in err.splitlines()[-1]


@pytest.mark.exhaustive
@pytest.mark.skipif(sys.platform == "win32", reason="the limit on the size of files is of Unix")
def test_an_answer_beyond_the_limit_on_files_is_one_line(tmp_path):
    done = shell(f"ulimit -f 0; {PROGRAM} datasets >answer", tmp_path)
    assert done.returncode == 1
    assert (done.stderr[:7], "File too large" in done.stderr) == ("error: ", True)


@pytest.mark.parametrize(
    "arguments",
    ["datasets", *(pytest.param(each, marks=pytest.mark.exhaustive) for each in ("--version", "show nothing"))],
)
def test_closed_streams_are_no_reason_for_a_traceback(arguments, tmp_path):
    assert shell(f"{PROGRAM} {arguments} >&-", tmp_path).stderr.count("\n") <= 1
    assert shell(f"{PROGRAM} {arguments} 2>&-", tmp_path).returncode in (0, 2)
    piped = shell(f"{PROGRAM} {arguments} | true", tmp_path)
    assert "Traceback" not in piped.stderr
    assert "Exception" not in piped.stderr


def test_a_program_ends_before_python_is_taken_apart_and_after_all_else(tmp_path):
    program = """
import os, sys, threading, time
from cutaway.cli import main
leave = os._exit
os._exit = lambda code: (os.write(1, b"left\\n"), leave(code))
threading.Thread(target=lambda: (time.sleep(0.2), print("joined"))).start()
sys.argv[1:] = ARGUMENTS
main()
"""
    (tmp_path / "program.py").write_text(program.replace("ARGUMENTS", repr(["show", "nothing"])))
    done = shell(f'"{sys.executable}" program.py', tmp_path)
    assert (done.returncode, done.stdout.split()[-2:]) == (2, ["joined", "left"]), done.stdout


def test_stopping_the_program_while_it_loads_is_one_line(tmp_path):
    """A module in the place of one that is loaded first raises what Ctrl-C raises there."""
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    done = subprocess.run(
        [sys.executable, "-m", "cutaway", "runs"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (130, "", 1)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_compiled_programs_that_are_damaged_are_one_note(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("JAX_COMPILATION_CACHE_DIR", "PYTHONWARNINGS"):
        monkeypatch.delenv(name)
    train = f"{PROGRAM} train digits --hidden 4 --epochs 1 --runs runs 2>&1 >answer"
    assert "note:" not in shell(train, tmp_path).stdout
    programs = list(tmp_path.glob("cache/cutaway/xla-*/*-cache"))
    assert len(programs) > 2
    for program in programs:
        program.write_bytes(program.read_bytes()[:40])
    said = shell(train, tmp_path).stdout
    assert said.count("note:") == 1
    assert "Warning" not in said


@pytest.mark.exhaustive
@pytest.mark.parametrize(("encoding", "shown"), [("ascii", "yes-1"), ("cp437", "yes-1"), ("utf-8", "yes–1")])
def test_a_terminal_of_another_encoding_shows_plain_characters(encoding, shown, tmp_path):
    """Tables are drawn with lines of ASCII there, and dashes and points as well."""
    lines = ["x,label", *(f"{k % 7},{'yes–1' if k % 2 else 'no–ž'}" for k in range(40))]
    (tmp_path / "rows.csv").write_text("\n".join(lines), encoding="utf-8")
    program = [sys.executable, "-c", "from cutaway.cli import main; main()", "datasets", "rows.csv", "--label", "label"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "100"}
    done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode(encoding)
    assert shown in text
    assert ("─" in text) == (encoding == "utf-8")
    assert ("no-\\u017e" in text) == (encoding != "utf-8"), "what has no ASCII stays readable"
