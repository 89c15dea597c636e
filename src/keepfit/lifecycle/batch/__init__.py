"""Files of rows in, files of predictions out: of any size, resumable, exactly once.

`asked` says what is wanted. `inputs`, `outputs` and `buckets` know where files lie, `text` and
`chunks` cut rows into pieces, `answers` says what the model does of a piece, `sinks` writes it,
`state` keeps what is done, `work` and `answering` do it, `commit` brings it to its place; `run` is
the sentence.
"""

from keepfit.lifecycle.batch.asked import MAX_REJECTS, Asked, Pace, World, Written
from keepfit.lifecycle.batch.run import predict

__all__ = ["MAX_REJECTS", "Asked", "Pace", "World", "Written", "predict"]
