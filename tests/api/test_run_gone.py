"""A run whose folder was deleted after it was opened says so, whatever is asked; one whose data are gone is shown."""

import json
import shutil
from dataclasses import replace

import pytest

import cutaway as ct
from cutaway.errors import RunError
from cutaway.findings import Finding, Remedy
from cutaway.progress import ignore_progress
from cutaway.topics.common.source import ReportSource
from cutaway.topics.findings.images import samples_of


@pytest.fixture(scope="module")
def gone(digits_run, tmp_path_factory):
    folder = shutil.copytree(digits_run.path, tmp_path_factory.mktemp("runs") / "gone")
    run = ct.open_run(folder)
    shutil.rmtree(folder)
    return run


@pytest.mark.parametrize(
    "ask",
    [
        lambda run: run.history,
        lambda run: run.model(),
        lambda run: run.predictions(),
        lambda run: run.activations("dense_1"),
        lambda run: run.units("dense_1", progress=False),
        lambda run: run.layer_history(progress=False),
        lambda run: run.mistakes(1),
        lambda run: run.explain("train[7]"),
        lambda run: run.embed(samples=100, progress=False),
        lambda run: run.embed_epochs(samples=100, progress=False),
        lambda run: run.dynamics(),
        lambda run: run.findings(),
        lambda run: ct.resume(run),
        lambda run: run.folder.checkpoint(),
        lambda run: run.folder.identity(6),
    ],
)
def test_what_is_read_from_it_names_the_folder(ask, gone):
    with pytest.raises(RunError) as raised:
        ask(gone)
    assert str(gone.path) in raised.value.rule


def test_it_can_still_be_shown(gone):
    assert repr(gone).startswith("<Run gone: ")
    assert "gone" in gone._repr_html_()


def test_a_run_whose_history_is_gone_is_no_finished_one(copied_run):
    run = copied_run("digits")
    assert repr(run).startswith(f"<Run {run.path.name}: finished, 6 epochs, ")
    (run.path / "history.jsonl").unlink()
    for again in (run, ct.open_run(run.path)):
        assert repr(again).startswith(f"<Run {run.path.name}: damaged, 0 epochs, ")


def test_findings_of_a_run_whose_data_are_gone_have_no_samples(copied_run, caplog):
    path = copied_run("wine").path
    record = json.loads((path / "run.json").read_text())
    record["dataset"]["origin"]["path"] += ".gone"
    (path / "run.json").write_text(json.dumps(record))
    source = ReportSource(ct.open_run(path).context, ignore_progress)
    leak = Finding("target-leakage", "warning", "Target leakage", "An input.", {}, Remedy("drop it", inputs=(3,)))
    with caplog.at_level("INFO", "cutaway.topics.findings"):
        assert samples_of(source, leak) == samples_of(source, replace(leak, samples=("test[0]",))) == {}
    assert ["target-leakage" in message and ".gone" in message for message in caplog.messages] == [True, True]
    assert samples_of(source, replace(leak, kind="overfitting")) == {"images": ()}, "it needs no data"
