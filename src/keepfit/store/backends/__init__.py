"""Where objects lie: a folder, a bucket, or memory, each with the same promises."""
