"""G7: nothing is installed but what was looked at, and a host gives nobody more than it has to."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G7")
_REQUIREMENTS = "tests/test_requirements.py"

_OWN = "tests/workers/test_own_engine.py"
_LOOK = "tests/workers/test_service_look.py"

SUPPLY_CHAIN = (
    *(
        _row(what, file, old, new, (test,))
        for what, file, old, new, test in (
            (
                "a job is done at the engine of its host",
                "workers/toolbox.py",
                "Owner(self.configuration, self.connection, self.keys).expect(engine)",
                "pass",
                f"{_OWN}::test_another_engine_is_refused_with_both_ids_and_the_command",
            ),
            (
                "services are looked at on the engine of their host",
                "workers/service_look.py",
                "Owner(self.configuration, self.connection, self.keys).expect(engine)",
                "pass",
                f"{_LOOK}::test_at_another_engine_nothing_is_touched_and_nothing_is_told",
            ),
            (
                "a pinned engine counts whatever was recorded",
                "workers/own_engine.py",
                "                raise not_as_pinned(host, pinned, found)\n            return\n",
                "                pass\n",
                f"{_OWN}::test_a_pinned_engine_is_refused_whatever_was_recorded",
            ),
            (
                "one DOCKER_HOST is not the engine of two hosts",
                "workers/own_engine.py",
                "            self._expect_of_no_other(host, found, before)\n",
                "",
                f"{_OWN}::test_a_job_of_staging_does_not_use_the_engine_of_production",
            ),
            (
                "which engine a host is, a worker of the host says",
                "quaymaster/store/host_engines.py",
                " or not self.ring.key(signed.key).may_work_in(host_queue(host))",
                "",
                f"{_OWN}::test_what_no_worker_of_the_host_signed_is_refused",
            ),
            (
                "a worker that names no queue takes only hosts that it can prove",
                "workers/own_engine.py",
                'why = "" if is_said else',
                'why = "" if is_said or name else',
                f"{_OWN}::test_a_worker_that_names_no_queue_takes_those_of_hosts_that_it_can_prove",
            ),
            (
                "accepting an engine is in the audit",
                "quaymaster/store/host_engines.py",
                '"RPUSH", keys.JOURNAL, EVENT.signed(event, event.place, key).text',
                '"HDEL", keys.HOST_ENGINES, "nobody"',
                f"{_OWN}::test_accepting_an_engine_is_in_the_audit",
            ),
            (
                "events of two engines have two numbers",
                "quaymaster/store/host_engines.py",
                "            for name in (host, _COUNT)\n",
                "            for name in (host,)\n",
                f"{_OWN}::test_workers_that_find_an_engine_at_once_agree",
            ),
        )
    ),
    *(
        _row(
            f"{what} is installed as it was pinned",
            file,
            old,
            new,
            (f"{_REQUIREMENTS}::test_nothing_is_installed_that_is_not_pinned",),
        )
        for what, file, old, new in (
            ("the image", "Dockerfile", "--require-hashes -r requirements/run.txt", "."),
            ("what builds the wheel", "Dockerfile", "--no-build-isolation", "--no-input"),
            (
                "what a developer has",
                "Makefile",
                "--require-hashes --requirement requirements/dev.txt",
                "--requirement requirements/dev.txt",
            ),
        )
    ),
    _row(
        "the digest of a base image is renewed",
        ".ci/pin-images",
        "($digest)?",
        "",
        (f"{_REQUIREMENTS}::test_pin_images_writes_the_digest_of_the_registry_beside_each_tag",),
    ),
)
