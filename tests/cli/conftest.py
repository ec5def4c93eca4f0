import functools

import pytest

from cutaway.cli import main


@pytest.fixture
def cutaway(capsys, tmp_path, monkeypatch):
    """Run the program in this process, in an empty folder: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return end.value.code, out, err

    return call


@pytest.fixture
def asked(digits_run, monkeypatch):
    """What commands ask the functions that train for, (name, arguments, options); each answers with a ready run."""
    calls = []

    def answer(called, /, *given, **options):
        calls.append((called, given, options))
        return digits_run

    for place in ("cutaway.api.train.train_recipe", "cutaway.api.train.train_like", "cutaway.api.train.resume"):
        monkeypatch.setattr(place, functools.partial(answer, place.rpartition(".")[2]))
    return calls
