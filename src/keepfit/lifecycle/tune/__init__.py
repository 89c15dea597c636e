"""Searching better params on the training rows alone.

`space` says what may be drawn, `searches` what is tried next, `bench` trains and judges on folds,
`run` is the sentence, `kept` what a search that was stopped goes on from.
"""
