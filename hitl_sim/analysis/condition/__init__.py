"""Conditions beside their control: rho, break-even, parameters, sizes, two studies."""
