import pytest
from hypothesis import given
from hypothesis import strategies as st

from quaymaster.configuration.secret_references import SecretReference, Template, resolve
from quaymaster.errors import ConfigurationError, UsageError


def test_a_reference_is_looked_up_when_it_is_used() -> None:
    assert resolve(SecretReference("PW"), {"PW": "hunter2"}).get_secret_value() == "hunter2"


def test_references_inside_text_are_filled_in() -> None:
    template = Template.parse("postgres://web:${PW}@${HOST}/$$x")
    value = resolve(template, {"PW": "hunter2", "HOST": "db"})
    assert value.get_secret_value() == "postgres://web:hunter2@db/$x"
    assert [reference.name for reference in template.references] == ["PW", "HOST"]


def test_a_value_is_not_filled_in_again() -> None:
    assert resolve(SecretReference("A"), {"A": "${B}", "B": "x"}).get_secret_value() == "${B}"


@pytest.mark.parametrize("environ", [{}, {"PW": ""}])
def test_a_variable_that_is_not_set_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="PW is not set"):
        resolve(SecretReference("PW"), environ)


def test_a_resolved_secret_does_not_print_itself() -> None:
    assert "hunter2" not in repr(resolve(SecretReference("PW"), {"PW": "hunter2"}))


def test_a_secret_has_no_plain_value() -> None:
    with pytest.raises(ValueError, match="no plain value"):
        _ = Template.parse("${PW}").plain


@pytest.mark.parametrize("text", ["${", "${}", "${1}", "${A-B}", "x${A"])
def test_a_broken_reference_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Template.parse(text)


@given(st.text())
def test_any_text_can_be_written_plainly(text: str) -> None:
    template = Template.parse(text.replace("$", "$$"))
    assert not template.is_secret
    assert template.plain == text
