"""The forms a table comes in: text, JSON, Parquet, Arrow, Excel, packed files, and queries of a database."""
