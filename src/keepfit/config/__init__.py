"""The file: every table and key of it as typed records, or every problem at once."""
