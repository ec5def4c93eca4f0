"""What tests of runs share."""

import pytest


@pytest.fixture
def run_cli(capsys):
    """Calls the command line, and gives what it prints."""
    from cutaway.cli.main import main

    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(each) for each in arguments])
        out, err = capsys.readouterr()
        assert end.value.code in (None, 0), err
        return out

    return call
