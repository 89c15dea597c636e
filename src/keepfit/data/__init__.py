"""From sources to frozen snapshots, and from snapshots to rows that a model learns from."""
