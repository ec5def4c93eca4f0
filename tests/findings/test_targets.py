"""Findings of numbers: what targets and errors show, by facts with known values, and silence on healthy ones."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm, spearmanr
from sklearn.metrics import r2_score

import cutaway as ct
from cutaway.data import TargetFacts, target_facts
from cutaway.findings import RULES, Evidence, run_checks
from cutaway.findings.targets import OF_ERRORS, OF_TARGETS, errors_of_numbers, unusual_targets
from cutaway.metrics import ErrorFacts, error_facts
from cutaway.models import setup_of_spec
from cutaway.topics.doctor.remedy_tests import answers

RANDOM = np.random.default_rng(7)
HEALTHY = TargetFacts("price", 1000, far_share=0.085)
GOOD = ErrorFacts(400, 0.8, (0.75, 0.84), 1.0)


def found(y, *, is_log=False, loss="mean_squared_error"):
    facts = target_facts("y", np.asarray(y, float), is_log=is_log)
    return {each.kind: each for each in unusual_targets(Evidence(targets=(facts,), config={"loss": loss}))}


def of_errors(target=HEALTHY, **changed):
    evidence = Evidence(targets=(target,), errors=(replace(GOOD, **changed),))
    return {each.kind: each for each in errors_of_numbers(evidence)}


@pytest.mark.parametrize(
    "draw",
    [
        lambda random: random.normal(-40, 3, 500),
        lambda random: random.lognormal(12, 0.4, 800),
        lambda random: random.poisson(2, 900),
        lambda random: random.poisson(0.4, 900),
        lambda random: random.gamma(3, 1e26, 600),
        lambda random: random.integers(1, 6, 300),
        lambda random: random.uniform(0, 1e-9, 60),
        lambda random: random.normal(50, 15, 1000).clip(0, 100).round(),
        lambda random: random.integers(100_000, 900_000, 700),
    ],
)
def test_healthy_targets_give_no_warning(draw):
    random = np.random.default_rng(3)
    kinds = [each.kind for _ in range(30) for each in found(draw(random)).values() if each.severity == "warning"]
    assert kinds == []


def test_typing_errors_count_most_and_only_where_errors_are_squared():
    y = RANDOM.normal(200, 30, 1000)
    y[:4] *= 100
    told = found(y)["heavy-tails"]
    assert told.severity == "warning"
    assert "far values" in told.title
    deviations = np.sort((y - np.median(y)) ** 2)
    assert told.evidence["share"] == pytest.approx(deviations[-10:].sum() / deviations.sum())
    assert told.evidence["far"] == 10
    assert found(y, loss="huber") == {}


def test_a_skewed_target_is_proposed_as_logarithm_and_left_alone_once_it_is_one():
    y = RANDOM.lognormal(3, 1.6, 2000)
    told = found(y)["skewed-target"]
    assert (told.severity, told.advice) == ("warning", "Let the model learn the logarithm of the target (log=True).")
    assert found(y, loss="huber")["skewed-target"].severity == "note"
    assert found(y, is_log=True) == {}
    assert "skewed-target" not in found(np.append(y, 0.0))  # 0 has no logarithm


@pytest.mark.parametrize(("is_upper", "end"), [(True, "largest"), (False, "smallest")])
def test_a_limit_is_named_with_its_samples(is_upper, end):
    y = RANDOM.normal(0, 1, 600) * (1 if is_upper else -1)
    cut = np.minimum(y, 1.0) if is_upper else np.maximum(y, -1.0)
    told = found(cut)["limited-target"]
    assert told.severity == "warning"
    assert told.evidence["at_limit"] == (np.abs(cut) == 1.0).sum() - (np.abs(y) == 1.0).sum()
    assert (told.evidence["end"], told.evidence["limit"]) == (end, "1" if is_upper else "-1")
    assert found(np.maximum(RANDOM.normal(0, 1, 600), 0))["limited-target"].severity == "note"


def test_row_numbers_are_an_identifier_and_few_numbers_of_a_wide_range_are_not():
    assert list(found(RANDOM.permutation(400))) == ["identifier-target"]
    pairs = found(RANDOM.permutation(np.arange(0, 4000, 2))[:900])["identifier-target"].evidence["pairs"]
    assert pairs == pytest.approx(900 * 899 / 2 / 4000, rel=0.01)
    assert found(np.append(RANDOM.permutation(400), 5)) == {}  # two are equal
    assert found(RANDOM.permutation(400) + 0.5) == {}


@pytest.mark.parametrize(("values", "step"), [([0.1, 0.3, 0.4, 1.1], 0.1), ([5, 15, 20, 40], 5), ([0, 2, 5], 1)])
def test_the_step_of_a_grid_is_found(values, step):
    assert target_facts("y", np.array(values), is_log=False).step == pytest.approx(step)


def test_numbers_without_a_grid_have_no_step():
    assert target_facts("y", RANDOM.normal(size=50), is_log=False).step == 0


def test_facts_of_errors_are_those_of_scipy_and_scikit_learn():
    y = RANDOM.gamma(4, 10, 300)
    predicted = y * RANDOM.normal(1, 0.2, 300)
    facts = error_facts(y, predicted, is_log=False)
    assert facts.r2 == pytest.approx(r2_score(y, predicted))
    assert facts.interval[0] < facts.r2 < facts.interval[1]
    sizes = np.abs(predicted - y)
    assert facts.p_growth == pytest.approx(spearmanr(predicted, sizes).pvalue)
    order = np.argsort(predicted)
    assert facts.growth == pytest.approx(sizes[order[-60:]].mean() / sizes[order[:60]].mean())
    relative = error_facts(y, predicted.clip(1), is_log=True)
    assert relative.growth < 2 < facts.growth
    assert relative.r2 == pytest.approx(r2_score(y, predicted.clip(1)))


def test_chance_is_as_rare_as_its_p_values_say():
    random, growing, serial = np.random.default_rng(5), [], []
    for _ in range(400):
        predicted = random.normal(size=120)
        facts = error_facts(predicted + random.normal(size=120), predicted, is_log=False)
        growing.append(facts.p_growth)
        serial.append(facts.p_serial)
    for p in (growing, serial):  # of 400, 20 below 0.05 with a standard deviation of 4.4
        assert 5 <= (np.array(p) < 0.05).sum() <= 38


def test_errors_that_drift_along_the_file_are_alike():
    predicted = RANDOM.normal(size=400)
    drift = np.linspace(-2, 2, 400) + RANDOM.normal(size=400)
    facts = error_facts(predicted + drift, predicted, is_log=False)
    assert facts.serial > 0.4
    assert facts.p_serial == pytest.approx(2 * norm.sf(facts.serial * 20))
    shuffled = RANDOM.permutation(400)
    assert abs(error_facts((predicted + drift)[shuffled], predicted[shuffled], is_log=False).serial) < 0.2


def test_good_errors_give_nothing():
    assert of_errors() == {}


def test_growing_errors_call_for_the_logarithm_where_there_is_one():
    grown = {"growth": 4.0, "p_growth": 1e-9}
    assert "interval of one width" in of_errors(**grown)["growing-errors"].advice
    assert "log=True" in of_errors(replace(HEALTHY, log_share=0.08), **grown)["growing-errors"].advice
    assert of_errors(growth=4.0, p_growth=0.01) == of_errors(growth=2.0, p_growth=1e-9) == {}


@pytest.mark.parametrize(("step", "severity"), [(3.0, "warning"), (2.0, "note"), (1.0, None), (0.0, None)])
def test_rounding_is_measured_against_the_error(step, severity):
    told = of_errors(replace(HEALTHY, step=step)).get("rounded-target")
    assert (told and told.severity) == severity
    assert told is None or told.evidence["part"] == pytest.approx(step**2 / 12)


def test_a_model_no_better_than_the_mean_is_named_unless_samples_are_few():
    assert of_errors(r2=-0.1, interval=(-0.2, 0.1))["no-gain"].severity == "warning"
    assert of_errors(r2=0.3, interval=(-0.2, 0.7))["no-gain"].severity == "note"
    assert of_errors(r2=0.05, interval=(0.01, 0.1)) == {}


def test_a_cause_explains_that_nothing_is_learned():
    targets = (TargetFacts("order", 500, pairs=90.0),)
    evidence = Evidence(targets=targets, errors=(replace(GOOD, r2=-0.1, interval=(-0.2, 0.1)),))
    causes = {each.kind: each.cause for each in run_checks(evidence)}
    assert causes == {"identifier-target": None, "no-gain": "identifier-target"}


def test_kinds_of_numbers_are_not_said_to_be_checked_of_classes_nor_the_other_way_round(ready_run):
    homes, digits = (set(ready_run(name).verdict().passed) for name in ("homes", "digits"))
    kinds = {*OF_TARGETS, *OF_ERRORS}
    assert kinds <= set(RULES)
    assert not kinds & digits
    assert not {"class-imbalance", "missed-class", "label-issues", "class-names"} & homes


def test_the_doctor_judges_a_run_of_numbers_and_keeps_what_it_found(ready_run):
    run = ready_run("homes")
    diagnosis = ct.doctor(run, progress=False)
    # its noise multiplies the price
    assert {each.kind for each in diagnosis.findings if each.warns} == {"growing-errors"}
    assert not any("label" in each for each in diagnosis.not_judged)
    assert {*OF_TARGETS, *OF_ERRORS} & set(run.verdict().passed)
    assert run.findings() == diagnosis.findings


def test_remedies_are_judged_by_r2(ready_run):
    run = ready_run("homes")
    told = answers(run.context, run.split.test)
    y, predicted = run.data.y(run.split.test), run.predictions()
    assert told.correct.mean() == pytest.approx(r2_score(y, predicted))
    assert told.loss.mean() == pytest.approx(1 - r2_score(y, predicted))


def test_an_exponential_output_is_fine_for_numbers_alone():
    spec = {"layers": [{"name": "out", "kind": "Dense", "config": {"units": 1, "activation": "exponential"}}]}
    for is_numbers, result in ((True, "fine"), (False, "loss-of-numbers")):
        setup = setup_of_spec(spec, classes=1 if is_numbers else 2, is_numbers=is_numbers, loss="mean_squared_error")
        assert setup.result == result
