"""Simulated human annotators behind one contract.

Aggregators are in `oracles.aggregate`, statistics of agreement in `oracles.agreement`.
"""

from oracles.aggregate import borda as borda
from oracles.aggregate import dawid_skene as dawid_skene
from oracles.aggregate import majority as majority
from oracles.annotators import Annotators as Annotators
from oracles.annotators import AnnotatorState as AnnotatorState
from oracles.contract import Oracle as Oracle
from oracles.contract import Query as Query
from oracles.contract import Response as Response
from oracles.feedback import FEEDBACK as FEEDBACK
from oracles.feedback import IMPORTANCE as IMPORTANCE
from oracles.feedback import LABEL as LABEL
from oracles.feedback import RELEVANCE as RELEVANCE
from oracles.population import Population as Population
from oracles.population import build_population as build_population
from oracles.population import sample_annotators as sample_annotators
from oracles.population_source import Number as Number
from oracles.population_source import PopulationSource as PopulationSource
from oracles.populations import POPULATIONS as POPULATIONS
from oracles.populations import describe_population as describe_population
