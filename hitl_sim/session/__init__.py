"""Ask and tell around any training loop, in the records that a study has."""
