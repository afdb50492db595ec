"""G7: nothing from outside becomes code, a command, markup or rights."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G7")
_COMPOSE = "tests/test_docs.py"
_CONTAINERS = "tests/workers/targets/docker_host/test_containers.py"
_DEPLOYMENT = "tests/test_deployment.py"
_GRAMMAR = "tests/quaymaster/test_image_ref.py"
_PARTS = "tests/bot/views/test_parts.py"
_EVERY_MESSAGE = (
    "tests/bot/views/test_everything.py::"
    "test_every_message_is_taken_by_slack_and_tells_only_who_is_meant"
)
_REGISTRY = "tests/workers/registry/test_failures.py"
_REPOSITORY = "tests/test_repository.py"
_SERVICES = "tests/quaymaster/configuration/test_configuration.py"
_USERS = "tests/quaymaster/store/test_redis_users.py"
_WORKER = "tests/workers/process/test_worker.py"
_NOT_OURS = f"{_WORKER}::test_a_job_that_is_not_ours_is_refused"

NO_INJECTION = (
    _row(
        "a worker refuses other functions",
        "workers/process/worker.py",
        "if name != job.function or instance is not None:",
        "if instance is not None:",
        (_NOT_OURS,),
    ),
    _row(
        "a worker refuses methods of objects",
        "workers/process/worker.py",
        "if name != job.function or instance is not None:",
        "if name != job.function:",
        (_NOT_OURS,),
    ),
    _row(
        "a worker refuses other arguments",
        "workers/process/worker.py",
        "    if not is_pointer:\n",
        "    if False:\n",
        (_NOT_OURS,),
    ),
    _row(
        "a worker refuses callbacks",
        "workers/process/worker.py",
        "    if any(isinstance(name, str) and name for name in callbacks) or job.webhooks:\n",
        "    if job.webhooks:\n",
        (_NOT_OURS,),
    ),
    _row(
        "a worker refuses webhooks",
        "workers/process/worker.py",
        "for name in callbacks) or job.webhooks:",
        "for name in callbacks):",
        (_NOT_OURS,),
    ),
    _row(
        "a worker refuses what it cannot read",
        "workers/process/worker.py",
        '        return f"its data cannot be read ({type(error).__name__})"\n',
        "        return None\n",
        (_NOT_OURS,),
    ),
    _row(
        "what is refused is not run",
        "workers/process/worker.py",
        "            job.delete(remove_from_queue=False)\n            return\n",
        "",
        (f"{_WORKER}::test_a_job_that_is_refused_is_thrown_away_and_not_run",),
    ),
    _row(
        "a worker's jobs are JSON, never pickles",
        "workers/process/worker.py",
        "            serializer=JSONSerializer,\n",
        "            serializer=None,\n",
        (f"{_WORKER}::test_a_pickle_is_never_opened",),
    ),
    _row(
        "a job's function is ours whatever it names",
        "workers/process/worker.py",
        '        return cast("Callable[..., Any]", resolve_name(self.entry))\n',
        "        return super().func\n",
        (f"{_WORKER}::test_a_job_has_our_function_and_no_callbacks",),
    ),
    *(
        _row(
            f"a job has no {kind} callback",
            "workers/process/worker.py",
            f"    {kind}_callback = property(lambda _: None)\n",
            "",
            (f"{_WORKER}::test_a_job_has_our_function_and_no_callbacks",),
        )
        for kind in ("success", "failure", "stopped")
    ),
    _row(
        "nothing is sent to a webhook",
        "workers/process/worker.py",
        "    def send_webhooks(self,",
        "    def send_no_webhooks(self,",
        (f"{_WORKER}::test_nothing_is_sent_to_a_webhook",),
    ),
    _row(
        "a worker takes no commands by publish and subscribe",
        "workers/process/worker.py",
        "    def subscribe(self) -> None:\n",
        "    def subscribe_not(self) -> None:\n",
        (f"{_WORKER}::test_commands_by_publish_and_subscribe_are_not_listened_to",),
    ),
    _row(
        "cleaning up runs no callback of an abandoned job",
        "workers/process/worker.py",
        "    def clean_registries(self) -> None:\n",
        "    def clean_nothing(self) -> None:\n",
        (f"{_WORKER}::test_cleaning_up_runs_nothing_that_an_abandoned_job_names",),
    ),
    _row(
        "no program is started through a shell",
        "workers/scanner/trivy_process.py",
        "                start_new_session=True,\n",
        "                start_new_session=True,\n                shell=True,\n",
        (f"{_REPOSITORY}::test_nothing_starts_a_shell_or_opens_a_pickle",),
    ),
    _row(
        "no pickle is opened",
        "quaymaster/store/codecs.py",
        "return self.adapter.validate_json(envelope.body)",
        'return __import__("pickle").loads(envelope.body.encode())',
        (f"{_REPOSITORY}::test_nothing_starts_a_shell_or_opens_a_pickle",),
    ),
    *(
        _row(f"{what} in an image reference", "quaymaster/image_ref.py", old, new, (_GRAMMAR,))
        for what, old, new in (
            ("a tag has only its letters", "not _TAG.fullmatch(self.tag)", "not self.tag"),
            ("a path has only its letters", "not _PATH.fullmatch(self.path)", "not self.path"),
            (
                "a registry has only its letters",
                "not _DOMAIN.fullmatch(self.registry)",
                "not self.registry",
            ),
            ("a digest is 64 hex digits", "not _DIGEST.fullmatch(self.value)", "not self.value"),
            ("a name is whole", "_PATH.fullmatch(self.path)", "_PATH.match(self.path)"),
            ("a name is not too long", "if len(str(self)) > _NAME_LIMIT:", "if False:"),
        )
    ),
    _row(
        "a manifest is what its digest names",
        "workers/registry/client.py",
        "            if claimed is not None and claimed != digest:\n",
        "            if False:\n",
        (f"{_REGISTRY}::test_a_manifest_that_is_not_what_its_digest_names_is_refused",),
    ),
    _row(
        "a digest that is asked for is the one that is answered",
        "workers/registry/client.py",
        "if ref.digest is not None and digest != ref.digest:",
        "if False:",
        (f"{_REGISTRY}::test_a_digest_that_is_not_the_manifests_is_refused",),
    ),
    _row(
        "a configuration is what its digest names",
        "workers/registry/client.py",
        "if (digest := digest_of(answer.content)) != blob.digest:",
        "if (digest := digest_of(answer.content)) is None:",
        (f"{_REGISTRY}::test_a_configuration_that_is_not_what_its_digest_names_is_refused",),
    ),
    _row(
        "a registry stores what it was given",
        "workers/registry/writes.py",
        "        if stored != str(manifest.digest):\n",
        "        if False:\n",
        (f"{_REGISTRY}::test_a_registry_that_stored_something_else_is_found_out",),
    ),
    _row(
        "impossible names are not shown as tags",
        "workers/registry/client.py",
        "{name for name in self._tags_in(answer) if _is_tag(repository, name)}",
        "self._tags_in(answer)",
        (f"{_REGISTRY}::TestPages::test_impossible_names_are_not_shown_as_tags",),
    ),
    _row(
        "a report is about the image that was asked for",
        "workers/scanner/trivy_report.py",
        'if report.artifact_type != "container_image" or report.artifact_name != artifact_name:',
        "if False:",
        (
            "tests/workers/scanner/test_trivy_report.py::"
            "test_a_report_that_is_not_about_this_image_is_broken",
        ),
    ),
    _row(
        "a scan that looked at no layer proves nothing",
        "workers/scanner/trivy_report.py",
        "        if not any(report.metadata.layers or ()):\n",
        "        if False:\n",
        (
            "tests/workers/scanner/test_trivy_report.py::"
            "test_a_report_that_is_not_about_this_image_is_broken",
        ),
    ),
    _row(
        "nobody hides findings by the scanner's own files",
        "workers/scanner/scanner.py",
        '"--ignorefile", "")',
        '"--ignorefile", ".trivyignore")',
        (
            "tests/workers/scanner/test_scanner.py::"
            "test_what_hides_findings_from_people_does_not_hide_them_from_the_report",
        ),
    ),
    _row(
        "an ssh address carries no options",
        "workers/docker/ssh_tunnel.py",
        'if address.startswith("-"):',
        "if False:",
        ("tests/workers/docker/test_ssh_tunnel.py::test_an_address_cannot_smuggle_options",),
    ),
    _row(
        "angle brackets are escaped in mrkdwn",
        "bot/views/parts.py",
        '.replace("<", "&lt;")',
        "",
        (f"{_PARTS}::test_text_is_no_markup_in_mrkdwn",),
    ),
    _row(
        "ampersands are escaped in mrkdwn",
        "bot/views/parts.py",
        '.replace("&", "&amp;")',
        "",
        (f"{_PARTS}::test_text_is_no_markup_in_mrkdwn",),
    ),
    _row(
        "formatting is taken out of mrkdwn",
        "bot/views/parts.py",
        'text = text.replace("*", "∗").replace("~", "∼").replace("`", "ˋ")\n',
        "text = str(text)\n",
        (f"{_PARTS}::test_text_is_no_markup_in_mrkdwn",),
    ),
    _row(
        "nobody is mentioned by plain words",
        "bot/views/parts.py",
        '    text = re.sub(r"(?<![A-Za-z0-9])@|@(?=here|channel|everyone)", "＠", text)\n',
        "",
        (f"{_PARTS}::test_text_is_no_markup_in_mrkdwn",),
    ),
    _row(
        "nothing in plain text looks like markup",
        "bot/views/parts.py",
        'text.replace("<", "‹").replace(">", "›")',
        "text",
        (_EVERY_MESSAGE,),
    ),
    _row(
        "an entity is not cut in half",
        "bot/views/parts.py",
        'whole = re.sub(r"(&[a-z]*|<[^>]*)$", "", escaped[: limit - 1])',
        "whole = escaped[: limit - 1]",
        (f"{_PARTS}::test_a_text_is_not_cut_inside_an_entity",),
    ),
    _row(
        "what could reorder or hide text becomes visible",
        "bot/views/parts.py",
        'line if line.isprintable() else "".join(map(_printable, line))',
        "line",
        (f"{_PARTS}::test_what_reorders_or_hides_text_becomes_visible",),
    ),
    *(
        _row(
            f"only an id of Slack is shown as a {what}",
            "bot/views/parts.py",
            old,
            new,
            (f"{_PARTS}::test_what_is_no_id_of_slack_is_mere_text",),
        )
        for what, old, new in (
            (
                "person",
                "_USER.fullmatch(user_id):\n            return",
                "user_id:\n            return",
            ),
            (
                "channel",
                "_CHANNEL.fullmatch(channel_id):\n            return",
                "channel_id:\n            return",
            ),
        )
    ),
    _row(
        "small print makes no links of plain words",
        "bot/views/parts.py",
        "MarkdownTextObject(text=text, verbatim=True)",
        "MarkdownTextObject(text=text)",
        (f"{_PARTS}::test_small_print_makes_no_links_of_plain_words",),
    ),
    _row(
        "an answer is for one person alone",
        "bot/conversation/answers.py",
        'body: dict[str, Any] = {"response_type": "ephemeral", "text": answer.text}',
        'body: dict[str, Any] = {"response_type": "in_channel", "text": answer.text}',
        (
            "tests/bot/conversation/test_acceptance.py::"
            "test_hostile_text_is_answered_privately_and_pings_nobody[push <!channel>]",
        ),
    ),
    _row(
        "words from outside are no markup on a terminal",
        "programs/check_report.py",
        "from rich.text import Text\n",
        "from rich.text import Text as _Text\n\nText = _Text.from_markup\n",
        ("tests/programs/test_check_report.py::test_words_from_outside_are_not_read_as_markup",),
    ),
    _row(
        "the engine itself is not mounted",
        "workers/targets/docker_host/candidates.py",
        "    _refuse_the_engine_itself(engine, spec.configuration.volumes)\n",
        "",
        (f"{_CONTAINERS}::test_the_engine_itself_is_not_mounted",),
    ),
    _row(
        "the socket of a host's own engine is not mounted",
        "workers/targets/docker_host/candidates.py",
        "for path in (*_SOCKETS, own):",
        "for path in _SOCKETS:",
        (f"{_CONTAINERS}::test_the_socket_of_this_very_engine_is_not_mounted",),
    ),
    _row(
        "a configuration mounts no engine",
        "quaymaster/configuration/schema_rules.py",
        "    if is_engine_path(volume.source):\n",
        "    if False:\n",
        (f"{_SERVICES}::TestMistakes::test_each_in_a_service_is_told",),
    ),
    _row(
        "a configuration mounts what its host allows",
        "quaymaster/configuration/schema_rules.py",
        "        if not any(is_inside(volume.source, allowed) for allowed in host.allow_paths):\n",
        "        if False:\n",
        (f"{_SERVICES}::TestMistakes::test_each_in_a_service_is_told",),
    ),
    _row(
        "Redis asks for a password",
        "valkey.conf",
        "aclfile /etc/valkey/users.acl\n",
        "",
        (f"{_DEPLOYMENT}::test_redis_comes_up_healthy_lets_no_stranger_in_and_shows_no_password",),
    ),
    _row(
        "nobody is Redis's default user",
        "quaymaster/store/redis_users.py",
        "if user in passwords or user is RedisUser.ADMIN)",
        "if user in passwords)",
        (f"{_USERS}::test_without_a_password_of_its_own_the_default_user_is_nobody",),
    ),
    _row(
        "a user of Redis begins with no rights",
        "quaymaster/store/redis_users.py",
        'words = ["user", user.value, "reset"]',
        'words = ["user", user.value, "+@all"]',
        (f"{_USERS}::test_no_program_may_what_only_an_administrator_needs",),
    ),
    _row(
        "the file of Redis's users holds no password",
        "quaymaster/store/redis_users.py",
        'f"#{hashlib.sha256(password.encode()).hexdigest()}"',
        'f">{password}"',
        (f"{_USERS}::test_the_file_holds_hashes_and_no_password",),
    ),
    _row(
        "a password of Redis cannot be guessed from its hash",
        "quaymaster/store/redis_users.py",
        "        if not _PASSWORD.fullmatch(password):\n",
        "        if not password:\n",
        (f"{_USERS}::test_a_password_that_is_too_short_or_breaks_a_url_is_refused",),
    ),
    *(
        _row(
            f"in Redis {what}",
            "quaymaster/store/redis_users.py",
            old,
            new,
            (f"{_USERS}::test_a_program_cannot_touch_what_is_not_its_own",),
        )
        for what, old, new in (
            ("the bot writes no release", '"releases:*", bot="r"', '"releases:*", bot="rw"'),
            ("the bot writes no report", '"report:*", bot="r"', '"report:*", bot="rw"'),
            ("the bot writes no audit", '_ours("audit", ', '_ours("audit", bot="rw", '),
            ("the scanner reads no operation", '"operation:*", ', '"operation:*", scanner="r", '),
            (
                "the scanner writes no order",
                'registry="rw", scanner="r")',
                'registry="rw", scanner="rw")',
            ),
        )
    ),
    _row(
        "each program is a user of Redis of its own",
        "docker-compose.yml",
        "redis://worker-host:${REDIS_PASSWORD_WORKER_HOST:?set it in .env}",
        "redis://bot:${REDIS_PASSWORD_BOT:?set it in .env}",
        (
            f"{_DEPLOYMENT}::test_each_program_is_a_user_of_redis_of_its_own_and_redis_is_not_published",
        ),
    ),
    _row(
        "Redis is not published",
        "docker-compose.yml",
        "    networks: [inner]\n",
        '    networks: [inner]\n    ports: ["6379:6379"]\n',
        (f"{_COMPOSE}::test_redis_loses_nothing_has_its_users_in_a_file_and_is_not_published",),
    ),
    _row(
        "Redis is on the inner network only",
        "docker-compose.yml",
        "    networks: [inner]\n",
        "    networks: [inner, outer]\n",
        (f"{_COMPOSE}::test_redis_loses_nothing_has_its_users_in_a_file_and_is_not_published",),
    ),
    _row(
        "the Docker socket is in the worker of the host alone",
        "docker-compose.yml",
        "      - trivy:/var/cache/trivy\n",
        "      - trivy:/var/cache/trivy\n      - /var/run/docker.sock:/var/run/docker.sock\n",
        (f"{_COMPOSE}::test_the_docker_socket_is_in_the_worker_of_the_host_alone",),
    ),
    _row(
        "containers have no capabilities",
        "docker-compose.yml",
        "  pids_limit: 512\n  cap_drop: [ALL]\n",
        "  pids_limit: 512\n",
        (f"{_COMPOSE}::test_no_container_may_more_than_it_must",),
    ),
    _row(
        "a Redis without a password is found",
        "workers/checks/redis_checks.py",
        '        subject,\n        "broken",\n'
        '        "none: anyone who reaches it can read and delete everything.",\n',
        '        subject,\n        "ok",\n'
        '        "none: anyone who reaches it can read and delete everything.",\n',
        (
            "tests/workers/checks/test_redis_checks.py::"
            "test_what_is_set_up_wrongly_is_told_and_how_to_set_it",
        ),
    ),
)
