"""What tests do in the playground as a person would, and how they wait for what its state says."""

import time


def state(page, expression, of="playground.controller"):
    there = f"document.body.{of}".replace(".", "?.")  # null until the module of the page has run
    return page.evaluate(f"((held) => held && (({{ state }}) => {expression})(held))({there})")


def wait(page, expression, seconds=30, **of):
    """Wait until an expression of the state is true; the page's policy allows no `wait_for_function`."""
    until = time.monotonic() + seconds
    while not state(page, expression, **of):
        assert time.monotonic() < until, f"not true in {seconds} s: {expression}"
        page.wait_for_timeout(30)


def drawn(page):
    """Wait until all that was asked for is answered, and the answer is drawn, which happens in the frame after it.

    The first frames come first: what a moving pointer changes is asked for in the frame after its last move.
    """
    frames = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    page.evaluate(frames)
    wait(page, "!document.body.playground.controller.isBusy")
    page.evaluate(frames)


def wait_for_message(page, text):
    wait(page, f"document.getElementById('message').textContent.includes({text!r})")


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def learn(page, steps):
    """Press "1 batch" and wait until it was learned."""
    for _ in range(steps):
        before = state(page, "state.frame.step")
        press(page, "1 batch")
        wait(page, f"state.frame?.step === {before + 1}")
