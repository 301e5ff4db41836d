from hypothesis import given
from hypothesis import strategies as st

from dlmagic.shell.words import Words, without_quotes


def test_words_are_taken_from_the_front() -> None:
    words = Words("  --time  2   torch.mm(a,  b) ")
    assert words.take() == "--time"
    assert words.take() == "2"
    assert words.rest() == "torch.mm(a,  b) "


def test_quotes_hold_a_word_together() -> None:
    assert Words("""n="1, 2"'3 4' x""").take() == """n="1, 2"'3 4'"""


def test_an_unclosed_quote_is_an_ordinary_character() -> None:
    words = Words("it's fine")
    assert [words.take(), words.take(), words.take()] == ["it's", "fine", ""]


@given(st.text())
def test_words_and_rest_never_lose_a_character(line: str) -> None:
    words = Words(line)
    taken = []
    while words.peek():
        assert words.rest().startswith(words.peek())
        taken.append(words.take())
    assert "".join("".join(taken).split()) == "".join(line.split())


def test_only_quotes_around_the_whole_value_are_dropped() -> None:
    assert without_quotes('"8 GB"') == "8 GB"
    assert without_quotes("act='relu'") == "act='relu'"
    assert without_quotes("'a','b'") == "'a','b'"
    assert without_quotes('"') == '"'
