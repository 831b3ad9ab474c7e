"""Figures of a report, of one task or of all of a study's; each returns a figure."""

from hitl_sim.report.figure.affordance import draw_affordance as draw_affordance
from hitl_sim.report.figure.bill import draw_bill as draw_bill
from hitl_sim.report.figure.dial import draw_dial as draw_dial
from hitl_sim.report.figure.learning import draw_learning as draw_learning
from hitl_sim.report.figure.quality import draw_quality as draw_quality
from hitl_sim.report.figure.style import styled as styled
from hitl_sim.report.figure.style import to_png as to_png
from hitl_sim.report.figure.style import to_svg as to_svg
