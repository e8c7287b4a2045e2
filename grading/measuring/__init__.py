"""From a model file to points, on a worker: lease, check, time, predict, score. The web imports none of it."""
