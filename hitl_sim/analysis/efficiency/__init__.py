"""Methods in one ledger: what each saves, in which column, and in hours of people."""
