"""Figures of a report, of one task or of all of a study's.

`draw(name, result)` draws one of `FIGURES`.
"""

from hitl_sim.report.figure.registry import FIGURES as FIGURES
from hitl_sim.report.figure.registry import draw as draw
from hitl_sim.report.figure.registry import draw_all as draw_all
