"""Studies: a file becomes conditions, conditions become records, records an answer.

`spec` reads and validates, `grid` expands, `runner` runs and reads back, `conclude`
bills them. Nothing is re-exported here: `spec`, `grid` and `store` load no JAX,
and a host that only submits work must not load it either.
"""
