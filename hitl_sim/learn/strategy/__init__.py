"""Query strategies, a file each: which items of a pool to ask about next."""

from hitl_sim.learn.strategy.view import Strategy as Strategy
from hitl_sim.learn.strategy.view import View as View
from hitl_sim.learn.strategy.view import build_strategy as build_strategy
from hitl_sim.learn.strategy.view import check_sight as check_sight
from hitl_sim.learn.strategy.view import look as look
