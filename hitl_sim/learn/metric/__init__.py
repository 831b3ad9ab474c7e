"""Metrics: what a look at held-out items measures; the higher, the better.

A factory returns `(logits [N, K], label [N], params) -> []`, in [0, 1] where a target
is to be a share of the best that the control reaches.
"""
