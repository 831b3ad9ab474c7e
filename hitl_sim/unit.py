"""Conversion constants between SI and the units in which numbers enter or leave.

Everything inside the package is SI (J, W, s, kg); these constants are applied once,
where a number is read from a counter, a price list or a table, or is printed.
"""

HZ_PER_MHZ = 1e6
S_PER_MIN = 60.0
S_PER_H = 3_600.0
S_PER_NS = 1e-9

W_PER_MICROWATT = 1e-6
J_PER_PICOJOULE = 1e-12
J_PER_MICROJOULE = 1e-6
J_PER_MILLIJOULE = 1e-3
J_PER_KWH = 3.6e6
J_PER_MWH = 3.6e9

KG_PER_G = 1e-3
