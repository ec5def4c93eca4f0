"""What people read in the terminal: no line is broken in a pipe, nothing is obeyed, names keep their columns."""

import functools
import io
import re
import unicodedata
from pathlib import Path

import pytest

from cutaway.api import train
from cutaway.checks import warn_user
from cutaway.cli.main import _end, _show
from cutaway.cli.output import print_findings, print_rows, print_table, say, shorten
from cutaway.embedding import Quality
from cutaway.errors import CutawayWarning, Hint
from cutaway.findings import Finding
from cutaway.task import Task
from cutaway.topics.embedding.embedding import quality_rows
from cutaway.words import points


def test_pipes_get_findings_and_tables_without_breaks_and_without_blanks_at_the_end(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    text = " ".join(["a sentence of many words"] * 20)
    findings = [Finding("k", "warning", "One", text, {}, samples=("test[7]",)), Finding("k", "note", "Two", "3.", {})]
    print_findings(findings)
    out = capsys.readouterr().out
    assert out.splitlines() == [f"warning  One (k). {text}", "         samples: test[7]", "   note  Two (k). 3."]
    row = {f"Column {number}": "word " * 7 for number in range(9)}
    print_table([row, row | {"Column 8": ""}])
    head, line, first, second, _ = capsys.readouterr().out.splitlines()[1:]
    assert head.count("Column") == 9
    assert first.count("word") == 63
    assert not [each for each in (head, line, first, second) if each.endswith(" ")]
    monkeypatch.setenv("COLUMNS", "70")
    print_findings(findings)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 70
    assert not [each for each in lines if each.endswith(" ")]


def test_estimates_are_written_with_their_standard_errors():
    errors = {"trustworthiness": 0.00012, "neighbors_preserved": 0.0034, "accuracy_layer": 0.0005}
    assert [row.text for row in quality_rows(Quality(0.99704, 0.3168, 15, 2000, 0.9947, 0.9952, errors), Task())] == [
        "0.9970 ± 0.0001",
        "31.7% ± 0.3",
        "99.5% ± 0.1",
        "99.5%",
    ]


def test_without_quality_none_is_printed(cutaway, digits_run):
    arguments = ("embed", digits_run.path, "--split", "test", "--method", "pca", "--samples", "90")
    assert "trustworthiness" not in cutaway(*arguments, "--no-quality")[1]
    assert "trustworthiness" in cutaway(*arguments)[1]


@pytest.mark.parametrize(("share", "text"), [(0.0012, "+0.12"), (-0.0005, "-0.05"), (-0.00001, "0.00"), (0.0, "0.00")])
def test_points_have_no_sign_where_they_are_zero(share, text):
    assert points(share) == text


@pytest.mark.exhaustive
@pytest.mark.slow
def test_the_demo_trains_embeds_reports_and_says_where_everything_is(cutaway, monkeypatch, tmp_path):
    quick = functools.partial(train.train_recipe, "digits", form={"hidden": (32, 16)}, epochs=3)
    monkeypatch.setattr(train, "train_recipe", lambda _, **settings: quick(**settings))
    code, out, err = cutaway("demo", "--seed", "3")
    assert code == 0, err
    run = next((tmp_path / "runs").iterdir())
    assert str(run) in out
    assert (run / "report.html").read_text().startswith("<!doctype html>")
    assert Path(re.search(r"embedding +(\S+)", out).group(1)).is_file()


def columns_of(text):
    """Columns of a terminal that a text takes, by Unicode's own table."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@pytest.mark.parametrize("width", [pytest.param("60", marks=pytest.mark.exhaustive), "80"])
def test_wide_characters_do_not_move_the_columns_of_a_table(cutaway, monkeypatch, tmp_path, width):
    monkeypatch.setenv("COLUMNS", width)
    names = ["顧客の年齢と性別と住所と電話番号を合わせた長い列の名前", "都市", "🎉 party", "plain"]
    places, labels = ("東京都千代田区丸の内", "大阪"), ("nein", "ja", "ja", "ja")
    rows = [f"{(7 * n) % 40}.5,{places[n % 2]},{n},x{n % 3},{labels[n % 4]}" for n in range(60)]
    lines = [",".join([*names, "label"]), *rows]
    (tmp_path / "wide.csv").write_text("\n".join(lines), encoding="utf-8")
    code, out, err = cutaway("datasets", "wide.csv", "--label", "label")
    assert code == 0, err
    table = [line for line in out.splitlines() if re.search(r" (Type|number|category) ", line)]
    assert len(table) == 6
    starts = {columns_of(line[: re.search(r" (Type|number|category) ", line).start()]) for line in table}
    assert len(starts) == 1, "every type begins in the same column"
    assert all(columns_of(line) <= int(width) for line in out.splitlines() if not line.startswith("  "))


def test_names_are_cut_to_the_columns_of_a_terminal():
    assert shorten("dense_1", 12) == "dense_1"
    assert shorten("a" * 13, 12) == "a" * 11 + "…"
    for name in ("顧客の年齢と性別", "a顧客の年齢と性別", "🎉🎉🎉🎉🎉🎉🎉"):
        assert 11 <= columns_of(shorten(name, 12)) <= 12
    assert shorten("顧客の年齢", 10) == "顧客の年齢"


def test_nothing_in_a_name_is_obeyed_by_the_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")  # no line is broken within a name
    name = "cat\x1b[2J\x07\u202e\x9b1m [bold]"
    shown = r"cat\x1b[2J\x07\u202e\x9b1m [bold]"
    print_findings([Finding("k", "warning", f"Class {name}", f"Of {name}: 3.", {}, samples=(name,), units=(name,))])
    print_table([{"Name": name, "Wide": "x" * 30}], title=f"Of {name}")
    say(f"Tried for {name}.\n")
    _show(lambda words, *_: say(words))(Warning(name), UserWarning)
    _end(name, 1, debug=False)
    with pytest.warns(CutawayWarning) as caught:
        warn_user(f"{name}: " + Hint("try {}", label=name))
    out, err = capsys.readouterr()
    assert (out.count(shown), err.count(shown), str(caught[0].message).count(shown)) == (8, 1, 2)
    assert all(c.isprintable() for line in f"{out}{err}".split("\n") for c in line)


class Rows(list):
    """Names of rows."""

    def columns(self):
        """One column."""
        return {"name": self}


@pytest.mark.parametrize(("is_terminal", "a", "b"), [(True, r"a\x1b[2J", '"b c"'), (False, "a\x1b[2J", '"b\rc"')])
def test_rows_reach_a_terminal_escaped_and_a_pipe_as_they_are(is_terminal, a, b, monkeypatch):
    monkeypatch.setattr("sys.stdout", out := io.StringIO(newline=""))
    out.isatty = lambda: is_terminal
    print_rows([Rows(["a\x1b[2J", "b\rc"])])
    assert out.getvalue() == f"name\n{a}\n{b}\n"
