"""Statistics of recorded or simulated answers alike; numpy, on the host.

Answers are `[N, M]`: N items, M people (or looks), -1 where there is none. Times are
`[T, A]`, in the order in which each of A people worked. A statistic that the answers
cannot give is nan, never 0.
"""

from oracles.agreement.answers import MarkAgreement as MarkAgreement
from oracles.agreement.answers import Retest as Retest
from oracles.agreement.answers import SharedError as SharedError
from oracles.agreement.answers import TimeByCorrectness as TimeByCorrectness
from oracles.agreement.answers import accuracy_by_person as accuracy_by_person
from oracles.agreement.answers import cohen_kappa as cohen_kappa
from oracles.agreement.answers import confusion as confusion
from oracles.agreement.answers import fleiss_kappa as fleiss_kappa
from oracles.agreement.answers import krippendorff_alpha as krippendorff_alpha
from oracles.agreement.answers import mark_agreement as mark_agreement
from oracles.agreement.answers import practice_curve as practice_curve
from oracles.agreement.answers import retest as retest
from oracles.agreement.answers import shared_error as shared_error
from oracles.agreement.answers import time_by_correctness as time_by_correctness
from oracles.agreement.redundancy import one_coin_answers as one_coin_answers
from oracles.agreement.redundancy import redundancy_curve as redundancy_curve
