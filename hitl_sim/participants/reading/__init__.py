"""Tables of answers in: texts, Parquet, one row a person, exports of surveys."""
