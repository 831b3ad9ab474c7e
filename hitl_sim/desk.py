"""Desks at which real people answer: serve one, and tell who took part in it.

`hitl_sim.crowd(page=...)` is the crowd of a session that asks them.
"""

from hitl_sim.session.desk.page.register import export, participants, withdraw
from hitl_sim.session.desk.page.serve import open_desk as serve
from hitl_sim.session.withdrawal import erase_answers

__all__ = ["erase_answers", "export", "participants", "serve", "withdraw"]
