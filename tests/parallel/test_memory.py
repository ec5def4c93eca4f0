import os
import sys

import pytest

from cutaway.errors import DataError
from cutaway.parallel import ask_memory, free_memory, memory


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has SC_AVPHYS_PAGES")
def test_free_memory_is_less_than_the_machine_has_and_more_than_is_unused():
    page = os.sysconf("SC_PAGE_SIZE")
    assert 0.5 * page * os.sysconf("SC_AVPHYS_PAGES") < free_memory() < page * os.sysconf("SC_PHYS_PAGES")


def test_what_is_larger_than_the_free_memory_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 2_000_000_000)
    words = {"what": "images", "got": "nine of them", "hint": "make them smaller"}
    ask_memory(2_000_000_000, **words)
    with pytest.raises(DataError, match=r"3\.5 GB.* 2\.0 GB"):
        ask_memory(3_500_000_000, **words)
