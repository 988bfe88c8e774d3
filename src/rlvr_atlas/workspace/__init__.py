"""The workspace: Parquet tables and their manifest."""
