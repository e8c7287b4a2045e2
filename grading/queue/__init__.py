"""How long a result still takes, and waking the workers."""
