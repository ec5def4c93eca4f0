"""A run whose folder was deleted after it was opened says so, whatever is asked."""

import shutil

import pytest

import cutaway as ct
from cutaway.errors import RunError


@pytest.fixture(scope="module")
def gone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    run = ct.train(ct.mlp((8,)), "digits", epochs=2, runs=folder, progress=False)
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
        lambda run: run.embed(points=100, progress=False),
        lambda run: run.embed_epochs(points=100, progress=False),
        lambda run: run.dynamics(),
        lambda run: run.findings(),
        lambda run: ct.resume(run),
        lambda run: run.folder.checkpoint(),
        lambda run: run.folder.results,
    ],
)
def test_what_is_read_from_it_names_the_folder(ask, gone):
    with pytest.raises(RunError) as raised:
        ask(gone)
    assert raised.value.got == f"no folder {gone.path}"


def test_it_can_still_be_shown(gone):
    assert repr(gone) == f"<Run {gone.path.name}: its folder is gone>"
    assert "its folder is gone" in gone._repr_html_()


def test_a_run_whose_history_is_gone_is_no_finished_one(tmp_path):
    run = ct.train(ct.mlp((8,)), "digits", epochs=1, runs=tmp_path, progress=False)
    assert repr(run).startswith(f"<Run {run.path.name}: finished, 1 epoch, ")
    (run.path / "history.jsonl").unlink()
    for again in (run, ct.open_run(run.path)):
        assert repr(again).startswith(f"<Run {run.path.name}: damaged, 0 epochs, ")
