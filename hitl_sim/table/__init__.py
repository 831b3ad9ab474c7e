"""Texts and tables as people write them, read by the same rules for every use.

How a number is spelled, what marks a missing value, what stands between the columns of
a file, whether it has a header, what an Arrow type means, which texts look alike. Tasks
and answers stand on this room; it knows neither.
"""
