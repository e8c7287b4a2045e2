"""What participation registers with the rooms below it when the app is ready."""


def register_all() -> None:
    pass
