"""Work on a run whose data have gone for a while: it is said, and nothing of it is kept."""

import json
import shutil

import pytest

from cutaway.errors import DataError
from cutaway.jobs import page_work
from cutaway.jobs.specifications import JobContext, SectionJob
from cutaway.jobs.store import part_names
from cutaway.progress import ignore_progress


@pytest.fixture
def folder(ready_run, tmp_path, own_cache):
    """Two runs on a table, whose data are beside the folder of runs."""
    trained = ready_run("table").path
    table = tmp_path / "table.csv"
    shutil.copy(trained.parents[1] / "table.csv", table)
    for name in ("a", "b"):
        shutil.copytree(trained, tmp_path / "runs" / name)
        manifest = json.loads((tmp_path / "runs" / name / "run.json").read_text())
        manifest["dataset"]["origin"]["path"] = str(table)
        (tmp_path / "runs" / name / "run.json").write_text(json.dumps(manifest))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("job", "gone"),
    [
        pytest.param(SectionJob(kind="explore", run="a"), True, marks=pytest.mark.exhaustive),
        (SectionJob(kind="sheet", run="a"), True),
        pytest.param(SectionJob(kind="compare", run="b", against="a"), True, marks=pytest.mark.exhaustive),
        (SectionJob(kind="sheet", run="a"), False),
    ],
)
def test_what_needs_data_that_are_not_there_fails_and_leaves_no_part(folder, job, gone):
    def make():
        page_work.run(job, JobContext(folder / "runs", "0" * 32, ignore_progress, lambda name: None))

    table = folder / "table.csv"
    kept = table.read_bytes()
    table.unlink() if gone else table.write_bytes(kept.replace(b"yes", b"yep"))
    with pytest.raises(DataError):
        make()
    assert part_names("0" * 32) == []
    table.write_bytes(kept)
    make()  # by the same process
    assert "index" in part_names("0" * 32)
