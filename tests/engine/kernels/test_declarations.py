"""What a declared step is refused for, and what makes it another one in the cache."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engine.declared import Params, by_hand

from tickloom import Feature, Gate, step_kernel
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.loading.kernel import load_kernel
from tickloom.engine.loading.plans import step_plan, sweep_plan
from tickloom.errors import PluginError, UsageError


def test_functions_of_features_and_gates_are_part_of_the_key() -> None:
    def plan_keys(**changes: Any) -> set[str]:
        features = {"fast": Feature(params=("span",), init=start, update=same)}
        spec = make(**({"features": features, "gate": Gate(allows=open_)} | changes))
        kernel = Specialised.of(spec)
        plans = (step_plan(kernel), sweep_plan(kernel))
        return {plan.key for plan in plans}

    keys = plan_keys()
    assert keys == plan_keys()
    for changes in (
        one(update=turns_to_pair),
        one(init=start_text),
        {"gate": None},
        {"gate": Gate(allows=never_open)},
        {"features": {"slow": Feature(params=("span",), init=start, update=same)}},
    ):
        assert not keys & plan_keys(**changes), changes


def open_(tick: Any, limits: Any) -> bool:
    return tick.price > 0


def never_open(tick: Any, limits: Any) -> bool:
    return tick.price < 0


def start(tick: Any, constants: Any) -> Any:
    return tick.price


def same(value: Any, tick: Any, constants: Any) -> Any:
    return value


def turns_to_pair(value: Any, tick: Any, constants: Any) -> Any:
    return value, tick.price


def text(value: Any, tick: Any, constants: Any) -> Any:
    return "x"


def start_text(tick: Any, constants: Any) -> Any:
    return "y"


def flat(tick: Any, position: int, constants: Any) -> int:
    return 0


def asks_for_more(tick: Any, position: int, constants: Any) -> int:
    return 1 if tick.slow > 0.0 else 0


def half(tick: Any, position: int, constants: Any) -> Any:
    return 0.5


def number(tick: Any, constants: Any) -> Any:
    return 1


def make(**changes: Any) -> Any:
    features = {"fast": Feature(params=("span",), init=start, update=same)}
    given: dict[str, Any] = {"features": features, "step": flat}
    return step_kernel("declares", columns=("price",), params=Params, **(given | changes))


def one(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"params": ("span",), "init": start, "update": same}
    return {"features": {"fast": Feature(**(given | changes))}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            one(params=("spam",)),
            "feature 'fast' names the parameter 'spam'; parameters: span, slow",
        ),
        (one(params=("span", "span")), "feature 'fast' names a parameter twice: span, span"),
        (
            one(params="span"),
            r"feature 'fast': params must be a tuple, like \('fast',\); found 'sp",
        ),
        (
            one(update=start),
            "update of feature 'fast' must take 3 positional arguments; found start",
        ),
        (one(init=same), "init of feature 'fast' must take 2 positional arguments"),
        (one(prepare=start), "prepare of feature 'fast' must take 1 positional arguments"),
        (
            {"features": {"fast": start}},
            "feature 'fast' must be a tickloom.Feature; found <function",
        ),
        ({"features": {"2": Feature(init=start, update=same)}}, "like 'fast'; found '2'"),
        ({"features": {2: Feature(init=start, update=same)}}, "like 'fast'; found 2"),
        (
            {"features": [Feature(init=start, update=same)]},
            r"features must be a mapping of tick fields, like {'fast': Feature\(...\)}; found \[",
        ),
        ({"features": {"price": Feature(init=start, update=same)}}, "found twice: price"),
        ({"gate": number}, "gate must be a tickloom.Gate; found <function number"),
        (
            {"gate": Gate(allows=flat)},
            "allows of gate must take 2 positional arguments; found flat",
        ),
        ({"gate": Gate(params=("spam",), allows=number)}, "gate names the parameter 'spam'"),
        ({"step": same, "init": start}, "step must take 4 positional arguments; found same"),
        ({"step": by_hand.__class__}, "must be a plain function"),
    ],
)
def test_a_wrong_declaration_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=f"(?s)kernel 'declares'.*{message}"):
        make(**changes)


def test_a_step_with_a_state_needs_an_init() -> None:
    def step(state: Any, tick: Any, position: int, constants: Any) -> Any:
        return state, 0

    with pytest.raises(UsageError, match=r"step \(there is no init, so no state\) must take 3"):
        make(step=step)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (one(update=turns_to_pair), "update of feature 'fast' at .* line .* it got float64 and"),
        (one(init=start_text, update=text), "must return a number or a NamedTuple of numbers; it"),
        ({"step": asks_for_more}, "'slow'.*in columns, clock and features: price, fast"),
        ({"step": half}, "step at .* must return an int as wanted position; it returns float64"),
        ({"gate": Gate(allows=number)}, "allows of gate at .* must return a bool; it returns"),
        (one(update=lambda v, tick, c: tick.fast), "'fast'.*in columns and clock: price"),
    ],
)
def test_types_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=f"(?s)kernel 'declares': .*{message}"):
        load_kernel(make(**changes))


def test_a_feature_whose_constants_cannot_be_prepared_is_named() -> None:
    def fails(span: int) -> Any:
        return 1 / 0

    with pytest.raises(PluginError, match=r"prepare of feature 'fast' failed for 5: ZeroDivision"):
        load_kernel(make(**one(prepare=fails)))
    with pytest.raises(PluginError, match="prepare of feature 'fast' must return a NamedTuple"):
        load_kernel(make(**one(prepare=lambda span: span)))
