"""Diabetes: how far a disease went within a year, of 442 patients."""

import numpy as np

from hitl_sim.task.data import RawTask
from hitl_sim.task.group import block_groups
from hitl_sim.task.number import read_numbers
from hitl_sim.task.standard import standardise
from oracles import part


@part.task(version=1)
def diabetes(*, num_groups: int | None = None) -> RawTask:
    """Load the patients that scikit-learn ships: age, sex, body and six of blood.

    Args:
        num_groups: a divisor of the 10 columns; `None` for one group per column.

    Returns:
        The task, of which a number is asked.

    Raises:
        ValueError: `num_groups` does not divide the columns.

    References:
        Efron, Hastie, Johnstone, Tibshirani (2004), Least angle regression, Annals of
        Statistics 32(2), 407-499, table 1.
    """
    from sklearn import datasets  # noqa: PLC0415

    found = datasets.load_diabetes(scaled=False)
    columns = [str(name) for name in found.feature_names]
    groups, group_names = block_groups(columns, num_groups)
    numbers = read_numbers(np.asarray(found.target, np.float64), "'diabetes'")
    return RawTask(
        name="diabetes",
        source=(
            "diabetes patients of scikit-learn (Efron et al. 2004): 442 of them, a "
            "measure of how far the disease went one year after; each column "
            f"standardised over all items, and {numbers.words}"
        ),
        kind="table",
        features=standardise(np.asarray(found.data, np.float64)),
        labels=numbers.values,
        class_names=(),
        size=np.ones(len(numbers.values)),
        groups=groups,
        group_names=group_names,
        problem="regression",
        scale=numbers.scale,
    )
