"""Analysis: targets, bills, rho and break-even, each with its intervals."""
