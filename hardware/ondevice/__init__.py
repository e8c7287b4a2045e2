"""What travels to a device: the measuring harness. Plain Python 3.9 or later, imports nothing else of ours."""
