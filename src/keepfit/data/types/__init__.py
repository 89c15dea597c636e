"""Types of columns, and values read as them, the same from files, databases and requests."""
