"""Clocks and power caps: a model of them, and what the driver tells."""

from hitl_sim.energy.clock.driver import (
    Answer as Answer,
    BoardClocks as BoardClocks,
    read_clocks as read_clocks,
)
from hitl_sim.energy.clock.share import (
    Published as Published,
    default_shares as default_shares,
    is_fitted as is_fitted,
    lowered_clock as lowered_clock,
    predict as predict,
    published_figures as published_figures,
)
