"""What happened to the safety of an account: told to its owner, and what operators may do about it."""
