"""The command line of the agent: `python -m hardware.ondevice.runner`, or milliamp-runner.pyz."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from hardware.ondevice.harness import RUNTIMES
from hardware.ondevice.runner import calibrate, doctor, enrolling, loop, offline, service, settings
from hardware.ondevice.runner.client import check_site
from hardware.ondevice.runner.isolation import find
from hardware.ondevice.runner.journal import Journal
from hardware.ondevice.runner.version import version
from hardware.ondevice.runner.words import DONE, EXIT_CODES, FAILED, Revoked, RunnerError


def main(arguments: list[str] | None = None, archive: Path | None = None) -> int:
    """Run one command; returns the exit code. ``archive`` is the .pyz that this came from."""
    options = parser().parse_args(arguments)
    options.archive = archive
    before = os.umask(0o077)
    try:
        return int(options.command(options))
    except RunnerError as error:
        _say(str(error))
        return error.exit_code
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), 1
        )  # whoever read along has gone; Python would complain at its end too
        return FAILED
    except KeyboardInterrupt:
        return FAILED
    finally:
        os.umask(before)


def parser() -> argparse.ArgumentParser:
    """All commands."""
    made = argparse.ArgumentParser(
        prog="milliamp-runner", description="Measures models on this board for a Milliamp site.", epilog=EXIT_CODES
    )
    made.add_argument("--version", action="version", version=f"milliamp-runner {version()}")
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    _enroll_parser(commands)
    for name, command, said in (
        ("run", _run, "Take jobs until stopped. SIGTERM gives back what runs and ends."),
        ("status", _status, "Show who this runner is, what it holds and what it did."),
        ("doctor", _doctor, "Check everything that a runner needs, and say what to do."),
    ):
        _folder(commands.add_parser(name, help=said, description=said, epilog=EXIT_CODES), command)
    said = "Write and start the systemd unit; without root, print it."
    install = _folder(commands.add_parser("install-service", help=said, description=said, epilog=EXIT_CODES), _install)
    install.add_argument("--print", action="store_true", help="only print it")
    _bench_parser(commands)
    said = "Measure what the site needs to model this board: single operators and small networks, half an hour on a Raspberry Pi."
    sweep = _folder(commands.add_parser("calibrate", help=said, description=said, epilog=EXIT_CODES), _calibrate)
    sweep.add_argument(
        "--runtime", choices=("onnx", "tflite"), default="onnx", help="which runtime; onnx where not given"
    )
    sweep.add_argument(
        "--precision", choices=("fp32", "int8"), default="fp32", help="of weights and activations; int8 with tflite"
    )
    sweep.add_argument("--threads", type=int, default=1, help="of the runtime, as the labs measure: 1 where not given")
    return made


def _enroll_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    said = "Become a runner of a site, with a code that its staff has made."
    enroll = _folder(commands.add_parser("enroll", help=said, description=said, epilog=EXIT_CODES), _enroll)
    enroll.add_argument("--site", required=True, help="the site's address, as https://example.org")
    enroll.add_argument("--code", required=True, help="the one-time code, as ABCD-EFGH-JKLM")
    enroll.add_argument("--plain-http", action="store_true", help="allow a site without TLS; only in a lab of your own")
    _image(enroll, None)
    enroll.add_argument("--wait-scale", type=float, default=1.0, help=argparse.SUPPRESS)


def _bench_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    said = "Measure one model here. Needs no site."
    bench = commands.add_parser("bench", help=said, description=said, epilog=EXIT_CODES)
    bench.set_defaults(command=_bench)
    bench.add_argument("model", type=Path, metavar="MODEL", help="an ONNX, TFLite, TorchScript or torch.export file")
    bench.add_argument("--inputs", type=Path, help="a .npy file with one row for each input")
    bench.add_argument("--format", choices=sorted(RUNTIMES), default="", help="where the file does not say it")
    bench.add_argument("--input-shape", action="append", default=[], help="as 1x3x32x32, once for each input")
    bench.add_argument("--threads", type=int, default=1)
    bench.add_argument("--trusted", action="store_true", help="run code without a memory limit: the model is your own")
    bench.add_argument(
        "--load-s",
        type=float,
        default=0.0,
        help="repeat it for so many seconds afterwards, while you read a power meter",
    )
    _image(bench, "")
    bench.add_argument("--json", action="store_true", help="print everything that was measured")


def _image(made: argparse.ArgumentParser, default: str | None) -> None:
    said = "run models in containers of this image of Docker, with the runtimes that it has"
    made.add_argument("--image", default=default, help=said)


def _folder(made: argparse.ArgumentParser, command: object) -> argparse.ArgumentParser:
    made.set_defaults(command=command)
    said = "where the agent keeps token, journal and results; else $MILLIAMP_RUNNER_FOLDER, /var/lib/milliamp-runner for root"
    made.add_argument("--folder", type=Path, default=None, help=said)
    return made


def _place(options: argparse.Namespace) -> Path:
    return (options.folder or settings.default_folder()).absolute()


def _enroll(options: argparse.Namespace) -> int:
    mine = enrolling.enroll(
        _place(options),
        options.site,
        options.code.strip(),
        plain_http=options.plain_http,
        wait_scale=options.wait_scale,
        say=_say,
        image=options.image,
    )
    _say(
        f"This is now the runner {mine.name} of {mine.course}, for the device {mine.device}. Start it: run, or with the board: install-service."
    )
    return DONE


def _run(options: argparse.Namespace) -> int:
    folder = _place(options)
    mine = settings.load(folder)
    settings.prepare(folder)
    token = settings.load_token(folder)
    check_site(mine.site, plain_http=mine.plain_http)
    with loop.alone_in(folder):
        isolation = find(enrolling.group_name(mine.install_id), image=mine.image)
        agent = loop.Agent(folder, mine, token, isolation)
        with loop.stopped_by_signals(agent, mine.stop_s):
            _say(f"milliamp-runner {version()}: {mine.name} for {mine.site}")
            try:
                agent.run()
            except Revoked as error:
                if error.for_good:
                    settings.forget_token(folder)  # the folder may be enrolled again
                raise
    _say("Stopped.")
    return DONE


def _calibrate(options: argparse.Namespace) -> int:
    folder = _place(options)
    mine = settings.load(folder)
    settings.prepare(folder)
    check_site(mine.site, plain_http=mine.plain_http)
    asked = {"runtime": options.runtime, "precision": options.precision, "threads": options.threads}
    return calibrate.calibrate(folder, mine, asked, lambda: find(enrolling.group_name(mine.install_id)), _say)


def _status(options: argparse.Namespace) -> int:
    folder = _place(options)
    mine = settings.load(folder)
    print(f"{mine.name or 'not enrolled'} of {mine.course}, device {mine.device}, site {mine.site}")
    try:
        with loop.alone_in(folder):
            print("The agent does not run.")
    except RunnerError:
        print("The agent runs.")
    if not (folder / loop.JOURNAL).exists():
        return DONE
    journal = Journal(folder / loop.JOURNAL)
    for held in journal.held():
        print(f"holds {held.title or held.lease}, attempt {held.attempt}: {held.phase.replace('_', ' ')}")
    for _, attempt, title, ended in journal.past(10):
        print(f"did   {title}, attempt {attempt}: {ended}")
    journal.close()
    return DONE


def _doctor(options: argparse.Namespace) -> int:
    print(f"milliamp-runner {version()}")
    level = DONE
    for check in doctor.examine(_place(options)):
        print(check, flush=True)
        level = FAILED if check.level == doctor.BAD else level
    return level


def _install(options: argparse.Namespace) -> int:
    archive = options.archive.resolve() if options.archive else None
    unit = service.unit(_place(options), archive)
    print(unit if options.print else service.install(unit))
    return DONE


def _bench(options: argparse.Namespace) -> int:
    asked = offline.Asked(
        options.model.absolute(),
        options.inputs.absolute() if options.inputs else None,
        options.format,
        options.input_shape,
        options.threads,
        options.trusted,
        options.load_s,
    )
    isolation = find(enrolling.group_name(f"bench-{os.getpid()}"), image=options.image)
    try:
        found = offline.measure(asked, isolation, say=_say)
    finally:
        isolation.close()
    if options.json:
        print(json.dumps(found))
        return DONE
    for name, value in found["summary"].items():
        print(f"{name:<10} {'not measured' if value is None else value}")
    return DONE


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
