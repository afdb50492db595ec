"""G7: nothing is installed but what was looked at, and a host gives nobody more than it has to."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G7")
_REQUIREMENTS = "tests/test_requirements.py"

_OWN = "tests/workers/docker/test_own_engine.py"
_MAY = (
    "tests/workers/targets/docker_host/test_containers.py"
    "::test_a_container_may_what_its_configuration_says_and_no_more"
)
_PATHS = "tests/workers/targets/docker_host/test_host_paths.py"
_RENDERING = "tests/workers/targets/test_rendering.py"
_LOOK = "tests/workers/process/test_service_look.py"

SUPPLY_CHAIN = (
    *(
        _row(what, file, old, new, (test,))
        for what, file, old, new, test in (
            (
                "a job is done at the engine of its host",
                "workers/work/toolbox.py",
                "Owner(self.configuration, self.connection, self.keys).expect(engine)",
                "pass",
                f"{_OWN}::test_another_engine_is_refused_with_both_ids_and_the_command",
            ),
            (
                "the wheel of the product holds no trial",
                "pyproject.toml",
                'packages = ["programs", "bot", "workers", "quaymaster"]\n',
                'packages = ["programs", "bot", "workers", "quaymaster", "trial"]\n',
                "tests/test_wheels.py::"
                "test_the_wheel_of_the_product_holds_what_runs_in_production_and_nothing_else",
            ),
            (
                "the image of the product is built without the trial",
                "Dockerfile",
                "COPY quaymaster quaymaster\n",
                "COPY quaymaster quaymaster\nCOPY trial trial\n",
                "tests/test_wheels.py::test_the_trial_is_not_copied_into_the_image[trial]",
            ),
            (
                "services are looked at on the engine of their host",
                "workers/targets/connection.py",
                "self.owner.expect(self.engine)",
                "pass",
                f"{_LOOK}::test_at_another_engine_nothing_is_touched_and_nothing_is_told",
            ),
            (
                "a pinned engine counts whatever was recorded",
                "workers/docker/own_engine.py",
                "                raise not_as_pinned(host, pinned, found)\n            return\n",
                "                pass\n",
                f"{_OWN}::test_a_pinned_engine_is_refused_whatever_was_recorded",
            ),
            (
                "one DOCKER_HOST is not the engine of two hosts",
                "workers/docker/own_engine.py",
                "            self._expect_of_no_other(host, found, before)\n",
                "",
                f"{_OWN}::test_a_job_of_staging_does_not_use_the_engine_of_production",
            ),
            (
                "an engine that cannot be recorded is not used",
                "workers/docker/own_engine.py",
                "                return\n        raise not_recorded(host)\n",
                "                return\n",
                f"{_OWN}::test_an_engine_that_cannot_be_recorded_is_neither_used_nor_accepted",
            ),
            (
                "bytes in Redis that are no text are an ordinary refusal",
                "quaymaster/store/transactions.py",
                'value.decode(errors="replace") if isinstance(value, bytes)',
                "value.decode() if isinstance(value, bytes)",
                f"{_OWN}::test_an_engine_that_cannot_be_recorded_is_neither_used_nor_accepted",
            ),
            (
                "an engine that cannot be recorded is not accepted",
                "workers/docker/own_engine.py",
                "                return found\n        raise not_recorded(host)\n",
                "                break\n        return found\n",
                f"{_OWN}::test_an_engine_that_cannot_be_recorded_is_neither_used_nor_accepted",
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
                "workers/docker/own_engine.py",
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
                "after a key was revoked a host still knows its engine",
                "quaymaster/store/revocation.py",
                "            work.sign_engines_anew()\n",
                "",
                "tests/quaymaster/store/test_revocation.py::"
                "test_the_engine_of_a_host_counts_again_and_is_told_to_whoever_revoked_the_key",
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
        _row(what, file, old, new, (test,))
        for what, file, old, new, test in (
            (
                "what a service mounts is looked at on the host",
                "workers/targets/docker_host/host.py",
                "        self._expect_volumes(change, work)\n",
                "",
                "tests/workers/jobs/deploy/test_apply.py::test_a_link_within_what_is_allowed_mounts_nothing",
            ),
            (
                "every part of a name is looked at",
                "workers/targets/docker_host/host_paths.py",
                "        link = is_link(within)\n",
                "        link = is_link(posixpath.relpath(source, root))\n",
                f"{_PATHS}::test_a_link_is_refused_wherever_it_stands_and_wherever_it_leads",
            ),
            (
                "the look begins at the outermost directory that is allowed",
                "workers/targets/docker_host/host_paths.py",
                "min(roots, key=len)",
                "max(roots, key=len)",
                f"{_PATHS}::test_the_outermost_allowed_directory_is_where_the_look_begins",
            ),
            (
                "what is not there is not mounted",
                "workers/targets/docker_host/host_paths.py",
                "        if link is None:\n            raise",
                "        if link is None:\n            return\n            raise",
                f"{_PATHS}::test_a_directory_that_is_not_there_is_refused_and_not_made",
            ),
            (
                "a look leaves no container",
                "workers/targets/docker_host/host_paths.py",
                "        best_effort(lambda: _remove(engine, created), None)\n",
                "        pass\n",
                f"{_PATHS}::test_directories_are_mounted_that_are_what_they_say",
            ),
            (
                "a container has the capabilities of its configuration alone",
                "workers/targets/docker_host/candidates.py",
                "cap_drop=None if configuration.capabilities is None else [ALL],",
                "",
                _MAY,
            ),
            (
                "a container gains no privileges",
                "workers/targets/docker_host/candidates.py",
                '["no-new-privileges:true"] if configuration.no_new_privileges else None',
                "None",
                _MAY,
            ),
            (
                "a container has a limit of processes",
                "workers/targets/docker_host/candidates.py",
                "        pids_limit=limits.pids,\n",
                "",
                _MAY,
            ),
            (
                "a service that says nothing gets no capability that hardly any needs",
                "quaymaster/capabilities.py",
                "set(BY_DOCKER) - LEFT_OUT - dropped",
                "set(BY_DOCKER) - dropped",
                f"{_RENDERING}::test_a_service_gets_no_more_than_it_needs_unless_it_asks",
            ),
            (
                "a service gets no capability that Docker would not give",
                "quaymaster/capabilities.py",
                "    if name not in BY_DOCKER:\n",
                "    if not name:\n",
                "tests/quaymaster/configuration/test_configuration.py::TestMistakes::test_each_in_a_service_is_told",
            ),
            (
                "a voter sees which capabilities change",
                "quaymaster/services.py",
                "tuple(sorted(may_now - could_before))",
                "()",
                "tests/quaymaster/test_services.py::test_what_it_may_do_is_told_as_a_difference",
            ),
            (
                "an older release is restored as it was",
                "quaymaster/services.py",
                "    no_new_privileges: bool = False\n",
                "    no_new_privileges: bool = True\n",
                "tests/workers/jobs/deploy/test_apply.py::"
                "test_a_release_of_before_capabilities_were_recorded_is_restored_as_it_was",
            ),
            (
                "a setting that is new changes no fingerprint of before",
                "workers/targets/rendering.py",
                ", exclude_defaults=True",
                "",
                "tests/workers/targets/docker_host/test_containers.py::"
                "test_a_setting_that_is_new_changes_no_fingerprint_of_before",
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
        "nobody may read the interpreter of the programs",
        "Dockerfile",
        "chmod 0711 /opt/quaymaster/bin/python*",
        "true",
        ("tests/test_docs.py::test_nobody_may_read_the_interpreter_of_the_programs",),
    ),
    _row(
        "the digest of a base image is renewed",
        ".ci/pin-images",
        "($digest)?",
        "",
        (f"{_REQUIREMENTS}::test_pin_images_writes_the_digest_of_the_registry_beside_each_tag",),
    ),
)
