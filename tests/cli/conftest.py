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
