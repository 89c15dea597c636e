"""Where rows come from: files, buckets and databases, frozen as they are read."""
