"""A file that crashes the library which reads it is one line in Python, in the terminal and in the studio."""

import base64
import zlib
from functools import partial

import pyarrow as pa
import pytest
from pyarrow import parquet

from cutaway.cli import main
from cutaway.data import load_dataset, look_at_table
from cutaway.errors import DataError, UsageError
from cutaway.jobs import Survey, survey_work
from cutaway.jobs.specifications import JobContext

CRASHES = (
    "c-oayy=ogl5T4yTUF4raGM;4@4x++ZE^rpIi9`w!;U*+-g-GSXjchNDL4Q8U_C80*1Gx4BxNsF*<sH(9lrD@&6;fsPq)US3#>+6XH$UGuv%_`vKJK8"
    "872Hb5zy?661=*Rl=k`|{0V9lKv{=FbgHRUpNPe5PMHD^ZEtkn`CM%@N{qHwU*4Wy$JH%GU*9ieSQhDG}PHK(|WKL3J20mR5d*_D8DeoV76C#iDr0;?mz"
    "C7ThE#u{_51;=Rcsv-J_XT`m340%FG0xcE$?}ja=E(x0C%hSRyjdds^18_&bp6km$KFb!RlNqtV0`q+^t%`Uu2#8Z7I2-ce>qH#tB{0L(4f!W>3D)1gT%"
    "di!_OUrQU&?K^i1CjCLpW|RZByNtEvG(Nf91$VZ{$7?wNkCi_cq&iruR?8lc%Zv|a^DM;!_~j`amc)@w%dm5Fam-*NquEv;Y)OH4gQa9|g3{v7U2Hd?0g"
    "xd?m4#1}3enEvhQTkm-*Se`;#tKMa+aCJ8YVRcbl6(FjNy6M@unQR}8M%&#q9bQ&0OgcUt4l29NTD`WTTC|b5z#Ub0=+F2AH%xgw"
)
"""A Parquet file of 60 rows in which a bit of byte 413, in the footer, is flipped: pyarrow 26 aborts on it."""


def test_it_is_one_line_everywhere(tmp_path, capsys):
    bad, good = tmp_path / "bad.parquet", tmp_path / "good.parquet"
    bad.write_bytes(zlib.decompress(base64.b85decode(CRASHES)))
    context = JobContext(tmp_path, "key", lambda progress: None, lambda part: None)
    survey = Survey(data=str(bad), options={"label": "word"})
    for use in (
        partial(load_dataset, bad, label="word"),
        partial(look_at_table, bad),
        partial(survey_work.run, survey, context),
    ):
        with pytest.raises((DataError, UsageError), match=r"cannot read the Parquet file .*bad\.parquet"):
            use()
    with pytest.raises(SystemExit) as ended:
        main(["train", str(bad), "--label", "word"])
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (1, "")
    assert "cannot read the Parquet file" in err.splitlines()[-1]
    parquet.write_table(pa.table({"x": [0.5, 0.2, 1.5] * 9, "label": ["u", "v", "v"] * 9}), good)
    assert load_dataset(good, label="label").labels["train"].tolist() == [0, 1, 1] * 9
