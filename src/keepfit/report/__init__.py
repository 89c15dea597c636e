"""The report on a version: what is stored of it, as JSON and as a page that needs nothing else."""
