"""Studies: a file becomes conditions, conditions become records, records an answer.

`spec` reads and validates, `grid` expands, `runner` runs, `folder` reads back and
`conclude` bills. Nothing is re-exported here: reading results loads neither a spec nor
JAX.
"""
