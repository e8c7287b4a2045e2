"""What the page of the command line says to type, with the address of this site in it."""

from typing import Any

Step = dict[str, str]


def sections_of(site: str, file: str, *, plain_http: bool) -> list[dict[str, Any]]:
    """Sections of steps. plain_http: the site is reached without TLS, which the program wants to be told."""
    allowed = " --insecure-http" if plain_http else ""
    return [
        {
            "slug": "install", "title": "Install", "note": "Python 3.9 to 3.13 is all that it needs.",
            "steps": [
                _step("unix", "On Linux and macOS, into a folder that your shell looks in.",
                      f"curl -f --create-dirs -o ~/.local/bin/milliamp {file}", "chmod +x ~/.local/bin/milliamp"),
                _step("windows", "On Windows, in PowerShell; py milliamp.pyz stands for milliamp there.",
                      f"curl.exe -f -o milliamp.pyz {file}", "py milliamp.pyz version"),
            ],
        },
        {
            "slug": "sign-in", "title": "Sign in",
            "note": "Make a token that may read and hand in: Profile, Access tokens. It is asked for and not shown.",
            "steps": [_step("login", "Once on each machine.", f"milliamp login {site}{allowed}")],
        },
        {
            "slug": "use", "title": "Use it",
            "note": "What a hand-in would cost is said before anything is sent, and asked where it costs something.",
            "steps": [
                _step("see", "See what is due, what it would cost now, and how many attempts are left.", "milliamp labs"),
                _step("submit", "Hand in a model with its report, and follow it to its points.",
                      "milliamp submit lab1 model.onnx --report report.pdf --watch"),
                _step("results", "Read the newest result, in words or as JSON.", "milliamp results lab1",
                      "milliamp results lab1 --json > result.json"),
                _step("others", "Grades and late days.", "milliamp grades", "milliamp late-days"),
            ],
        },
        {
            "slug": "completion", "title": "Complete words",
            "note": "Commands, options, and the labs that milliamp labs listed last.",
            "steps": [
                _step("bash", "In ~/.bashrc, or with zsh in place of bash in ~/.zshrc.", "source <(milliamp completion bash)"),
                _step("fish", "For fish.", "milliamp completion fish > ~/.config/fish/completions/milliamp.fish"),
            ],
        },
    ]  # fmt: skip


def _step(key: str, says: str, *commands: str) -> Step:
    return {"id": f"cli-{key}", "says": says, "label": says.rstrip("."), "commands": "\n".join(commands)}
