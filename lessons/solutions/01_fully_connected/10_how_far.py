"""Exercise 10 of lessons/01_fully_connected: how far a fully connected network can go."""

from _lesson import DATASET, data, folder

import cutaway as ct

# --- the solution, as in the notebook ---

train, test = data.sources["train"], data.sources["test"]
digits_6000 = ct.Dataset.from_arrays(
    train.x[:6000], train.y[:6000], x_test=test.x, y_test=test.y, scale=data.scale
)
steps = {
    "as they are": {},
    "virtual adversarial": {"virtual_adversarial": 2.0},
    "shifted": {"augment": "shift=0.05"},
    "bent": {"augment": "elastic=0.03"},
    "all": {"augment": "shift=0.05, rotation=11, scale=0.15, shear=0.15, elastic=0.03"},
}
settings = {"epochs": 20, "batch_size": 128, "schedule": "one-cycle", "runs": folder.name}
errors = {}
for step, change in steps.items():
    tried = ct.train(ct.mlp((512, 512)), digits_6000, **settings, **change, progress=False)
    errors[step] = 1 - tried.test["accuracy"]
    print(f"{step:20} {errors[step]:.2%} of the test digits are wrong")

# A shifted or bent digit is still the same digit, and the model sees 90,000 different ones instead of
# 4,500. That is why knowing about images helps more than `virtual_adversarial`, which does not.
if DATASET == "mnist":
    assert errors["virtual adversarial"] < errors["as they are"]
    assert max(errors["shifted"], errors["bent"]) < 0.75 * errors["as they are"]
    assert errors["all"] < 0.6 * errors["as they are"]
