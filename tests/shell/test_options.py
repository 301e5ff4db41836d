import argparse
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmagic.errors import OptionError
from dlmagic.shell.completion import offer_for_options
from dlmagic.shell.options import (
    magic_options,
    name,
    option,
    parse,
    positive_number,
    result_options,
)

Magic = Callable[[str], object]


@magic_options(examples=("%measure a + b", "%measure --time 2 a + b"))
@option("-m", "--modes", metavar="A,B", help="execution modes")
@option("-t", "--time", type=positive_number, metavar="SECONDS", help="measuring budget")
@option("-n", "--calls", type=int, metavar="COUNT", help="calls per block")
@option("--unit", choices=("ms", "us"), help="unit of the table")
@option("--keep", action="store_true", help="keep the changes")
@result_options
@option("expression", nargs="*", help="what to measure")
def measure(line: str) -> None:
    """Measure one expression."""


@magic_options(examples=("%bare", "%bare -q"))
@result_options
def bare(line: str) -> None:
    """A magic that takes no expression."""


def read(line: str, magic: Magic = measure) -> argparse.Namespace:
    options = parse(magic, line)
    assert options is not None
    return options


def message(line: str, magic: Magic = measure) -> str:
    with pytest.raises(OptionError) as caught:
        parse(magic, line)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_options_everything_has_its_default() -> None:
    options = read("")
    assert (options.modes, options.time, options.keep) == (None, None, False)
    assert (options.output, options.quiet, options.expression) == (None, False, "")


def test_options_come_first_and_the_rest_is_verbatim() -> None:
    options = read("""-m eager,compile --keep -o best  f(a,  b)[:-1] --time "x  y" -q """)
    assert (options.modes, options.keep, options.output) == ("eager,compile", True, "best")
    assert (options.time, options.quiet) == (None, False)
    assert options.expression == """f(a,  b)[:-1] --time "x  y" -q """


@pytest.mark.parametrize("line", ["--time 2", "--time=2", "-t 2", "-t2", "-t '2'", '--time="2"'])
def test_an_option_and_its_value_can_be_joined_in_every_usual_way(line: str) -> None:
    assert read(line).time == 2.0


@pytest.mark.parametrize("expression", ["-1 + x", "-(a + b)", "(a)", "'-q'", "- x", "@a"])
def test_an_expression_may_begin_with_a_sign_or_a_quote(expression: str) -> None:
    assert read(f"--keep {expression}").expression == expression


def test_two_dashes_end_the_options() -> None:
    assert read("--keep -- -x.sum()").expression == "-x.sum()"


def test_the_last_of_a_repeated_option_counts() -> None:
    assert read("-t 1 -t 3").time == 3.0


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "--modes": st.from_regex(r"[a-z]+(,[a-z:-]+)*", fullmatch=True),
        "--time": st.floats(min_value=0.001, max_value=1e6),
        "--calls": st.integers(-5, 10**6),
        "--output": st.from_regex(r"[a-z_][a-z0-9_]*_", fullmatch=True),
    },
)
EXPRESSION = st.text().filter(lambda text: not text[:1].isspace() and not text.startswith("-"))


@given(OPTIONS, st.sampled_from(["", '"', "'"]), EXPRESSION)
def test_what_is_written_is_what_is_read(
    options: dict[str, object], quote: str, expression: str
) -> None:
    words = [f"{word} {quote}{value}{quote}" for word, value in options.items()]
    result = read("  ".join([*words, expression]))
    assert result.expression == expression
    for word, value in options.items():
        assert getattr(result, word[2:]) == value


@given(st.text())
def test_any_line_is_read_or_refused_in_a_clear_way(line: str) -> None:
    with suppress(OptionError):
        parse(measure, line.replace("-h", ""))


def test_an_unknown_option_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert message("--mode eager") == "%measure has no option --mode. Did you mean --modes?"
    assert message("--tim=3").endswith("Did you mean --time?")
    assert "-x" in message("-x 3")
    unlike = message("--dtype float16")
    assert unlike.startswith("%measure has no option --dtype. Choose from: --")
    assert capsys.readouterr() == ("", "")


def test_a_missing_value_is_one_clear_line() -> None:
    assert message("--time") == "--time needs a value: --time SECONDS."
    assert message("--time --keep") == "--time needs a value: --time SECONDS."
    assert message("--keep=yes") == "--keep takes no value."


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "fast", "''"])
def test_a_bad_number_is_one_clear_line(text: str) -> None:
    shown = "" if text == "''" else text
    assert message(f"--time {text}") == f"--time takes a number above 0, not {shown!r}."


def test_other_bad_values_are_one_clear_line() -> None:
    assert message("--calls many") == "--calls takes COUNT, not 'many'."
    assert message("--unit mss") == "--unit does not take 'mss'. Did you mean ms?"
    assert message("-o 2nd") == "-o takes the name of a variable, not '2nd'."
    assert message("-o for") == "-o takes the name of a variable, not 'for'."
    unused = "%bare has no use for 'x + 1'. It takes options: see %bare -h."
    assert message("x + 1", bare) == unused


@pytest.mark.parametrize("line", ["-h", "--help", "--keep -h", "-h --unknown"])
def test_help_shows_usage_options_and_two_examples(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parse(measure, line) is None
    shown = capsys.readouterr().out
    assert shown.strip() == (measure.__doc__ or "").strip()
    for text in ("%measure [-h]", "--time SECONDS", "measuring budget", "Measure one", "-q"):
        assert text in shown
    assert shown.count("%measure") >= 3


def test_types_say_what_they_take() -> None:
    assert name("result_2") == "result_2"
    assert positive_number("1e-3") == 0.001


@magic_options(examples=("%act", "%act pick 2"))
@option("--wait", metavar="TIME", help="how long")
@result_options
@option("action", nargs="?", values=lambda: ["pick", "check"], help="what to do")
@option("argument", nargs="?", after={"check": lambda: ("torch", "jax")}, help="with what")
def act(line: str) -> None:
    """A magic with two arguments of one word each."""


@pytest.mark.parametrize("line", ["pick 2 --wait 1m", "--wait 1m pick 2", "pick --wait=1m '2'"])
def test_arguments_of_one_word_stand_anywhere_in_order(line: str) -> None:
    options = read(line, act)
    assert (options.action, options.argument, options.wait) == ("pick", "2", "1m")


def test_an_argument_too_many_is_refused() -> None:
    assert "no use for '3'" in message("pick 2 3", act)
    assert (read("", act).action, read("pick", act).argument) == (None, None)


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("p", ("pick",)),
        ("check ", ("torch", "jax", "--help", "--wait", "--output", "--quiet")),
        ("check t", ("torch",)),
        ("pick ", ("--help", "--wait", "--output", "--quiet")),
        ("pick t", ()),
        ("check torch j", ()),
        ("check --wait 1m j", ("jax",)),
    ],
)
def test_arguments_complete_by_the_one_before(line: str, texts: tuple[str, ...]) -> None:
    assert offer_for_options(act.parser, line).texts == texts
