"""Real boards: who may run one, what it is given to measure, and how it is. The agent itself is hardware/ondevice/runner/."""
