"""Report: the answer in words, a table, figures, and one self-contained page."""

from hitl_sim.report.page import render_page as render_page
from hitl_sim.report.page import write_report as write_report
from hitl_sim.report.table import render_terminal as render_terminal
from hitl_sim.report.words import TaskWords as TaskWords
from hitl_sim.report.words import Words as Words
from hitl_sim.report.words import paragraphs as paragraphs
from hitl_sim.report.words import tell as tell
