"""Query strategies, a file each: which items of a pool to ask about next."""

from hitl_sim.learn.strategy.view import (
    Strategy as Strategy,
    View as View,
    build_strategy as build_strategy,
    check_sight as check_sight,
    look as look,
)
