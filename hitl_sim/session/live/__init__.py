"""Studies whose people answer at a desk; see `hitl_sim.session.live.study`."""
