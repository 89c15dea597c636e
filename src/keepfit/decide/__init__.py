"""From evidence and rules to a verdict: pure functions of records."""
