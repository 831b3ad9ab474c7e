"""Figures of a report, of one task or of all of a study's; each returns a figure."""

from hitl_sim.report.figure.acceptability import (
    draw_acceptability as draw_acceptability,
)
from hitl_sim.report.figure.affordance import draw_affordance as draw_affordance
from hitl_sim.report.figure.bill import draw_bill as draw_bill
from hitl_sim.report.figure.contour import draw_contour as draw_contour
from hitl_sim.report.figure.dial import draw_dial as draw_dial
from hitl_sim.report.figure.frontier import draw_frontier as draw_frontier
from hitl_sim.report.figure.learning import draw_learning as draw_learning
from hitl_sim.report.figure.quality import draw_quality as draw_quality
from hitl_sim.report.figure.sensitivity import draw_sensitivity as draw_sensitivity
from hitl_sim.report.figure.style import styled as styled
from hitl_sim.report.figure.style import to_png as to_png
from hitl_sim.report.figure.style import to_svg as to_svg
from hitl_sim.report.figure.timeline import draw_timeline as draw_timeline
from hitl_sim.report.figure.waterfall import draw_waterfall as draw_waterfall
