"""Every figure in the order in which it stands on docs/figures.md and is measured by `make figures`: with its words for the small form, and the
test that shows it in small in `make test`."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Listed:
    """whole, small: words of its command line. reduced: of tests/, where `make test` plays it. command: what is run where it is no script of
    tests/load; of what that prints, the lines that `keep` finds are written."""

    name: str
    title: str
    small: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    reduced: str = ""
    about: str = ""
    command: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    keep: str = ""

    def words(self, *, small: bool) -> list[str]:
        return list(self.command or ("-m", f"tests.load.{self.name}")) + list(self.small if small else self.whole)


PASSED = r"^\d+ (passed|failed|skipped)|^(FAILED|ERROR) "
PYTEST = ("-m", "pytest", "-q")
AGENT = "hardware.ondevice.runner"

_ALL = (
    Listed("start", "Start-up and memory"),
    Listed("submit_to_result", "From upload to points"),
    Listed("page_load", "Pages alone", ("sqlite", "postgres", "--students", "40", "--seconds", "10")),
    Listed(
        "deadline_rush", "The deadline",
        ("sqlite", "postgres", "--students", "20", "--seconds", "10", "--uploads", "20"), reduced="docker/test_stack.py",
    ),
    Listed("faults", "A night on which everything fails", ("50",), reduced="journeys/test_faults.py"),
    Listed("two_hosts", "Two worker hosts, and a line that is cut", ("24", "1"), reduced="journeys/test_faults.py"),
    Listed("killed_workers", "Workers that are killed", ("sqlite", "postgresql", "5"), reduced="grading/queue/test_line_processes.py"),
    Listed("queue_fairness", "Who is measured first", ("sqlite", "postgresql", "10"), reduced="grading/queue/test_line_processes.py"),
    Listed("killed_backups", "Backups and restores that are killed", ("2",), reduced="courseplatform/keeping"),
    Listed(
        "restore", "A backup while people hand in", reduced="journeys/test_restore.py",
        about="Restored into an empty place in both worlds, embedded and on servers: what was promised stands, what was on its way is measured, once.",
        command=(*PYTEST, "tests/journeys/test_restore.py"), env={"RESTORE_WORLDS": "all"}, keep=PASSED,
    ),
    Listed(
        "stack", "The whole deployment", about="All services of docker/compose.yml: a browser through TLS, a measured model, a backup in an empty stack.",
        command=(*PYTEST, "tests/docker/test_stack.py"), env={"STACK": "1"}, keep=PASSED, reduced="docker/test_stack.py",
    ),
    Listed("page_paint", "Weights of pages, and how soon they show"),
    Listed("same_image", "The web image, built twice"),
    Listed("result_page", "The page of a result", ("3",)),
    Listed("class_front", "The class", ("20", "3")),
    Listed("lab_analytics", "Analytics of a lab", ("20",)),
    Listed("gradebook", "The gradebook", ("20", "5")),
    Listed("rerun", "Counting a lab again", ("20",)),
    Listed("audit_cost", "What the audit costs", ("500",)),
    Listed("waiting_pages", "People who watch their runs wait", ("5",)),
    Listed("late_days", "Counting late days", ("200",)),
    Listed("matching", "Matching papers", ("60",)),
    Listed("upload", "A large file over a bad line", ("20",), reduced="journeys/test_browser.py"),
    Listed("loan_desk", "The loan desk", ("2",)),
    Listed("reservations", "Many who ask for few boards", ("20", "4"), reduced="hardware/inventory/test_reservation_races.py"),
    Listed("bench_overhead", "What a submission costs", ("2",)),
    Listed("ten_times", "Ten times the same grade", reduced="grading/measuring/test_ten_times.py"),
    Listed("instruction_count", "Counting instructions", ("2",)),
    Listed(
        "calibrate", "How well latency is predicted", about="Each group of the published rows, predicted by the others: `manage.py calibrate --report`.",
        command=("manage.py", "calibrate", "--report"), keep=r"\S",
    ),
    Listed("board_calibration", "This machine as a board", ("--windows", "1")),
    Listed("tiny_on_devices", "MLPerf Tiny on every device"),
    Listed("training_step", "A step of training", ("1",)),
    Listed("limits", "The limits of a container", reduced="docker/test_bench_containers.py"),
    Listed("arm64", "The same answers on Arm", reduced="docker/test_on_arm.py"),
    Listed("old_pythons", "The agent on old Pythons"),
    Listed(
        "runner_protocol", "The runner protocol", about="Every scenario of the protocol, played to the agent that the site gives to boards.",
        reduced="runner_protocol/test_conformance.py", keep=r"\S",
        command=(
            "-m", "tests.runner_protocol", "--enroll", f"{{python}} -m {AGENT} enroll --site {{site}} --code {{code}} --folder {{folder}}",
            "--agent", f"{{python}} -m {AGENT} run --folder {{folder}}",
        ), small=("--only", "first-job", "--only", "lost-answers"),
    ),
    Listed("runner_faults", "Boards at night", ("24", "--no-arm"), reduced="journeys/test_runner_faults.py"),
    Listed("virtual_board", "A whole board as a virtual machine"),
    Listed("bad_files", "Hostile files", ("documents",), reduced="hostile/test_bad_files.py"),
    Listed(
        "schema", "The API as it is written", about="Every operation of the API by every role, with what is right and with what is made up.",
        command=(*PYTEST, "-s", "tests/schema"), env={"SCHEMA_EXAMPLES": "40"}, keep=rf"{PASSED}|\d+ (operations|addresses), ", reduced="schema",
    ),
    Listed(
        "whole", "Long proofs as a whole",
        about="What `make test` plays in a shorter form: each attack at each level of the sandbox, a term in a browser, every width and theme.",
        command=(*PYTEST, "-m", "whole", "tests"), env={"WHOLE": "1"}, keep=PASSED, reduced="hostile/test_sandbox_attacks.py",
    ),
)  # fmt: skip
FIGURES = {one.name: one for one in _ALL}
