"""Work on a run whose data have gone for a while: it is said, and nothing of it is kept."""

import pytest

import cutaway as ct
from cutaway.errors import DataError
from cutaway.jobs import PartStore
from cutaway.jobs.job_context import JobContext
from cutaway.jobs.page_work import PartMaker
from cutaway.jobs.specifications import CompareJob, DoctorJob, ExploreJob, SheetJob
from cutaway.progress import ignore_progress

JOBS = (ExploreJob(run="a"), SheetJob(run="a"), CompareJob(run="b", other="a"), DoctorJob(run="a"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two runs on a table."""
    folder = tmp_path_factory.mktemp("gone")
    points = [((7 * k) % 13, (5 * k) % 11) for k in range(200)]
    rows = [f"{x},{y},{'left' if x + y < 11 else 'right'}\n" for x, y in points]
    (folder / "table.csv").write_text("x,y,kind\n" + "".join(rows))
    settings = {"epochs": 2, "progress": False, "runs": folder / "runs"}
    table = ct.load_dataset(folder / "table.csv", label="kind")
    for name in ("a", "b"):
        ct.train(ct.mlp((4,)), table, **settings).path.rename(folder / "runs" / name)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("job", "gone"), [*((job, True) for job in JOBS), (JOBS[-1], False)])
def test_what_needs_data_that_are_not_there_fails_and_leaves_no_part(folder, tmp_path, job, gone):
    def make(maker):
        maker.make(job, JobContext(folder / "runs", "0" * 32, ignore_progress, lambda name: None))

    table, kept = folder / "table.csv", (folder / "table.csv").read_bytes()
    maker = PartMaker(PartStore(tmp_path))
    try:
        table.unlink() if gone else table.write_bytes(kept.replace(b"left", b"top"))
        with pytest.raises(
            DataError, match="the data of a run are where they were" if gone else "trained on data with"
        ):
            make(maker)
        assert maker.store.names("0" * 32) == []
    finally:
        table.write_bytes(kept)
    make(maker)  # by the same process
    assert "index" in maker.store.names("0" * 32)
