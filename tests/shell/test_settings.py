import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets import TraitError
from traitlets.config import Config

from dlmagic.shell.settings import DLMagic, settings


def test_every_setting_has_help() -> None:
    for name, trait in DLMagic.class_traits(config=True).items():
        assert trait.help, name


def test_config_changes_a_setting(loaded: InteractiveShell) -> None:
    assert settings(loaded).bench_time == 5.0
    loaded.run_cell("%config DLMagic.bench_time = 2").raise_error()
    assert settings(loaded).bench_time == 2.0


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "long"])
def test_a_bad_value_is_refused_at_once(loaded: InteractiveShell, value: object) -> None:
    with pytest.raises(TraitError, match="bench_time"):
        settings(loaded).bench_time = value
    assert settings(loaded).bench_time == 5.0


def test_ipython_config_applies(shell: InteractiveShell) -> None:
    shell.config.DLMagic = Config(bench_time=7.5)
    assert settings(shell).bench_time == 7.5


def test_without_the_extension_the_defaults_are_in_force(shell: InteractiveShell) -> None:
    assert settings(shell).bench_time == 5.0
