"""docs/command-line.md, and every command that any page shows, against the commands there are."""

import re
import shlex
from collections.abc import Iterator
from typing import Final

import click
import pytest

from fedishare.cli import commands, story
from tests.docs.pages import PAGES, ROOT, blocks, named, section, table

PAGE: Final = (ROOT / "docs/command-line.md").read_text()
# At the start of a line, after settings for this one command, in a container, or by its whole path.
COMMAND: Final = re.compile(r"(?:^(?:FEDISHARE_\w+=\S+ )*| node |/bin/)fedishare (\S.*)$", re.MULTILINE)
MAKE: Final = re.compile(r"(?:`|^\s*)make ([a-z][a-z-]*)", re.MULTILINE)
TARGET: Final = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
# Where the shell takes over from the command.
END_OF_COMMAND: Final = re.compile(r"\s[<>|#&].*")


def tree(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from tree(below, f"{path} {name}")


TREE: Final = dict(tree(commands, "fedishare"))


def spelled(parameter: click.Parameter, command: click.Command) -> str:
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return f"`{parameter.opts[0]}`"
    metavar = parameter.make_metavar(click.Context(command))
    return f"`{parameter.opts[0]} {metavar}`" if isinstance(parameter, click.Option) else f"`{metavar}`"


def default(parameter: click.Parameter) -> str:
    if parameter.required:
        return "required"
    is_shown = isinstance(parameter, click.Option) and parameter.show_default
    return str(parameter.default) if is_shown else ""


def test_every_command_is_there_and_no_other() -> None:
    assert re.findall(r"^## `(.+)`$", PAGE, re.MULTILINE) == list(TREE)


@pytest.mark.parametrize("path", TREE)
def test_a_command_is_described_in_its_own_words(path: str) -> None:
    command = TREE[path]
    said = section(PAGE, f"`{path}`").strip()

    assert said.split("\n\n")[0] == (command.help or "").strip()
    options = [each for each in command.params if not getattr(each, "hidden", False)]
    if not options:
        assert "| Option |" not in said
        return
    told = table(said)
    assert [(option, value) for option, _, value in told] == [
        (spelled(each, command), default(each)) for each in options
    ]
    for (_, meaning, _), each in zip(told, options, strict=True):
        assert meaning == (getattr(each, "help", None) or meaning) != ""


def commands_shown() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in blocks(page.read_text(), "sh"):
            for words in COMMAND.findall(block.replace("\\\n", " ")):
                yield named(page), END_OF_COMMAND.sub("", words)


def test_every_command_in_an_example_exists_with_its_options() -> None:
    shown = list(commands_shown())

    assert shown
    for page, line in shown:
        command, words = found(shlex.split(line))
        assert {word for word in words if word.startswith("--")} <= options(command), f"{page}: {line}"


def found(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that a line starts, and what is left of the line."""
    command: click.Command = commands
    while words and isinstance(command, click.Group):
        word, *words = words
        if word in options(command):
            words = words[1:]
        else:
            command = command.commands[word]
    return command, words


def options(command: click.Command) -> set[str]:
    return {name for each in command.params for name in each.opts}


def test_every_make_target_in_the_docs_exists() -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))

    used = {(named(page), target) for page in PAGES for target in MAKE.findall(page.read_text())}

    assert used
    assert {(page, target) for page, target in used if target not in targets} == set()


def test_the_demonstration_is_told_as_it_is() -> None:
    told = table(section((ROOT / "README.md").read_text(), "Try it"))

    (port,) = (int(str(each.default)) for each in TREE["fedishare demo"].params if each.name == "port")
    assert [(letter, name.partition(",")[0], *rest) for letter, name, *rest in told] == [
        (
            school.letter,
            school.name,
            f"http://{school.host}.localhost:{port + number}",
            f"`{school.people[0].username}`",
        )
        for number, school in enumerate(story.SCHOOLS)
    ]
