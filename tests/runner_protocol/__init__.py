"""Does an agent keep to the runner protocol? docs/runner-protocol.md says what is asked; this plays a site to it, without ours.

python -m tests.runner_protocol --agent "COMMAND with {site} {code} {folder}"
"""
