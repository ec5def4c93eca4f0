"""Lines and tables in terminals of 60, 80 and 120 columns."""

import os
import pty
import struct
import sys
import termios
from fcntl import ioctl

import pytest

from cutaway.cli.output import columns_of, print_findings, print_table, say, wrapped
from cutaway.findings import Finding

SENTENCE = "Trial 21 has the lowest validation loss of 5 trials: 0.8152, and 0.8172 is expected on new samples."


@pytest.fixture
def terminal():
    """A stream that is a terminal, whose width can be set."""
    near, far = pty.openpty()
    with os.fdopen(near), os.fdopen(far, "w") as stream:

        def of_width(columns):
            ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
            return stream

        yield of_width


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_break_between_words(terminal, width):
    lines = wrapped(SENTENCE, terminal(width)).split("\n")
    assert max(map(len, lines)) <= width
    assert " ".join(lines) == SENTENCE
    assert len(lines) == -(-len(SENTENCE) // width)


def test_a_command_is_never_broken_and_has_a_line_of_its_own_where_it_is_long(terminal):
    command = "cutaway train people.csv --hidden 198 --dropout 0.18799687464382409 --learning-rate 0.0010266"
    assert wrapped(f"Then train it:  {command}", terminal(60)) == f"Then train it:\n{command}"
    assert wrapped(f"Next: {command[:30]}", terminal(60)) == f"Next: {command[:30]}"


def test_a_value_goes_on_below_its_beginning(terminal):
    line = "  config   epochs 13, batch_size 32, optimizer adam, learning_rate 0.001, momentum 0.0"
    assert wrapped(line, terminal(60)).split("\n") == [
        "  config   epochs 13, batch_size 32, optimizer adam,",
        "           learning_rate 0.001, momentum 0.0",
    ]
    path = "  file     /a/path/without/a/space/that/is/longer/than/the/terminal/is/wide"
    assert wrapped(path, terminal(60)) == path


def test_what_stands_in_columns_stays_in_columns(terminal):
    line = "trial   4  stopped early  val_loss 0.8342   1 epoch    0.8 s  optimizer adam, layers 1, units 183"
    assert wrapped(line, terminal(60)).split("\n") == [
        "trial   4  stopped early  val_loss 0.8342   1 epoch    0.8 s",
        "           optimizer adam, layers 1, units 183",
    ]


def test_wide_characters_count_twice(terminal):
    assert wrapped("顧客の年齢 " * 8 + "end", terminal(60)).split("\n")[0] == " ".join(["顧客の年齢"] * 5)


def test_pipes_and_files_get_lines_as_they_are(tmp_path, capsys):
    with open(tmp_path / "out", "w") as file:
        assert columns_of(file) is None
        assert wrapped(SENTENCE, file) == SENTENCE
    say(SENTENCE)
    assert capsys.readouterr().out == f"{SENTENCE}\n"
    assert columns_of(sys.stdout) is None


ROW = {
    "Run": "20261127-111753-customers-9421",
    "Model": "36-424-424-424-3",
    "Test acc.": "65.25%",
    "95% interval": "62.51 to 67.89",
    "Parameters": "377,363",
}


@pytest.mark.parametrize(("width", "tables"), [(60, 2), (80, 2), (120, 1)])
def test_a_table_that_does_not_fit_goes_on_below_with_its_first_column(capsys, monkeypatch, width, tables):
    monkeypatch.setenv("COLUMNS", str(width))
    print_table([ROW, {**ROW, "Run": "b"}], title="Runs")
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert max(map(len, lines)) <= width
    assert out.count(ROW["Run"]) == out.count("Run ") == tables
    assert out.count("Runs") == 1
    for name, cell in ROW.items():
        # a heading is broken between its words where space is narrow, a cell never
        assert all(any(word in line for line in lines) for word in name.split()), name
        assert any(cell in line for line in lines), cell


def test_names_with_digits_stand_left_and_numbers_right(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    print_table([{"Run": "20261127-1117", "n": "1,200", "x": "-0.5"}, {"Run": "20261127-1", "n": "7", "x": "1.0e-03"}])
    assert capsys.readouterr().out.splitlines()[-2].rstrip() == " 20261127-1         7  1.0e-03"


def test_a_cell_wider_than_the_terminal_is_folded(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    print_table([{"Run": "a", "Settings": "x" * 150}])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 60
    assert out.count("x") == 150


def test_findings_stand_beside_their_mark(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    names = tuple(f"sample[{1000 + n}]" for n in range(7))
    print_findings(
        [Finding("k", "warning", "A title", SENTENCE, {}, samples=names), Finding("k", "good", "B", "Ok.", {})]
    )
    first, *others, last = capsys.readouterr().out.splitlines()
    assert first.startswith("warning  A title (k). Trial 21 ")
    assert last.rstrip() == "     ok  B (k). Ok."
    assert all(line.startswith(" " * 9) and line[9] != " " for line in others)
    assert max(map(len, (first, *others))) <= 60
    told = " ".join(line[9:].rstrip() for line in (first, *others))
    assert told == f"A title (k). {SENTENCE} samples: {', '.join(names[:5])} and {len(names) - 5} more"
