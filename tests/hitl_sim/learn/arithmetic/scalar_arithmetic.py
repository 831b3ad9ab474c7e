"""Arithmetic one number at a time, in plain Python, to hold ours against."""

import numpy as np


def quantise(values, scale):
    """Round a list of float32 numbers to whole multiples of a scale."""
    rounded = [round(float(np.float32(value) / np.float32(scale))) for value in values]
    assert max(map(abs, rounded)) <= 127
    return rounded


def matmul(x, kernel, row_scales, column_scales, multiply):
    """Quantise rows and columns, multiply pair by pair, add up, scale."""
    out = np.zeros((len(x), kernel.shape[1]), np.float32)
    for n, row_scale in enumerate(row_scales):
        row = quantise(x[n], row_scale)
        for o, column_scale in enumerate(column_scales):
            total = 0
            for a, b in zip(row, quantise(kernel[:, o], column_scale), strict=True):
                sign = -1 if (a < 0) != (b < 0) else 1
                total += sign * multiply(abs(a), abs(b))
            out[n, o] = np.float32(total) * row_scale * column_scale
    return out


def exact(a, b):
    return a * b


def mitchell(a, b):
    """Add straight-line binary logarithms, with fractions as whole 2^-16ths."""
    if a == 0 or b == 0:
        return 0
    logs = []
    for number in (a, b):
        whole = number.bit_length() - 1
        fraction = ((number << 16) >> whole) - (1 << 16)
        logs.append((whole << 16) + fraction)
    whole, fraction = divmod(sum(logs), 1 << 16)
    return (((1 << 16) + fraction) << whole) >> 16


def drum(num_bits):
    def cut(number):
        text = bin(number)[2:]
        if len(text) <= num_bits:
            return number
        kept = text[: num_bits - 1] + "1"
        return int(kept + "0" * (len(text) - num_bits), 2)

    return lambda a, b: cut(a) * cut(b)


def truncated(num_columns):
    def multiply(a, b):
        total = 0
        for i in range(8):
            for j in range(8):
                if i + j >= num_columns and (a >> i) & 1 and (b >> j) & 1:
                    total += 1 << (i + j)
        return total

    return multiply


def by_name(name):
    if name.startswith("drum"):
        return drum(int(name.removeprefix("drum")))
    if name.startswith("truncated"):
        return truncated(int(name.removeprefix("truncated")))
    return {"exact": exact, "mitchell": mitchell}[name]
