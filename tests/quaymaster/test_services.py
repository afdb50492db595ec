"""How the workload of a service differs from what ran before."""

from dataclasses import replace

from quaymaster.capabilities import capabilities
from quaymaster.services import (
    HealthCheck,
    Limits,
    ServiceConfiguration,
    Variable,
    Volume,
    Workload,
)

PLAIN = ServiceConfiguration((Variable("A", "1"), Variable("B", reference="${B}", fingerprint="x")))


def differences(before: Workload, after: Workload) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What each is, in the order of the card."""
    return tuple((one.how, one.names) for one in after.differences(before))


def test_equal_configurations_have_no_changes() -> None:
    assert differences(PLAIN, PLAIN) == ()
    reordered = replace(PLAIN, environment=PLAIN.environment[::-1])
    assert differences(PLAIN, reordered) == ()


def test_variables_are_told_by_name() -> None:
    after = ServiceConfiguration((Variable("A", "2"), Variable("C", "3")))
    assert differences(PLAIN, after) == (
        ("adds", ("C",)),
        ("changes", ("A",)),
        ("drops", ("B",)),
    )


def test_a_secret_that_has_another_value_counts_as_changed() -> None:
    rotated = Variable("B", reference="${B}", fingerprint="y")
    after = replace(PLAIN, environment=(PLAIN.environment[0], rotated))
    assert differences(PLAIN, after) == (("changes", ("B",)),)


def test_other_settings_are_told_with_what_they_become() -> None:
    after = replace(
        PLAIN,
        volumes=(Volume("uploads", "/srv/uploads"),),
        command=("web", "--password=hunter2"),
        health=HealthCheck("/healthz", 8000),
        drain=20.0,
        init=False,
    )
    ((how, names),) = differences(PLAIN, after)
    assert how == "new"
    assert names == (
        "volumes uploads:/srv/uploads",
        "command",
        "first process the image's own",
        "health check",
        "drain 20 s",
    )


def test_what_it_may_do_is_told_as_a_difference() -> None:
    """Nothing recorded is what Docker gives."""
    usual = replace(
        PLAIN,
        capabilities=capabilities((), ()),
        no_new_privileges=True,
        limits=Limits(pids=4096),
    )
    assert differences(PLAIN, usual) == (
        ("takes the capabilities", ("AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP")),
        ("new", ("limits 4,096 processes", "privileges cannot be gained")),
    )
    more = replace(usual, capabilities=capabilities(["NET_RAW"], ["CHOWN"]))
    assert differences(usual, more) == (
        ("gives the capabilities", ("NET_RAW",)),
        ("takes the capabilities", ("CHOWN",)),
    )
