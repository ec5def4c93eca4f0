"""What people read in the terminal, compared with the values behind it."""

import functools
import json
import re
import unicodedata

import pytest

from cutaway.api import recipe
from cutaway.cli.output import print_findings, print_table, say, shorten
from cutaway.embedding import Quality
from cutaway.findings import Finding
from cutaway.results.units import MEASURED, points
from cutaway.topics.embedding.result import quality_rows


def test_embed_prints_the_quality_that_the_record_has(cutaway, digits_run):
    embedding = digits_run.embed(split="test", perplexity=12, progress=False)
    code, out, _ = cutaway("embed", digits_run.path, "--split", "test", "--perplexity", "12")
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert ["KL", "divergence", f"{embedding.layout.kl_divergence:.3f}", "after"] in [line[:4] for line in lines]
    assert ["trustworthiness", f"{embedding.quality.trustworthiness:.3f}"] in [line[:2] for line in lines]
    assert ["k-NN", "accuracy,", "layer", f"{embedding.quality.accuracy_layer:.1%}"] in [line[:4] for line in lines]
    assert str(embedding.file) in out


def test_embed_leaves_out_the_quality_when_told(cutaway, digits_run):
    arguments = ("embed", digits_run.path, "--split", "test", "--perplexity", "13", "--no-quality")
    code, out, _ = cutaway(*arguments)
    assert code == 0
    assert "KL divergence" in out
    assert "trustworthiness" not in out
    assert json.loads(cutaway(*arguments, "--json")[1])["quality"] is None


def test_pipes_get_findings_and_tables_without_breaks_and_without_blanks_at_the_end(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    text = " ".join(["a sentence of many words"] * 20)
    findings = [Finding("k", "warning", "One", text, {}, samples=("test[7]",)), Finding("k", "note", "Two", "3.", {})]
    print_findings(findings)
    out = capsys.readouterr().out
    assert out.splitlines() == [f"warning  One. {text}", "         samples: test[7]", "   note  Two. 3."]
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
    assert [row[:2] for row in quality_rows(Quality(0.99704, 0.3168, 15, 2000, 0.9947, 0.9952, errors))] == [
        ("trustworthiness", "0.9970 ± 0.0001"),
        ("neighbors preserved", "31.7% ± 0.3"),
        ("k-NN accuracy, layer", "99.5% ± 0.1"),
        ("k-NN accuracy, map", "99.5%"),
    ]
    found = Quality(
        0.997, 0.317, 15, 1500, triplets=0.683, triplets_error=0.004,
        distance_correlation=0.5, distance_correlation_error=0.012,
    )  # fmt: skip
    assert quality_rows(found) == [
        ("trustworthiness", "0.997", "1 means map neighbors are also neighbors in the layer"),
        ("neighbors preserved", "31.7%", "of the 15 nearest in the layer"),
        ("triplets kept", "68.3% ± 0.4", "pairs whose nearer one is still nearer; chance: 50.0%"),
        ("distance correlation", "0.50 ± 0.01", "of all distances, layer with map"),
    ]


def test_runs_lists_each_run_with_its_accuracy(cutaway, digits_run):
    code, out, _ = cutaway("runs", digits_run.path.parent)
    assert code == 0
    assert digits_run.path.name in out
    assert f"{digits_run.test['accuracy']:.2%}" in out
    assert cutaway("runs") == (0, 'No runs in "runs". Next: cutaway train mnist\n', "")
    code, _, err = cutaway("runs", "elsewhere")
    assert (code, err.splitlines()[0][:43]) == (2, 'error: runs are kept in a folder; got "else')


def test_layers_of_one_layer_and_one_epoch(cutaway, digits_run):
    code, out, _ = cutaway("layers", digits_run.path, "--layer", "dense_1", "--epoch", "2")
    assert code == 0
    assert "Layers after epoch 2" in out
    assert "dense_2" not in out
    for refused, words in [
        (("--layer", "dense_9"), "layers of this run are"),
        (("--history", "--epoch", "1"), "every"),
    ]:
        code, _, err = cutaway("layers", digits_run.path, *refused)
        assert code == 2
        assert words in err


def test_units_print_their_cost_with_its_error_and_the_accuracy_in_points(cutaway, digits_run):
    units = digits_run.units("dense_2", progress=False)
    code, out, _ = cutaway("units", digits_run.path, "--layer", "dense_2", "--limit", "0")
    assert code == 0
    rows: dict[int, str] = {}  # a table that is too wide goes on below
    for line in out.splitlines():
        if re.match(r" *\d+  ", line):
            rows[int(line.split()[0])] = rows.get(int(line.split()[0]), "") + line
    assert rows.keys() == set(range(16))
    ablation = units.ablation
    for unit, line in rows.items():
        assert MEASURED.text(ablation.cost[unit], ablation.cost_error[unit], ablation.measurable[unit]) in line
        assert f" {points(-ablation.accuracy_cost[unit])} " in f"{line} ", line
    assert "-0.00" not in out


@pytest.mark.parametrize(
    ("share", "text"), [(0.0012, "+0.12"), (-0.0005, "-0.05"), (-0.00001, "0.00"), (0.0, "0.00"), (-0.0, "0.00")]
)
def test_points_have_no_sign_where_they_are_zero(share, text):
    assert points(share) == text


@pytest.mark.exhaustive
@pytest.mark.slow
def test_the_demo_trains_embeds_reports_and_says_where_everything_is(cutaway, monkeypatch, tmp_path):
    quick = functools.partial(recipe.train_recipe, "digits", form={"hidden": (32, 16)}, epochs=3)
    monkeypatch.setattr(recipe, "train_recipe", lambda _, **settings: quick(**settings))
    code, out, err = cutaway("demo", "--seed", "3")
    assert code == 0, err
    run = next((tmp_path / "runs").iterdir())
    for told in ("Epoch", "Layers", "trustworthiness", str(run), "cutaway studio"):
        assert told in out
    assert (run / "report.html").read_text().startswith("<!doctype html>")
    assert re.search(r"embedding +(\S+\.npz)", out)
    name = re.search(r"embedding +\S*(embedding-\S+-epoch-\d+)-\S+\.npz", out).group(1)
    assert len(list((run / "results").glob(f"{name}-*"))) == 1, "the report shows the one that was made"


def columns_of(text):
    """Columns of a terminal that a text takes, by Unicode's own table."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@pytest.mark.parametrize("width", ["60", "80", "120"])
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
    out = capsys.readouterr().out
    assert out.count(shown) == 7
    assert all(c.isprintable() for line in out.split("\n") for c in line)
