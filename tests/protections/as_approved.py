"""G4: what was approved is what runs."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G4")
_APPLY = "tests/workers/jobs/test_apply.py"
_APPROVALS = "tests/quaymaster/test_approvals.py"
_EXAMINE = "tests/workers/jobs/test_examine.py"
_APPROVED = "tests/workers/test_approved.py"
_DISPATCH = "tests/workers/test_dispatch.py"
_FORGED = f"{_APPROVED}::test_a_record_that_was_forged_in_redis_is_not_carried_out"
_GATE = "tests/quaymaster/test_gate.py"
_PLANS = "tests/quaymaster/test_plans.py"
_ALTERED = f"{_PLANS}::test_a_plan_that_was_altered_is_refused"
_RELEASES = "tests/quaymaster/store/test_releases.py"
_REPORTS = "tests/quaymaster/store/test_reports.py"
_SEALS = "tests/quaymaster/test_seals.py"
_SETTLED = "tests/workers/jobs/test_settled.py"
_VOTES = "tests/bot/test_votes.py"

_HASHED = (
    ("what is done", "            self.kind,\n"),
    ("the environment", "            self.environment,\n"),
    ("the service", "            self.service,\n"),
    ("the host", "            self.host,\n"),
    ("the digest", "            str(self.image),\n"),
    ("the verdict", "            self.examined.verdict.kind,\n"),
    ("the configuration", "            _CONFIGURATION.dump_json(self.configuration).decode(),\n"),
    ("the revision of the configuration", "            self.configuration_revision,\n"),
    ("the release that is restored", '            str(self.restores or ""),\n'),
    ("what runs now", '            str(running.image) if running else "",\n'),
    (
        "the configuration of what runs now",
        "            _CONFIGURATION.dump_json(running.configuration).decode()\n"
        "            if running and running.configuration\n"
        '            else "",\n',
    ),
)
"""The parts of a plan that its hash covers, as they stand in the code."""

_VOTED = ("str(operation), ", "plan_hash, ", "voter, ", "choice, ", ", at.isoformat()")
"""The parts of a vote that its seal covers, as they stand in the code."""

AS_APPROVED = (
    *(
        _row(f"the hash of a plan covers {what}", "quaymaster/plans.py", line, "", (_ALTERED,))
        for what, line in _HASHED
    ),
    _row(
        "the seal of a plan is of one operation",
        "quaymaster/plans.py",
        'sealer.check(self.seal, "plan", str(operation), self.hash())',
        'sealer.check(self.sealed(sealer, 1042).seal, "plan", "1042", self.hash())',
        (f"{_PLANS}::test_a_plan_of_another_operation_is_refused",),
    ),
    _row(
        "a seal is compared with the one that the key makes",
        "quaymaster/seals.py",
        "if not hmac.compare_digest(seal, self.seal(purpose, *parts)):",
        "if len(seal) != 64:",
        (_SEALS,),
    ),
    _row(
        "a seal is for one purpose",
        "quaymaster/seals.py",
        "_framed((purpose, *parts))",
        "_framed(parts)",
        (f"{_SEALS}::test_a_seal_for_one_purpose_is_none_for_another",),
    ),
    _row(
        "no two lists of parts have the same seal",
        "quaymaster/seals.py",
        'b"".join(len(part).to_bytes(8, "big") + part for part in encoded)',
        'b"".join(encoded)',
        (f"{_SEALS}::test_no_two_lists_of_parts_have_the_same_seal",),
    ),
    _row(
        "the plan that is carried out carries its seal",
        "workers/approved.py",
        "    plan.check_seal(sealer, operation.id)\n",
        "",
        (_FORGED,),
    ),
    _row(
        "the plan that is carried out is about the request",
        "workers/approved.py",
        "    _check_it_answers_the_request(operation, plan)\n",
        "",
        (f"{_APPROVED}::test_a_sealed_plan_for_another_service_is_not_carried_out",),
    ),
    _row(
        "production takes only what staging has had",
        "workers/jobs/examine.py",
        "    _refuse_unreleased_before(request, resolved.digest, tools)\n",
        "",
        (f"{_EXAMINE}::test_what_the_environment_before_never_had_is_refused",),
    ),
    _row(
        "what staging has had carries the seal of a worker",
        "workers/jobs/examine.py",
        "                release.check(tools.sealer)\n",
        "",
        (f"{_EXAMINE}::test_a_release_that_no_worker_recorded_does_not_count",),
    ),
    _row(
        "a genuine release counts only where it was made",
        "quaymaster/store/releases.py",
        "if (release.environment, release.service) != (environment, service):",
        "if False:",
        (f"{_EXAMINE}::test_a_genuine_release_of_elsewhere_does_not_count",),
    ),
    _row(
        "the votes are about this plan",
        "workers/approved.py",
        "if approval is None or approval.plan_hash != plan.hash():",
        "if approval is None:",
        (f"{_APPROVED}::test_a_sealed_plan_with_another_image_has_another_hash_than_the_votes",),
    ),
    _row(
        "the seals of votes are checked at execution",
        "workers/approved.py",
        "    approval.check_seals(sealer, operation.id)\n",
        "",
        (_FORGED,),
    ),
    _row(
        "the number of votes is that of the worker's own configuration",
        "workers/approved.py",
        "len(counted) < policy.needed",
        "len(counted) < approval.needed",
        (_FORGED,),
    ),
    _row(
        "a rejected plan is not carried out",
        "workers/approved.py",
        "if approval.rejected_by is not None or len(counted) < policy.needed:",
        "if len(counted) < policy.needed:",
        (_FORGED,),
    ),
    _row(
        "every vote carries its seal",
        "quaymaster/approvals.py",
        "            vote.check(sealer, operation=operation, plan_hash=self.plan_hash)\n",
        "            pass\n",
        (f"{_APPROVALS}::test_a_vote_that_was_written_into_redis_is_refused",),
    ),
    _row(
        "nobody is counted twice",
        "quaymaster/approvals.py",
        "if len({vote.voter for vote in self.votes}) != len(self.votes):",
        "if False:",
        (f"{_APPROVALS}::test_the_same_sealed_vote_twice_is_not_two_voters",),
    ),
    *(
        _row(
            f"the seal of a vote covers {part.strip(', ')}",
            "quaymaster/approvals.py",
            "    return (str(operation), plan_hash, voter, choice, at.isoformat())\n",
            "    return (str(operation), plan_hash, voter, choice, at.isoformat())\n".replace(
                part, ""
            ),
            (f"{_APPROVALS}::test_a_vote_that_was_altered_is_refused",),
        )
        for part in _VOTED
    ),
    _row(
        "a late vote does not count",
        "quaymaster/approvals.py",
        "if vote.at >= self.expires_at:",
        "if False:",
        (f"{_APPROVALS}::test_a_late_vote_is_refused",),
    ),
    _row(
        "nobody approves a plan without its seal",
        "bot/votes.py",
        "        plan.check_seal(self._sealer, operation.id)\n",
        "",
        (f"{_VOTES}::test_nobody_can_approve_a_plan_that_was_changed_in_redis",),
    ),
    _row(
        "nobody approves by a rule that is not configured",
        "bot/votes.py",
        'if plan.kind == "deploy" and (own or approval.needed < rule.needed):',
        "if False:",
        (f"{_VOTES}::test_nobody_can_approve_by_a_rule_that_was_changed_in_redis",),
    ),
    _row(
        "nobody approves a plan of another configuration",
        "bot/votes.py",
        "if operation.configuration_revision != self._configuration.revision:",
        "if False:",
        (f"{_VOTES}::test_nobody_can_approve_a_plan_of_another_configuration",),
    ),
    _row(
        "an operation of another configuration is not admitted",
        "bot/admission.py",
        "            self._check_revision(operation)\n",
        "",
        ("tests/bot/test_admission.py::test_an_operation_of_another_configuration_is_refused",),
    ),
    _row(
        "a worker with another configuration does nothing",
        "workers/dispatch.py",
        "if operation.configuration_revision != tools.configuration.revision:",
        "if False:",
        (f"{_DISPATCH}::test_a_worker_with_another_configuration_does_nothing",),
    ),
    _row(
        "a worker runs only what the bot recorded",
        "workers/dispatch.py",
        "    operation.check_request(tools.sealer)\n",
        "",
        (f"{_DISPATCH}::test_a_request_that_was_written_into_redis_is_not_run",),
    ),
    _row(
        "a deploy begins with looking at the image",
        "workers/dispatch.py",
        'raise Forged("A deploy begins with looking at the image.")',
        "return plan_deploy(request, running, tools)",
        (f"{_DISPATCH}::test_a_deploy_begins_with_looking_at_the_image",),
    ),
    _row(
        "a plan without its seal is not settled after a crash",
        "workers/jobs/settled.py",
        "    plan.check_seal(tools.sealer, operation.id)\n",
        "",
        (f"{_SETTLED}::test_a_forged_plan_is_not_settled",),
    ),
    _row(
        "a plan without its seal is not looked at again",
        "workers/jobs/look.py",
        "    plan.check_seal(tools.sealer, operation.id)\n",
        "",
        (f"{_SETTLED}::test_a_forged_plan_is_not_looked_at_again",),
    ),
    _row(
        "the gate is asked again before a deploy is carried out",
        "workers/jobs/apply.py",
        '    if plan.kind == "deploy":\n        _ask_the_gate_again(plan, tools)\n',
        "",
        (f"{_APPLY}::test_what_came_to_light_after_the_approval_stops_the_deploy",),
    ),
    _row(
        "what changed since the plan was made ends it as superseded",
        "workers/jobs/apply.py",
        "(serving.digest if serving else None) != (planned.digest if planned else None)",
        "False",
        (f"{_APPLY}::test_a_plan_about_something_else_than_what_runs_is_superseded",),
    ),
    _row(
        "a secret that changed since the plan was made ends it as superseded",
        "workers/jobs/apply.py",
        'if plan.kind == "deploy" and values.changed:',
        "if False:",
        (f"{_APPLY}::test_a_secret_that_changed_since_the_plan_supersedes_it",),
    ),
    _row(
        "what runs is named by its digest",
        "workers/candidates.py",
        "            spec.image.by_digest,\n",
        '            f"{spec.image.repository}:{spec.image.tag}",\n',
        (f"{_APPLY}::test_a_tag_that_moved_on_the_host_changes_nothing",),
    ),
    _row(
        "what is pulled is named by its digest",
        "workers/images.py",
        '"tag": image.selector}',
        '"tag": image.tag or image.selector}',
        (
            "tests/workers/test_images.py::"
            "test_a_pull_by_digest_brings_that_image_whatever_its_tag_means_now",
        ),
    ),
    _row(
        "a report that somebody wrote into Redis says nothing",
        "quaymaster/store/reports.py",
        '    sealer.check(seal, "report", key, text)\n',
        "",
        (f"{_REPORTS}::test_a_report_that_was_written_into_redis_is_refused",),
    ),
    _row(
        "a report is of one digest and one database",
        "quaymaster/store/reports.py",
        'sealer.check(seal, "report", key, text)',
        'sealer.check(seal, "report", key, text) if key in text else None',
        (f"{_REPORTS}::test_a_report_of_another_digest_is_refused",),
    ),
    _row(
        "a release that somebody wrote into Redis is not restored",
        "quaymaster/store/releases.py",
        '        sealer.check(self.seal, "release", self._covered())\n',
        "        return\n",
        (f"{_RELEASES}::test_a_release_that_was_altered_is_refused",),
    ),
    _row(
        "a rollback checks the release that it restores",
        "workers/jobs/rollback.py",
        "    target.check(tools.sealer)\n",
        "",
        (f"{_APPLY}::test_a_rollback_does_not_restore_what_was_written_into_redis",),
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
        "    return any(rank > known.get(key, -1) for key, rank in _pairs(now))\n",
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
)
