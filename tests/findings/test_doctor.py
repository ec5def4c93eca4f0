"""The doctor on real runs and on data: what it names, what it cannot judge, and what its proofs measure."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sick_runs import digits, model_of, not_finite, table, train

import cutaway as ct
from cutaway.api.start import start_training
from cutaway.cli import main
from cutaway.data import Split
from cutaway.findings import Finding, Remedy
from cutaway.metrics import compare_trainings
from cutaway.progress import Progress
from cutaway.runs import KeptResult
from cutaway.topics.doctor.judging import Judgment, answers
from cutaway.topics.doctor.proving import Tried, prove, remedy_key
from cutaway.topics.doctor.result import Proof

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def slow_run(tmp_path_factory: pytest.TempPathFactory) -> ct.Run:
    """A run whose learning rate is too low."""
    plain = {"schedule": "constant", "label_smoothing": 0.0}
    runs = tmp_path_factory.mktemp("slow")
    return train(ct.mlp((32,)), *table(400), runs, epochs=4, optimizer="sgd", learning_rate=1e-3, **plain)


def test_a_remedy_is_tried_from_the_same_seed_and_judged_on_the_same_samples(slow_run: ct.Run) -> None:
    before = sorted(path.name for path in slow_run.path.parent.iterdir())
    found = ct.doctor(slow_run, proofs=True, progress=False)
    assert found.findings[0].kind == "learning-rate-too-low"
    proof = next(each for each in found.proofs if each.kind == "learning-rate-too-low")
    again = ct.train_like(slow_run, learning_rate=0.03, runs=slow_run.path.parent.parent, progress=False)
    ours, theirs = (run.predictions().argmax(axis=1) == run.labels() for run in (slow_run, again))
    assert (proof.before, proof.after) == (ours.mean(), theirs.mean())
    assert (proof.fixed, proof.broken) == ((theirs & ~ours).sum(), (ours & ~theirs).sum())
    assert proof.samples == len(ours)
    assert proof.after > proof.before
    assert "goes from" in proof.words
    assert sorted(path.name for path in slow_run.path.parent.iterdir()) == before
    record = next(each for each in found.records() if each["kind"] == "learning-rate-too-low")
    assert json.loads(json.dumps(record)) == record
    assert record["proof"]["fixed"] == proof.fixed


def test_several_trainings_on_each_side_are_compared(slow_run: ct.Run) -> None:
    (finding,) = [each for each in slow_run.findings() if each.kind == "learning-rate-too-low"]
    tried: Tried = {}
    proof = prove(slow_run, finding, seeds=3, tried=tried)
    first = proof.judgments[0]
    assert first.trainings == 3
    before = [answers(slow_run.context, slow_run.split.test), *(tried["", seed][0] for seed in (1, 2))]
    after = [tried[remedy_key(finding.remedy), seed][0] for seed in range(3)]
    found = compare_trainings(*(np.array([each.correct.mean() for each in side]) for side in (before, after)))
    assert (first.before, first.after) == pytest.approx((found.before, found.after))
    assert first.p_value == pytest.approx(found.p_value)
    assert len({each.loss.sum() for each in after}) == 3, "each from a seed of its own"
    assert proof.after == after[0].correct.mean()
    assert "of 3 trainings with it and 3 without it, the accuracy goes from" in proof.words
    assert "newly wrong with the seed of the run." in proof.words
    again = prove(slow_run, finding, seeds=3, tried=tried)
    assert again.judgments == proof.judgments, "nothing is trained twice"
    alone = prove(slow_run, finding, tried=tried)
    assert alone.words.endswith("This compares only these two trainings; others may differ.")


def test_a_muted_finding_keeps_its_reason_comes_last_and_is_not_tried(slow_run: ct.Run) -> None:
    reasons = {"learning-rate-too-low": "a lesson on small rates"}
    found = ct.doctor(slow_run, proofs=True, mute=reasons, seeds=1, progress=False)
    assert [each.kind for each in found.findings if each.muted] == ["learning-rate-too-low"]
    assert found.findings[-1].muted == "a lesson on small rates"
    assert found.to_json()["findings"][-1]["muted"] == "a lesson on small rates"
    assert "learning-rate-too-low" not in {each.kind for each in found.proofs}
    followed = [each.kind for each in ct.doctor(slow_run, progress=False).findings if each.cause in reasons]
    alone = [each for each in found.findings if each.kind in followed and each.cause is None]
    assert "right-tool" in [each.kind for each in alone], "what followed from it stands for itself"
    assert not any(each.cause in reasons for each in found.findings)
    assert found.is_as_serious("warning")
    both = ct.doctor(slow_run, mute={**reasons, "right-tool": "one more"}, progress=False)
    assert not both.is_as_serious("warning")
    assert ct.doctor(slow_run, progress=False).is_as_serious("warning")
    with pytest.raises(ct.CutawayError, match="got 'overfiting'; next: did you mean \"overfitting\""):
        ct.doctor(slow_run, mute={"overfiting": "why"}, progress=False)
    with pytest.raises(ct.CutawayError, match="muted with a reason"):
        ct.doctor(slow_run, mute={"overfitting": " "}, progress=False)


def test_no_proof_begins_after_the_budget(slow_run: ct.Run) -> None:
    (proof, *_) = ct.doctor(slow_run, proofs=True, budget=0, progress=False).proofs
    assert proof.why == "the 0 seconds for proofs were used up"
    assert proof.words.startswith("Not tried: the 0 seconds")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--fail-on", "warning"], 3),
        (["--fail-on", "warning", "--json"], 3),
        (["--fail-on", "warning", "--mute", "learning-rate-too-low=a lesson"], 3),
        (["--fail-on", "warning", "--mute", "learning-rate-too-low=a lesson", "--mute", "right-tool=so is this"], 0),
        ([], 0),
        (["--fail-on", "good"], 2),
        (["--mute", "learning-rate-too-low"], 2),
        (["--mute", "nothing=why"], 2),
    ],
)
def test_a_pipeline_ends_with_a_code_by_severity(slow_run: ct.Run, options: list[str], code: int) -> None:
    slow_run.findings()  # the command has no data, and reads what was measured
    with pytest.raises(SystemExit) as ended:
        main(["doctor", str(slow_run.path), *options])
    assert (ended.value.code or 0) == code


def test_a_proof_that_is_canceled_says_nothing_of_the_remedy(slow_run: ct.Run) -> None:
    finding = next(each for each in ct.doctor(slow_run, progress=False).findings if each.remedy is not None)
    token = ct.CancelToken()

    def cancel(progress: Progress) -> None:
        if progress.task == "training":
            token.cancel()

    with token, pytest.raises(ct.Canceled):
        prove(slow_run, finding, progress=cancel)
    assert token.canceled


@pytest.mark.exhaustive
def test_inputs_and_activations_are_changed_for_a_proof(tmp_path: Path) -> None:
    import keras

    x, y = digits()
    unscaled = train(model_of(keras.layers.Dense(24, "relu")), x * 255, y, tmp_path, epochs=2, scale=1.0)
    (first,) = [
        each
        for each in ct.doctor(unscaled, proofs=True, seeds=1, progress=False).proofs
        if "standardize" in each.remedy
    ]
    assert first.kind == "unscaled-inputs"
    assert first.after > first.before + 0.1
    assert first.p_value is not None
    assert first.p_value < 1e-3
    wide = keras.initializers.RandomNormal(stddev=3.0)
    ends = train(model_of(keras.layers.Dense(24, "tanh", kernel_initializer=wide)), x, y, tmp_path, epochs=2)
    (second,) = [each for each in ct.doctor(ends, proofs=True, seeds=1, progress=False).proofs if "relu" in each.remedy]
    assert second.kind == "saturated-units"
    assert second.after > second.before


@pytest.mark.exhaustive
def test_what_cannot_be_tried_says_why(tmp_path: Path) -> None:
    import keras

    x, y = digits()
    model = model_of(keras.layers.Flatten(), keras.layers.Dense(16, "relu"))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    data = ct.Dataset.from_arrays(x * 255, y, scale=1.0)
    model.fit(x * 255, y, epochs=1, verbose=0, callbacks=[ct.Recorder(tmp_path / "fit", data)])
    found = ct.doctor(ct.open_run(tmp_path / "fit", data=data), proofs=True, progress=False)
    assert found.proofs
    trained = [each for each in found.proofs if each.kind != "miscalibration"]  # a temperature needs no training
    assert trained
    assert all("only a run that cutaway trained" in each.words for each in trained)
    assert any("fit of your own" in sentence for sentence in found.not_judged)


def test_data_are_judged_before_anything_is_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x, y = table(600)
    leak = x.copy()
    leak[:, 4] = y + np.random.default_rng(0).normal(size=600) * 0.01
    found = ct.doctor(leak, y, progress=False)
    assert [each.kind for each in found.findings if each.severity == "warning"] == ["telling-input"]
    assert not [each for each in ct.doctor(x, y, progress=False).findings if each.severity == "warning"]
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "digits", "--json"])
    assert ended.value.code == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["name"] == "digits"
    assert all(each["severity"] != "warning" for each in printed["findings"])


def test_a_run_without_its_data_says_what_it_cannot_judge(slow_run: ct.Run, tmp_path: Path) -> None:
    ct.doctor(slow_run, progress=False)
    (said,) = [each for each in ct.doctor(ct.open_run(slow_run.path), progress=False).not_judged if "loaded" in each]
    assert said.endswith("so that inputs and labels are checked by what was measured before.")
    unmeasured = shutil.copytree(slow_run.path, tmp_path / "unmeasured")
    shutil.rmtree(unmeasured / "results")
    (said,) = [each for each in ct.doctor(ct.open_run(unmeasured), progress=False).not_judged if "loaded" in each]
    assert said.endswith("so that inputs and labels are not checked.")


def test_what_was_measured_is_kept_with_the_run_and_a_damaged_file_is_measured_again(slow_run: ct.Run) -> None:
    first = slow_run.findings()
    (file,) = (slow_run.path / "results").glob("facts-*.safetensors")
    kept = file.read_bytes()
    assert ct.open_run(slow_run.path).findings() == first, "not even the data are needed"
    record = KeptResult.from_bytes(kept).record
    for wrong in ({"judged": "many"}, {"confusion": [7, [9], [0], [1]]}, {"unknown": 1}, None):
        file.write_bytes(b"{" if wrong is None else KeptResult(record | wrong).to_bytes())
        with pytest.warns(ct.CutawayWarning, match="damaged"):
            assert slow_run.findings() == first
        assert file.read_bytes() == kept


def test_rules_are_printed_and_in_every_document(slow_run: ct.Run, capsys: pytest.CaptureFixture[str]) -> None:
    found = ct.doctor(slow_run, progress=False)
    rule = found.findings[0].rule
    assert rule is not None
    assert found.to_pandas()[["rule", "source", "known_as"]].iloc[0].tolist() == [
        rule.words,
        rule.source,
        rule.known_as,
    ]

    def printed(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        assert ended.value.code == 0
        return capsys.readouterr().out

    assert json.loads(printed("show", str(slow_run.path), "--json"))["findings"] == list(found.records())
    assert "rule: " not in printed("doctor", str(slow_run.path))
    lines = " ".join(printed("doctor", str(slow_run.path), "--rules").split())
    for words in (rule.words, rule.source, rule.known_as, f"kind: {rule.kind} "):
        assert words in lines
    assert found.findings[0].title in printed("show", str(slow_run.path))


@pytest.mark.exhaustive
def test_a_training_that_was_ended_by_its_loss_diverged(tmp_path: Path) -> None:
    run = not_finite(tmp_path)
    found = ct.doctor(run, progress=False)
    first = found.findings[0]
    assert (first.kind, first.evidence) == ("divergence", {"epoch": 1, "metric": "loss"})
    assert not any("divergence" in sentence for sentence in found.not_judged)


def test_a_remedy_that_holds_out_other_samples_is_listed_as_not_tried(tmp_path: Path) -> None:
    x, y = digits()
    order = np.argsort(y, kind="stable")
    # the last class is held out but for 9 samples, and so are 20 of the training samples
    first, rest = np.r_[order[:-160], order[-9:]], np.r_[order[-160:-9], order[:20]]
    run = train(ct.mlp((8,)), x[first], y[first], tmp_path, epochs=1, x_test=x[rest], y_test=y[rest])
    findings = {each.kind: each for each in run.findings()}
    for kind in ("missing-shuffling", "repeated-samples"):
        proof = prove(run, findings[kind])
        assert "on which accuracies cannot be compared" in proof.words
        assert proof.judgments == ()
    words, command = run.verdict().next_step, run.verdict().command
    assert words == "Next: shuffle all samples before they are divided into training, validation and test samples."
    assert command is None


def test_a_remedy_is_tried_on_the_split_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pandas

    x, y = table(240, inputs=5)
    frame = pandas.DataFrame(x * 300 + 2000, columns=list("abcde")).assign(label=y, house=np.arange(240) // 6)
    data = ct.load_dataset(frame, label="label", group="house")
    run = ct.train(ct.mlp((8,)), data, epochs=2, runs=tmp_path, progress=False)
    splits: list[Split] = []

    def noted(*given: Any, split: Split, **settings: Any) -> ct.Run:
        splits.append(split)
        return start_training(*given, split=split, **settings)

    monkeypatch.setattr("cutaway.topics.doctor.proving.start_training", noted)
    weights = Remedy("draw first weights by Keras' default initializers", change="default-weights")
    proof = prove(run, Finding("low-rank", "warning", "", "", {}, weights))
    assert splits == [run.split], "houses are in one part only"
    assert proof.samples == len(run.split.test)


@pytest.mark.exhaustive
def test_where_no_training_helps_the_finding_says_what_does_and_why_there_is_no_proof(tmp_path: Path) -> None:
    x, y = table(1500)
    run = train(ct.mlp((32,)), x[:1100], y[:1100], tmp_path, epochs=4, x_test=x[1100:] + 1.0, y_test=y[1100:])
    found = ct.doctor(run, proofs=True, seeds=1, progress=False)
    proofs = {each.kind: each for each in found.proofs}
    (finding,) = [each for each in found.findings if each.kind == "shifted-test-samples"]
    assert "no proof" in finding.text
    assert proofs[finding.kind].why
    assert not proofs[finding.kind].helped
    (follows,) = [each for each in found.findings if each.kind == "test"]
    assert (follows.cause, follows.remedy) == ("shifted-test-samples", None)
    assert "test" not in proofs
    assert "take test samples like those that the model will see" in proofs["shifted-test-samples"].remedy


@pytest.mark.exhaustive
def test_a_temperature_is_proved_without_a_training(tmp_path: Path) -> None:
    run = train(ct.mlp((32,)), *digits(), tmp_path, epochs=4, label_smoothing=0.5)
    (proof,) = [each for each in ct.doctor(run, proofs=True, progress=False).proofs if each.kind == "miscalibration"]
    before, after = (run.calibration().scores, run.calibration().scaled_scores)
    assert after is not None
    (error, loss) = proof.judgments
    assert (error.measure, loss.measure) == ("calibration error", "loss")
    assert (error.before, error.after) == pytest.approx((before.ece_equal_mass, after.ece_equal_mass), abs=1e-6)
    assert (loss.before, loss.after) == pytest.approx((before.log_loss, after.log_loss), abs=1e-6)
    assert error.interval[0] <= error.after - error.before <= error.interval[1]
    assert proof.helped
    assert (proof.fixed, proof.broken, proof.seconds) == (0, 0, 0.0)


def test_a_remedy_that_makes_a_run_worse_says_so() -> None:
    better = Judgment("loss", 0.5, 0.4, (-0.2, -0.05), 0.001, trainings=5)
    worse = Judgment("accuracy", 0.9, 0.8, (-0.12, -0.08), 0.001, trainings=5)
    proof = Proof("overfitting", "stop earlier", 0.9, 0.8, (better, worse), broken=100, samples=1000)
    assert proof.helped
    assert proof.worse == ("accuracy",)
    assert proof.words.endswith("The remedy makes the accuracy worse.")
    by_chance = replace(proof, judgments=(better, replace(worse, p_value=0.2)))
    assert by_chance.worse == ()
    assert "worse" not in by_chance.words
    both = replace(proof, judgments=(replace(better, before=0.3), worse))
    assert not both.helped
    assert both.words.endswith("The remedy makes the loss and the accuracy worse.")
    assert replace(proof, kind="telling-input").worse == ()
    balanced = replace(better, measure="balanced accuracy", before=0.6, after=0.7)
    assert replace(proof, judgments=(balanced, worse)).worse == ()


def test_a_proof_on_one_sample_says_so() -> None:
    judgment = Judgment("accuracy", 0.0, 1.0, (0.0, 1.0), 1.0)
    proof = Proof("overfitting", "stop earlier", 0.0, 1.0, (judgment,), fixed=1, samples=1)
    assert proof.words.startswith("On 1 test sample, the accuracy")
    assert replace(proof, samples=1000, split="val").words.startswith("On 1,000 validation samples, the")


@pytest.mark.parametrize("first", ["normalization", "batch normalization", "nothing"])
def test_inputs_are_measured_after_the_layers_that_prepare_them(tmp_path: Path, first: str) -> None:
    import keras

    x, y = table(300)
    x[:, 5] = x[:, 5] * 1e5 + 1e6
    layers: list[Any] = []
    if first == "normalization":
        layers = [keras.layers.Normalization(mean=x.mean(axis=0), variance=x.var(axis=0))]
    if first == "batch normalization":
        layers = [keras.layers.BatchNormalization()]
    model = keras.Sequential(
        [keras.Input((12,)), *layers, keras.layers.Dense(8, "relu"), keras.layers.Dense(2, "softmax")]
    )
    found = {each.kind: each for each in train(model, x, y, tmp_path, epochs=2, scale=1.0).findings()}
    assert not {"double-scaling", "uneven-inputs"} & found.keys()
    if first == "nothing":
        assert "Column 6 is about" in found["unscaled-inputs"].text
    else:
        assert not {"unscaled-inputs", "exploding-gradients"} & found.keys()
    assert {each.cause for each in found.values() if each.severity == "good"} <= {None}


def test_the_last_line_names_what_judges_labels_until_it_has(slow_run: ct.Run) -> None:
    before = ct.doctor(slow_run, progress=False).not_judged
    assert before[-1].endswith(f"cutaway labels {slow_run.path} --data FILE.npz")
    slow_run.label_issues(folds=2, seeds=1, epochs=1, progress=False)
    after = ct.doctor(slow_run, progress=False).not_judged
    assert after == before[:-1]
