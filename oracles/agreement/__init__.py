"""Statistics of recorded or simulated answers alike; numpy, on the host.

Answers are `[N, M]`: N items, M people (or looks), -1 where there is none. Times are
`[T, A]`, in the order in which each of A people worked. A statistic that the answers
cannot give is nan, never 0.
"""

from oracles.agreement.answers import (
    MarkAgreement as MarkAgreement,
    Retest as Retest,
    SharedError as SharedError,
    TimeByCorrectness as TimeByCorrectness,
    accuracy_by_person as accuracy_by_person,
    cohen_kappa as cohen_kappa,
    confusion as confusion,
    fleiss_kappa as fleiss_kappa,
    krippendorff_alpha as krippendorff_alpha,
    mark_agreement as mark_agreement,
    practice_curve as practice_curve,
    retest as retest,
    shared_error as shared_error,
    time_by_correctness as time_by_correctness,
)
from oracles.agreement.redundancy import (
    one_coin_answers as one_coin_answers,
    redundancy_curve as redundancy_curve,
)
