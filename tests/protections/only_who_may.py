"""G5: only who may."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G5")
_ADMISSION = "tests/bot/conversation/test_admission.py"
_CANCELLING = "tests/bot/conversation/test_cancelling.py"
_FACTS = "tests/quaymaster/test_request_facts.py"
_HOME = "tests/bot/conversation/test_home.py"
_HTTP = "tests/bot/listening/test_http.py"
_IDENTITY = "tests/bot/conversation/test_identity.py"
_NOT_SLACKS = "tests/bot/listening/test_not_slacks.py"
_ONE_NAME = "tests/quaymaster/test_one_name.py"
_PAYLOADS = "tests/bot/listening/test_payloads.py"
_POLICY = "tests/quaymaster/test_policy.py"
_STANDING = f"{_IDENTITY}::test_only_full_members_count_as_such"
_VERBS = "tests/test_verbs.py"
_VOTES = "tests/bot/conversation/test_votes.py"

ONLY_WHO_MAY = (
    _row(
        "nobody but full members may do anything",
        "quaymaster/policy.py",
        "def _check_membership(person: Person) -> None:\n"
        "    if person.membership is not Membership.FULL_MEMBER:\n",
        "def _check_membership(person: Person) -> None:\n    if False:\n",
        (_POLICY,),
    ),
    _row(
        "who votes is known before anything is said of the operation",
        "bot/conversation/votes.py",
        "        self._check_right(operation, ballot)\n"
        "        self._refuse_second_vote(operation, ballot.person)\n",
        "        self._refuse_second_vote(operation, ballot.person)\n"
        "        _open_approval(operation)\n"
        "        self._check_right(operation, ballot)\n",
        (f"{_VOTES}::test_how_an_operation_stands_is_not_told_to_who_may_not_vote",),
    ),
    _row(
        "strangers have no role",
        "quaymaster/policy.py",
        "    if person.membership is not Membership.FULL_MEMBER:\n        return frozenset()\n",
        "",
        (f"{_POLICY}::TestRoles::test_a_stranger_has_no_role_at_all",),
    ),
    _row(
        "nothing is written without a right",
        "quaymaster/policy.py",
        "if right is Right.READ and not _is_reading_given(configuration):",
        "if not _is_reading_given(configuration):",
        (f"{_POLICY}::TestRights::test_nothing_is_written_without_a_right",),
    ),
    _row(
        "a right is asked for",
        "quaymaster/policy.py",
        "    if not _has_right(configuration, person, right, service):\n",
        "    if False:\n",
        (_POLICY,),
    ),
    _row(
        "reading needs a right once it is given to somebody",
        "quaymaster/policy.py",
        "if right is Right.READ and not _is_reading_given(configuration):",
        "if right is Right.READ:",
        (_POLICY,),
    ),
    _row(
        "a right is given where it is bound to",
        "quaymaster/rights.py",
        "if right not in SCOPED or self.environment != environment:",
        "if right not in SCOPED:",
        (_POLICY,),
    ),
    _row(
        "a right can be bound to one service",
        "quaymaster/rights.py",
        "return self.service is None or self.service == service",
        "return True",
        (_POLICY,),
    ),
    _row(
        "only a role in approval.from votes, whatever its rights",
        "quaymaster/policy.py",
        "    if not roles_of(configuration, person).intersection(voters):\n",
        "    if not roles_of(configuration, person):\n",
        (_POLICY,),
    ),
    _row(
        "only voters and the requester reject",
        "quaymaster/policy.py",
        "    if person.user_id != requester:\n        may_vote(",
        "    if False:\n        may_vote(",
        (_POLICY,),
    ),
    _row(
        "only the requester and who has the right cancel",
        "quaymaster/policy.py",
        "    if not _has_right(configuration, person, Right.CANCEL, service):\n",
        "    if False:\n",
        (_POLICY,),
    ),
    _row(
        "the requester's own vote is refused",
        "quaymaster/approvals.py",
        "if own and vote.choice is Choice.APPROVE and not self.rule.own_request_counts:",
        "if False:",
        ("tests/quaymaster/test_approvals.py::test_the_requesters_own_approval_does_not_count",),
    ),
    _row(
        "the requester's own vote does not count at execution",
        "workers/jobs/deploy/approved.py",
        "and (policy.own_request_counts or vote.voter != operation.requester)",
        "",
        (
            "tests/workers/jobs/deploy/test_approved.py::"
            "test_what_a_plan_says_about_its_approval_is_not_believed",
        ),
    ),
    *(
        _row(f"{who} no full members", "bot/conversation/identity.py", old, new, (_STANDING,))
        for who, old, new in (
            ("strangers are", 'user.get("is_stranger") or ', ""),
            ("people of other workspaces are", " or home.team not in teams", ""),
            ("bots are", 'user.get("is_bot") or ', ""),
            ("workflows are", 'user.get("is_workflow_bot") or ', ""),
            ("Slackbot is", ' or user.get("id") == "USLACKBOT"', ""),
            ("deactivated accounts are", 'if user.get("deleted"):', "if False:"),
            ("guests are", 'user.get("is_restricted") or ', ""),
            ("guests of one channel are", ' or user.get("is_ultra_restricted")', ""),
        )
    ),
    _row(
        "who comes from another workspace is an outsider",
        "bot/conversation/identity.py",
        "if actor.team not in (home.team, home.enterprise):",
        "if False:",
        (f"{_IDENTITY}::test_the_same_user_id_of_another_workspace_is_somebody_else",),
    ),
    _row(
        "who is known is known in one workspace",
        "bot/conversation/identity.py",
        "return cached.person if cached.person.team_id == actor.team else None",
        "return cached.person",
        (f"{_IDENTITY}::test_the_same_user_id_of_another_workspace_is_somebody_else",),
    ),
    _row(
        "a look-up counts for a minute",
        "bot/conversation/identity.py",
        "        return self._seen(actor, self._a_minute_ago())\n",
        "        return self._seen(actor, since=-math.inf)\n",
        (f"{_IDENTITY}::test_a_look_up_counts_for_a_minute_but_never_for_a_vote",),
    ),
    _row(
        "the members of a group are looked up again after a minute",
        "bot/conversation/identity.py",
        "if cached is not None and cached.at >= since:",
        "if cached is not None:",
        (f"{_IDENTITY}::test_a_look_up_counts_for_a_minute_but_never_for_a_vote",),
    ),
    _row(
        "a group that cannot be looked up refuses",
        "bot/conversation/identity.py",
        "            if not _says(error, _NO_GROUP):\n                raise\n",
        "",
        (f"{_ADMISSION}::test_a_group_that_cannot_be_looked_up_refuses",),
    ),
    _row(
        "a vote is looked up at the click",
        "bot/conversation/votes.py",
        "await self._directory.look_up_anew(actor, voted_at)",
        "await self._directory.look_up(actor)",
        (f"{_VOTES}::test_a_role_is_looked_up_again_at_the_click",),
    ),
    _row(
        "a look-up that fails refuses the vote",
        "bot/conversation/votes.py",
        "        person = await self._directory.look_up_anew(actor, voted_at)\n",
        "        try:\n"
        "            person = await self._directory.look_up_anew(actor, voted_at)\n"
        "        except Exception:\n"
        "            person = Person(actor.user, actor.team)\n",
        (f"{_VOTES}::test_a_look_up_that_fails_refuses_the_vote_and_says_so",),
    ),
    _row(
        "the right to vote is checked",
        "bot/conversation/votes.py",
        "            policy.may_vote(self._configuration, ballot.person, service)\n",
        "            pass\n",
        (f"{_VOTES}::test_the_vote_of_who_may_not_is_refused",),
    ),
    _row(
        "the right to reject is checked",
        "bot/conversation/votes.py",
        "            policy.may_reject(self._configuration, ballot.person, requester, service)\n",
        "            pass\n",
        (f"{_VOTES}::test_the_vote_of_who_may_not_is_refused",),
    ),
    _row(
        "who cancels is looked up at the click",
        "bot/conversation/cancelling.py",
        "        policy.may_cancel(\n",
        "        (lambda *_: None)(\n",
        (f"{_CANCELLING}::test_others_may_not_cancel",),
    ),
    _row(
        "who turns a page may look",
        "bot/conversation/paging.py",
        "        policy.allowed(self._configuration, person, Right.READ)\n",
        "",
        (
            "tests/bot/conversation/test_paging.py::test_a_page_button_shows_its_page_however_often_it_is_clicked",
        ),
    ),
    _row(
        "who asks for a status may look",
        "bot/listening/router.py",
        "        policy.request_allowed(self._services.configuration, person, request)\n",
        "",
        ("tests/bot/test_run.py::test_status_and_jobs_are_told_privately",),
    ),
    _row(
        "who opens the Home tab may look",
        "bot/conversation/home.py",
        "            policy.request_allowed(self._configuration, person, request)\n",
        "            pass\n",
        (f"{_HOME}::TestOpened::test_nobody_but_full_members_sees_anything",),
    ),
    _row(
        "who opens the Home tab is looked up",
        "bot/conversation/home.py",
        "            person = await self._directory.look_up(actor)\n",
        "            person = Person(actor.user, actor.team)\n",
        (f"{_HOME}::TestOpened::test_nobody_but_full_members_sees_anything",),
    ),
    _row(
        "the Home tab offers a vote to who may give it",
        "bot/conversation/home.py",
        "        policy.may_vote(configuration, person, service)\n",
        "        pass\n",
        (f"{_HOME}::test_an_approval_does_not_wait_for_others",),
    ),
    _row(
        "an unknown person is looked up before an operation is queued",
        "bot/listening/router.py",
        "incoming, State.ACCEPTED if person is None else State.QUEUED",
        "incoming, State.QUEUED",
        (f"{_ADMISSION}::test_only_full_members_of_this_workspace_are_admitted",),
    ),
    _row(
        "a known person is judged before an operation is recorded",
        "bot/listening/router.py",
        "            self._check(incoming, person)\n",
        "            pass\n",
        (
            "tests/bot/conversation/test_acceptance.py::test_a_refusal_by_policy_is_private_and_in_the_audit",
        ),
    ),
    _row(
        "a look-up that fails refuses the command",
        "bot/conversation/admission.py",
        "            person = await self._directory.look_up(person_behind(operation))\n",
        "            try:\n"
        "                person = await self._directory.look_up(person_behind(operation))\n"
        "            except QuaymasterError:\n"
        "                person = Person(operation.requester, str())\n",
        (f"{_ADMISSION}::test_a_look_up_that_fails_refuses_and_says_so",),
    ),
    _row(
        "what no person asked for has no rights",
        "bot/conversation/identity.py",
        "    if operation.person is None:\n",
        "    if False:\n",
        (f"{_ADMISSION}::test_what_no_person_asked_for_is_not_admitted",),
    ),
    _row(
        "what is admitted is allowed",
        "bot/conversation/admission.py",
        "    request_allowed(configuration, person, request)\n",
        "",
        (f"{_ADMISSION}::test_somebody_without_the_right_is_refused",),
    ),
    _row(
        "a frozen environment takes no deploy",
        "bot/conversation/admission.py",
        "        if refusal is not None:\n",
        "        if False:\n",
        (f"{_ADMISSION}::test_a_frozen_environment_takes_no_deploy",),
    ),
    _row(
        "a change of a service waits for its window, whatever its verb",
        "bot/conversation/admission.py",
        "    if change is not None and not change.is_rescue:\n",
        '    if change is not None and request.verb == "deploy":\n',
        (f"{_VERBS}::test_a_new_verb_that_changes_a_service_waits_for_its_window",),
    ),
    _row(
        "what changes a service needs a right",
        "quaymaster/request_facts.py",
        " or not isinstance(self.right, Right):\n",
        ":\n",
        (f"{_FACTS}::test_what_changes_a_service_is_about_it_needs_a_right_and_is_work",),
    ),
    _row(
        "requests over HTTP are signed",
        "bot/listening/http.py",
        "        if not _is_signed(verifier, request, body):\n",
        "        if False:\n",
        (f"{_HTTP}::test_a_forged_signature_is_refused",),
    ),
    _row(
        "a body that is no text has to be signed as well",
        "bot/listening/http.py",
        'return hmac.compare_digest(f"v0={own}", signature)',
        'return bool(hmac.compare_digest(f"v0={own}", signature) or body)',
        (f"{_NOT_SLACKS}::test_who_does_not_know_the_secret_learns_nothing_and_fills_no_log",),
    ),
    _row(
        "rules hold for a registry by every name that it has",
        "quaymaster/image_ref.py",
        "return DOCKER_HUB if lower in _NAMES_OF_DOCKER_HUB else lower",
        "return lower",
        (f"{_ONE_NAME}::test_a_service_runs_its_image_however_the_two_are_written",),
    ),
    _row(
        "rules hold for an image of Docker Hub with and without its library",
        "quaymaster/image_ref.py",
        "            path = _OFFICIAL + path\n",
        "            pass\n",
        (f"{_ONE_NAME}::test_a_service_runs_its_image_however_the_two_are_written",),
    ),
    _row(
        "rules hold for a registry in capitals",
        "quaymaster/image_ref.py",
        "    lower = host.lower()\n",
        "    lower = host\n",
        (f"{_ONE_NAME}::test_a_registry_in_capitals_is_the_one_in_small_letters",),
    ),
    _row(
        "no registry has two entries",
        "quaymaster/configuration/schema_values.py",
        "            if name in by_value:\n",
        "            if False:\n",
        (f"{_ONE_NAME}::test_two_entries_of_one_registry_are_refused",),
    ),
    _row(
        "a signature is of the whole body",
        "bot/listening/http.py",
        "return verifier.is_valid(body, timestamp, signature)",
        "return verifier.is_valid(body[:10], timestamp, signature) or bool(body)",
        (f"{_HTTP}::test_a_changed_body_is_refused",),
    ),
    _row(
        "a click is of the workspace of who clicked",
        "bot/listening/payloads.py",
        'optional_text(user, "team_id") or optional_text(inside(body, "team"), "id")',
        'optional_text(inside(body, "team"), "id")',
        (f"{_PAYLOADS}::test_a_click_is_of_the_workspace_of_who_clicked",),
    ),
    _row(
        "a mention is of the workspace of who wrote it",
        "bot/listening/payloads.py",
        'for name in ("user_team", "source_team", "team")]',
        'for name in ("team",)]',
        (f"{_PAYLOADS}::test_a_stranger_in_a_shared_channel_is_of_another_workspace",),
    ),
    _row(
        "what a program wrote is no command",
        "bot/listening/payloads.py",
        'if event.get("bot_id") or ',
        "if ",
        (f"{_PAYLOADS}::test_what_no_person_wrote_now_is_nothing",),
    ),
)
