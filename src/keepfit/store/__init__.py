"""A registry in a folder or a bucket: a log a model, its fold, and the files of versions."""
