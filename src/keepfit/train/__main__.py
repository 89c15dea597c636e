"""`python -m keepfit.train`: the training process. It is started by `Trainer`, not by people."""

from keepfit.train.process import main

main()
