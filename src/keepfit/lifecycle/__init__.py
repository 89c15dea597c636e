"""What keepfit does, a sentence a module: plan, run, retrain, release, predict, replay."""
