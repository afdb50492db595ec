"""G4: what was approved is what runs."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G4")
_APPLY = "tests/workers/jobs/deploy/test_apply.py"
_APPROVALS = "tests/quaymaster/test_approvals.py"
_EXAMINE = "tests/workers/jobs/deploy/test_examine.py"
_APPROVED = "tests/workers/jobs/deploy/test_approved.py"
_DISPATCH = "tests/workers/test_dispatch.py"
_FORGED = f"{_APPROVED}::test_a_record_that_was_forged_in_redis_is_not_carried_out"
_NOT_BELIEVED = f"{_APPROVED}::test_what_a_plan_says_about_its_approval_is_not_believed"
_FORMATS = "tests/quaymaster/store/test_formats.py"
_GATE = "tests/quaymaster/test_gate.py"
_REPORTS = "tests/quaymaster/store/test_reports.py"
_VOTES = "tests/bot/conversation/test_votes.py"
_REVISIONS = (
    "tests/quaymaster/configuration/test_revisions.py::"
    "test_what_belongs_to_the_environment_changes_its_revision"
)
_RELOADING = "tests/quaymaster/configuration/test_reloading.py"

AS_APPROVED = (
    _row(
        "a verdict whose report is gone lets nothing through",
        "quaymaster/admissible.py",
        "    if report is None and kind.facts.is_rescue:\n",
        "    if report is None:\n",
        (f"{_APPLY}::test_a_verdict_whose_report_is_gone_lets_nothing_through",),
    ),
    _row(
        "the plan that is carried out is about the request",
        "quaymaster/store/operation_fields.py",
        "    _check_the_plan_belongs(operation)\n",
        "",
        (f"{_APPROVED}::test_a_signed_plan_for_another_service_is_not_carried_out",),
    ),
    _row(
        "a service runs its own repository, whatever the bot signed",
        "workers/jobs/deploy/examine.py",
        "    tools.configuration.service_for"
        "(request.environment, request.image.repository, request.service)\n",
        "",
        (f"{_EXAMINE}::test_a_request_of_the_bot_does_not_make_a_service_run_another_repository",),
    ),
    _row(
        "the gate reads the answer to an operation's own order",
        "quaymaster/store/operation_fields.py",
        "    _check_the_scan_is_its_own(operation)\n",
        "",
        (
            "tests/quaymaster/store/test_operation_fields.py::"
            "test_the_scan_of_another_operation_is_not_looked_at",
        ),
    ),
    _row(
        "what is confirmed after a bake window is what was planned",
        "workers/jobs/deploy/verify.py",
        "    if what != (change.service_ref, change.image):\n",
        "    if False:\n",
        (
            "tests/workers/jobs/deploy/test_verify.py::"
            "test_what_another_worker_says_was_achieved_is_not_confirmed",
        ),
    ),
    _row(
        "production takes only what staging has had",
        "quaymaster/admissible.py",
        "        yield _after(configuration, facts, facts.before)\n",
        "        pass\n",
        (f"{_EXAMINE}::test_what_the_environment_before_never_had_is_refused",),
    ),
    _row(
        "what staging has had was recorded by the worker of its host",
        "quaymaster/store/releases.py",
        "if not ring.key(signed.key).may_work_in(queue):",
        "if False:",
        (f"{_EXAMINE}::test_a_release_that_a_worker_of_another_host_recorded_does_not_count",),
    ),
    _row(
        "a release of another service stops what looks for one",
        "quaymaster/store/releases.py",
        "if release.service_ref != service:",
        "if False:",
        (
            "tests/workers/jobs/deploy/test_ledger.py::TestReleases::test_one_of_elsewhere_is_forged",
        ),
    ),
    _row(
        "a plan of version 1 keeps its hash in an upgrade",
        "quaymaster/store/codecs.py",
        "        return Signed(self.lifted(envelope, where), written, envelope.key.id)\n",
        "        text = written.replace(str(envelope.version), str(self.version), 1)\n"
        "        return Signed(self.lifted(envelope, where), text, envelope.key.id)\n",
        (f"{_FORMATS}::test_a_plan_of_version_1_keeps_its_text_and_its_hash",),
    ),
    _row(
        "votes about a plan of version 1 count after an upgrade",
        "quaymaster/store/formats.py",
        '    of_plan = ("kind", "rule", "notes")\n',
        '    of_plan = ("kind", "notes")\n',
        (f"{_FORMATS}::test_votes_about_a_plan_of_version_1_count",),
    ),
    _row(
        "a plan without a change is refused",
        "quaymaster/plans.py",
        "        if not self.changes:\n",
        "        if False:\n",
        (f"{_FORMATS}::test_a_stored_plan_that_makes_no_sense_is_refused[no change]",),
    ),
    _row(
        "a plan changes each service once",
        "quaymaster/plans.py",
        "        if len(set(self.services)) != len(self.changes):\n",
        "        if False:\n",
        (f"{_FORMATS}::test_a_stored_plan_that_makes_no_sense_is_refused[one service twice]",),
    ),
    _row(
        "a plan is about one environment",
        "quaymaster/plans.py",
        "        if len({change.environment for change in self.changes}) > 1:\n",
        "        if False:\n",
        (f"{_FORMATS}::test_a_stored_plan_that_makes_no_sense_is_refused[two environments]",),
    ),
    _row(
        "of a plan of several services none is changed by half",
        "workers/jobs/deploy/sole_change.py",
        "    if len(plan.changes) > 1:\n",
        "    if False:\n",
        ("tests/workers/jobs/deploy/test_sole_change.py",),
    ),
    _row(
        "at the last vote every change of a plan is asked about",
        "bot/conversation/evidence.py",
        "    for change, about in evidence.changes:\n",
        "    for change, about in evidence.changes[:1]:\n",
        (
            "tests/bot/conversation/test_evidence.py::test_a_mark_on_the_image_of_one_service_stops_the_plan",
        ),
    ),
    _row(
        "a change supersedes the plans that share one of its services",
        "workers/jobs/deploy/superseding.py",
        "    return tuple(service for service in other.services if service in plan.services)\n",
        "    return other.services if other.services == plan.services else ()\n",
        ("tests/workers/jobs/deploy/test_superseding.py",),
    ),
    _row(
        "the votes are about this plan",
        "quaymaster/store/operation_fields.py",
        "VOTE.read(one, (number, plan.digest), ring)",
        'VOTE.read(one, (number, one.partition(\'"plan":"\')[2][:64]), ring)',
        (f"{_APPROVED}::test_a_signed_plan_with_another_image_has_another_hash_than_the_votes",),
    ),
    _row(
        "the number of votes is that of the worker's own configuration",
        "workers/jobs/deploy/approved.py",
        "len(counted) < policy.needed",
        "len(counted) < approval.rule.needed",
        (_FORGED,),
    ),
    _row(
        "a rejected plan is not carried out",
        "workers/jobs/deploy/approved.py",
        "if approval.rejected_by is not None or len(counted) < policy.needed:",
        "if len(counted) < policy.needed:",
        (_NOT_BELIEVED,),
    ),
    _row(
        "a vote is about the plan that is there",
        "quaymaster/approvals.py",
        "        if vote.plan != self.plan_hash:\n",
        "        if False:\n",
        (f"{_APPROVALS}::test_a_vote_about_another_plan_is_refused",),
    ),
    _row(
        "a click votes for the plan that was drawn beside the button",
        "bot/conversation/votes.py",
        "plan = ballot.plan or approval.plan_hash",
        "plan = approval.plan_hash",
        (_VOTES,),
    ),
    _row(
        "a plan is called by the hash of all that is stored of it",
        "quaymaster/signed.py",
        "hashlib.sha256(self.text.encode())",
        "hashlib.sha256(repr(self.value).encode())",
        ("tests/quaymaster/test_signed.py",),
    ),
    _row(
        "a report of another image or database says nothing",
        "quaymaster/store/reports.py",
        "        lambda reply: REPORT.read(reply, place, ring).value if reply else None,\n",
        "        lambda reply: REPORT.adapter.validate_json(reply.partition(b'\\n')[2])\n"
        "        if reply\n"
        "        else None,\n",
        (_REPORTS,),
    ),
    _row(
        "a late vote does not count",
        "quaymaster/approvals.py",
        "if vote.at >= self.rule.expires_at:",
        "if False:",
        (f"{_APPROVALS}::test_a_late_vote_is_refused",),
    ),
    _row(
        "nobody approves by a rule that is not configured",
        "bot/conversation/votes.py",
        "if not change.is_rescue and (own or approval.rule.needed < rule.needed):",
        "if False:",
        (_VOTES,),
    ),
    _row(
        "nobody approves a plan of another configuration",
        "bot/conversation/votes.py",
        "if not is_current(operation, self._configuration):",
        "if False:",
        (f"{_VOTES}::test_nobody_can_approve_a_plan_of_another_configuration",),
    ),
    _row(
        "an operation of another configuration is not admitted",
        "bot/conversation/admission.py",
        "            self._check_revision(operation)\n",
        "",
        (
            "tests/bot/conversation/test_admission.py::test_an_operation_of_another_configuration_is_refused",
        ),
    ),
    _row(
        "a worker asks for the revision before it plans, and does nothing with another",
        "workers/dispatch.py",
        "    if is_begun or is_current(operation, tools.configuration):\n",
        "    if True:\n",
        (f"{_DISPATCH}::test_a_worker_with_another_configuration_does_nothing",),
    ),
    _row(
        "a worker asks for the revision of the plan before it carries it out",
        "quaymaster/request_revision.py",
        "    return plan.revision if plan else operation.configuration_revision\n",
        "    return operation.configuration_revision\n",
        (f"{_DISPATCH}::test_the_revision_of_the_plan_is_that_which_counts_at_apply",),
    ),
    _row(
        "a revision covers what the registries of an environment's images are",
        "quaymaster/configuration/revisions.py",
        "_plain(file.registries[host]) for host in registries if",
        "None for host in registries if",
        (_REVISIONS,),
    ),
    _row(
        "a revision covers who may change its environment",
        "quaymaster/configuration/revisions.py",
        '        "roles": {role: _plain(file.roles[role]) for role in '
        "_roles(approvals, may_change)},\n",
        "",
        (_REVISIONS,),
    ),
    _row(
        "a broken file keeps the configuration from before",
        "quaymaster/configuration/reloading.py",
        "                return self._refuse(reading, error)\n            case new:\n",
        "                new = self._current\n            case new:\n                pass\n"
        "        match new:\n            case _:\n",
        (f"{_RELOADING}::test_a_broken_file_is_refused_with_the_words_of_the_start",),
    ),
    _row(
        "a queue that the new file does not have keeps the configuration from before",
        "workers/work/configurations.py",
        "        refuse_unknown(queues, new.hosts)\n",
        "",
        (
            "tests/workers/work/test_configurations.py::"
            "test_a_queue_that_is_gone_is_refused_as_at_the_start",
        ),
    ),
    _row(
        "a text that is half written is not used",
        "workers/work/configurations.py",
        "            if hashlib.sha256(text).hexdigest() == digest:\n",
        "            if True:\n",
        (
            "tests/workers/work/test_configurations.py::test_a_text_that_is_half_written_is_not_used",
        ),
    ),
    _row(
        "no room for a new configuration leaves the one before whole",
        "workers/work/configurations.py",
        "        start = _HEADER if fits_before else self._held.stop\n",
        "        start = _HEADER\n",
        (
            "tests/workers/work/test_configurations.py::"
            "test_where_there_is_no_room_for_the_new_one_the_one_before_can_still_be_read",
        ),
    ),
    _row(
        "no file ends a program that works",
        "quaymaster/configuration/reloading.py",
        "        except Exception as error:\n            # An edge:",
        "        except ConfigurationError as error:\n            # An edge:",
        (f"{_RELOADING}::test_what_nobody_foresaw_does_not_end_it_either",),
    ),
    _row(
        "a reload that comes too early waits",
        "quaymaster/configuration/reloading.py",
        "        signal.pthread_sigmask(signal.SIG_BLOCK, (SIGNAL,))\n",
        "        pass\n",
        (
            "tests/end_to_end/test_starting.py::"
            "test_a_worker_that_waits_for_redis_reads_the_file_again_when_it_begins",
        ),
    ),
    _row(
        "no process works with the old configuration for good",
        "workers/process/supervisor.py",
        "            self._kill_overdue_ones()\n",
        "",
        (
            "tests/workers/process/test_supervisor.py::"
            "test_a_child_that_does_not_end_for_a_new_configuration_is_killed",
        ),
    ),
    _row(
        "only one process is signalled",
        "quaymaster/configuration/reloading.py",
        "            if 0 < program <= _HIGHEST_PROCESS:\n",
        "            if True:\n",
        (f"{_RELOADING}::test_only_one_process_is_ever_asked",),
    ),
    _row(
        "a child that was forked just now does not end the others",
        "workers/process/supervisor.py",
        "signal.pthread_sigmask(signal.SIG_BLOCK, _TAKEN)\n",
        "signal.pthread_sigmask(signal.SIG_BLOCK, ())\n",
        (
            "tests/workers/process/test_supervisor.py::"
            "test_a_child_that_is_told_to_end_as_soon_as_it_is_born_ends_and_nobody_else",
        ),
    ),
    _row(
        "a worker runs only what the bot recorded",
        "quaymaster/store/formats.py",
        'SUBMISSION = Codec("request", TypeAdapter(Submission), _BOT, 2',
        'SUBMISSION = Codec("request", TypeAdapter(Submission), _BOT | _WORKER, 2',
        ("tests/workers/test_run.py::test_a_request_that_another_program_signed_is_not_run",),
    ),
    _row(
        "a deploy begins with looking at the image",
        "workers/dispatch.py",
        'raise Forged("A deploy starts by examining the image.")',
        "return plan_deploy(request, running, tools)",
        (f"{_DISPATCH}::test_a_deploy_begins_with_looking_at_the_image",),
    ),
    _row(
        "the gate is asked again before a deploy is carried out",
        "workers/jobs/deploy/permitted.py",
        "        verdict=verdict_of_now(plan.kind, ",
        "        verdict=None and verdict_of_now(plan.kind, ",
        (f"{_APPLY}::test_what_came_to_light_after_the_approval_stops_the_deploy",),
    ),
    _row(
        "what changed since the plan was made ends it as superseded",
        "workers/jobs/deploy/apply.py",
        "serving is not None and _is_other(serving, plan, change)",
        "False",
        (f"{_APPLY}::test_a_plan_about_something_else_than_what_runs_is_superseded",),
    ),
    _row(
        "a secret that changed since the plan was made ends it as superseded",
        "workers/jobs/deploy/apply.py",
        "if values.changed or values.incomparable:",
        "if False:",
        (f"{_APPLY}::test_a_secret_that_changed_since_the_plan_supersedes_it",),
    ),
    _row(
        "what runs is named by its digest",
        "workers/targets/docker_host/candidates.py",
        "            spec.image.by_digest,\n",
        '            f"{spec.image.repository}:{spec.image.tag}",\n',
        (f"{_APPLY}::test_a_tag_that_moved_on_the_host_changes_nothing",),
    ),
    _row(
        "what is pulled is named by its digest",
        "workers/docker/images.py",
        '"tag": image.selector}',
        '"tag": image.tag or image.selector}',
        (
            "tests/workers/docker/test_images.py::"
            "test_a_pull_by_digest_brings_that_image_whatever_its_tag_means_now",
        ),
    ),
    _row(
        "what was never scanned is unknown",
        "quaymaster/gate.py",
        'return Unknown("It was never scanned.")',
        "return Clean()",
        (f"{_GATE}::test_what_was_never_scanned_is_unknown",),
    ),
    _row(
        "an old database proves nothing",
        "quaymaster/gate.py",
        "        return Unknown(outdated)\n",
        "        pass\n",
        (f"{_GATE}::test_a_database_of_the_limit_is_too_old_and_says_how_old",),
    ),
    _row(
        "unknown stops a deploy",
        "quaymaster/gate.py",
        'return rule.unknown == "block"',
        "return False",
        (f"{_GATE}::test_unknown_stops_unless_it_is_let_through",),
    ),
    _row(
        "of many findings the gate compares also those that a plan does not name",
        "quaymaster/gate.py",
        "    return any(rank > before.get(key, -1) for key, rank in _pairs(now))\n",
        "    return False\n",
        (f"{_GATE}::test_one_new_finding_behind_the_ten_that_are_named_is_worse",),
    ),
    _row(
        "of more findings than a plan carries any difference is worse",
        "quaymaster/gate.py",
        "        return planned != now\n",
        "        return False\n",
        (f"{_GATE}::test_of_more_than_a_plan_carries_any_difference_is_worse",),
    ),
    _row(
        "what is shown of an image is what engine and scanner read of it",
        "workers/outside/foreign_json.py",
        "named.get(name) or named.get(name.casefold(), name): value",
        "name: value",
        ("tests/workers/outside/test_foreign_json.py::test_a_field_is_what_go_takes_for_it",),
    ),
)
