"""G6: no secret leaves."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G6")
_ABOUT = "tests/workers/test_image_configuration.py::test_everything_that_is_shown"
_AUTH = "tests/workers/test_registry_auth.py"
_CONFIGURATION = "tests/quaymaster/test_configuration.py::TestMistakes"
_LOGS = "tests/quaymaster/test_logs.py"
_REDACTION = "tests/quaymaster/test_redaction.py"
_LOOKS = f"{_REDACTION}::test_what_looks_like_a_secret_is_taken_out"
_REGISTRY = "tests/workers/test_registry_failures.py"
_RENDERING = "tests/workers/test_rendering.py"
_RUN = "tests/workers/test_run.py"
_SCANNER = "tests/workers/test_scanner.py"
_SETTINGS = "tests/quaymaster/test_settings.py"
_SPELLINGS = f"{_REDACTION}::test_every_spelling_of_a_value_is_found"

_SHAPES = (
    ("private keys", "    for pattern in _PATTERNS:\n", "    for pattern in _PATTERNS[1:]:\n"),
    ("HTTP Basic", r'(r"(?<=\bbasic )[A-Za-z0-9', r'(r"(?<=\bnever )[A-Za-z0-9'),
    ("bearer tokens", r'(r"(?<=\bbearer )(?!', r'(r"(?<=\bnever )(?!'),
    ("passwords in URLs", r'(r"(?<=://)[^\s/@', r'(r"(?<=:///)[^\s/@'),
    ("JSON web tokens", r'(r"\beyJ', r'(r"\bnever'),
    ("keys of AWS", r'(r"\b(?:AKIA|ASIA)', r'(r"\b(?:NEVER)'),
    ("tokens of GitHub", r'(r"\b(?:gh[pousr]_', r'(r"\b(?:never_'),
    ("tokens of GitLab", r"|glpat-[", r"|never-["),
    ("tokens of Slack", r'(r"\bxox[a-z]-', r'(r"\bnever-'),
    ("assignments", '    text = _ASSIGNMENT.sub(rf"\\g<1>{MARK}", text)\n', ""),
)

NO_SECRET_LEAVES = (
    _row(
        "known values are taken out",
        "quaymaster/redaction.py",
        "    text = _without_values(text, secrets)\n",
        "",
        (f"{_REDACTION}::test_a_known_value_is_found_wherever_it_stands",),
    ),
    _row(
        "values that overlap leave no rest",
        "quaymaster/redaction.py",
        "        end = max(end, stop)\n",
        "            end = max(end, stop)\n",
        (f"{_REDACTION}::test_values_that_overlap_are_taken_out_together",),
    ),
    *(
        _row(f"{what} spellings are taken out", "quaymaster/redaction.py", old, "", (_SPELLINGS,))
        for what, old in (
            ("percent-encoded", '    yield quote(secret, safe="")\n'),
            ("form-encoded", "    yield quote_plus(secret)\n"),
            ("HTML's", "    yield html.escape(secret)\n"),
            ("JSON's", "    yield json.dumps(secret)[1:-1]\n"),
            ("base64", "    yield encoded\n"),
        )
    ),
    _row(
        "a text is cut after the search",
        "quaymaster/redaction.py",
        "    text = _without_values(text, secrets)\n",
        "    text = _without_values(text[:limit], secrets)\n",
        (f"{_REDACTION}::test_a_cut_hides_no_half_of_a_secret_from_the_search",),
    ),
    *(
        _row(f"{what} are known by their shape", "quaymaster/redaction.py", old, new, (_LOOKS,))
        for what, old, new in _SHAPES
    ),
    _row(
        "known values are taken out of the log",
        "quaymaster/logs.py",
        "        structlog.processors.format_exc_info,\n        redacted,\n",
        "        structlog.processors.format_exc_info,\n",
        (f"{_LOGS}::test_no_known_secret_is_logged",),
    ),
    _row(
        "tracebacks are searched too",
        "quaymaster/logs.py",
        "        structlog.processors.format_exc_info,\n        redacted,\n",
        "        redacted,\n        structlog.processors.format_exc_info,\n",
        (f"{_LOGS}::test_no_known_secret_is_logged",),
    ),
    _row(
        "settings do not print themselves",
        "quaymaster/settings.py",
        "    return SecretStr(value) if value else None\n",
        "    return value or None\n",
        (f"{_SETTINGS}::test_no_secret_prints_itself",),
    ),
    _row(
        "the address of Redis is a secret",
        "quaymaster/settings.py",
        "redis_url=SecretStr(values[REDIS_URL.name]),",
        "redis_url=values[REDIS_URL.name],",
        (f"{_SETTINGS}::test_no_secret_prints_itself",),
    ),
    _row(
        "a wrong setting is not repeated",
        "quaymaster/settings.py",
        'found.append(f"  {setting.name} {what} Example',
        'found.append(f"  {setting.name} {value} {what} Example',
        (f"{_SETTINGS}::test_a_wrong_value_is_told_with_an_example_and_not_repeated",),
    ),
    _row(
        "a password in the configuration is refused",
        "quaymaster/schema_values.py",
        "if template is None or len(template.parts) != 1 or not template.is_secret:",
        "if template is None:",
        (_CONFIGURATION,),
    ),
    _row(
        "a value beside a mistake in the configuration is not repeated",
        "quaymaster/yaml_source.py",
        '                f"{file}, line {mark.line + 1 if mark else 1}: '
        'a key stands twice in one place.",\n',
        "                str(error),\n",
        (_CONFIGURATION,),
    ),
    _row(
        "a resolved secret does not print itself",
        "quaymaster/secret_references.py",
        "return SecretStr(_looked_up(reference, environ))",
        "return _looked_up(reference, environ)",
        (
            "tests/quaymaster/test_secret_references.py::"
            "test_a_resolved_secret_does_not_print_itself",
        ),
    ),
    _row(
        "a plan holds references to secrets",
        "workers/rendering.py",
        "return Variable(name, reference=template.text, fingerprint=self._key.of(name, value))",
        "return Variable(name, value=value)",
        (f"{_RENDERING}::test_a_plan_holds_references_and_fingerprints_and_no_values",),
    ),
    _row(
        "what an env_file says is not in a plan",
        "workers/rendering.py",
        "            name, reference=_FILE_REFERENCE + file, "
        "fingerprint=self._key.of(name, value)\n",
        "            name, value=value\n",
        (f"{_RENDERING}::test_a_plan_holds_references_and_fingerprints_and_no_values",),
    ),
    _row(
        "fingerprints are made with the key",
        "quaymaster/fingerprints.py",
        "hmac.new(self._key, _framed(parts), hashlib.sha256).hexdigest()",
        "hashlib.sha256(_framed(parts)).hexdigest()",
        ("tests/quaymaster/test_fingerprints.py::test_it_takes_the_key_to_make_one",),
    ),
    _row(
        "a specification does not print its values",
        "workers/candidates.py",
        "    values: tuple[tuple[str, str], ...] = field(default=(), repr=False)\n",
        "    values: tuple[tuple[str, str], ...] = field(default=())\n",
        ("tests/workers/test_containers.py::test_a_specification_does_not_print_its_values",),
    ),
    _row(
        "a container's last lines are searched",
        "workers/containers.py",
        "tuple(redact(text, secrets).splitlines()[-lines:])",
        "tuple(text.splitlines()[-lines:])",
        ("tests/workers/test_containers.py::test_a_container_says_its_last_lines_without_secrets",),
    ),
    *(
        _row(f"an image's {what}", "workers/image_configuration.py", old, new, (_ABOUT,))
        for what, old, new in (
            (
                "variables are shown without secrets",
                'return f"{name}{equals}{_shown(name, value)}"',
                "return text",
            ),
            (
                "labels are shown without secrets",
                "labels=tuple((key, _shown(key, value)) for",
                "labels=tuple((key, value) for",
            ),
        )
    ),
    _row(
        "the steps of an image are shown without secrets",
        "workers/image_configuration.py",
        "words = redact(step.created_by or step.comment)",
        "words = step.created_by or step.comment",
        (
            "tests/workers/test_image_configuration.py::"
            "test_history_is_newest_first_with_the_sizes_of_its_layers",
        ),
    ),
    _row(
        "the configuration of an image that was scanned is not kept",
        "workers/trivy_report.py",
        'class TrivyMetadata(BaseModel):\n    """What was scanned."""\n',
        'class TrivyMetadata(BaseModel, extra="allow"):\n    """What was scanned."""\n',
        ("tests/workers/test_trivy_report.py::test_the_environment_of_the_image_is_not_kept",),
    ),
    _row(
        "the scanner's credentials are in no argument",
        "workers/scanner.py",
        "            *(*asked.source, asked.name),\n",
        '            *(["--password", asked.login.password.get_secret_value()]\n'
        "              if asked.login and asked.login.password else []),\n"
        "            *(*asked.source, asked.name),\n",
        (f"{_SCANNER}::test_the_password_is_in_no_argument",),
    ),
    _row(
        "a file with credentials is private",
        "workers/scanner.py",
        "file.touch(mode=0o600)",
        "file.touch(mode=0o644)",
        (f"{_SCANNER}::test_credentials_with_a_comma_reach_the_registry_whole",),
    ),
    _row(
        "a program in the scanner's place cannot look into the one that started it",
        "quaymaster/hidden.py",
        "        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)\n",
        "        pass\n",
        (
            "tests/end_to_end/test_scanner_child.py::test_the_scanners_child_gets_no_secret",
            "tests/end_to_end/test_scanner_child.py::"
            "test_the_child_of_a_hosts_worker_gets_no_secret",
        ),
    ),
    _row(
        "the scanner inherits no open file",
        "workers/trivy_process.py",
        "                start_new_session=True,\n",
        "                start_new_session=True,\n                close_fds=False,\n",
        ("tests/workers/test_trivy_process.py::test_it_inherits_no_descriptor",),
    ),
    _row(
        "only what the scanner needs of the environment reaches it",
        "workers/scanner.py",
        "if key in _PASSED_ON and value}",
        "if value}",
        (f"{_SCANNER}::test_only_what_the_scanner_needs_of_the_environment_reaches_it",),
    ),
    _row(
        "a token server is asked over HTTPS only",
        "workers/registry_auth.py",
        'is_safe = parts.scheme == "https" or',
        'is_safe = bool(parts.scheme) or parts.scheme == "https" or',
        (f"{_AUTH}::test_the_password_is_never_sent_in_clear_over_a_network",),
    ),
    _row(
        "a link to another host does not get the login",
        "workers/registry_connection.py",
        "        if urlsplit(url)[:2] != urlsplit(self.base)[:2]:\n",
        "        if False:\n",
        (f"{_REGISTRY}::TestPages::test_another_host_never_gets_the_login",),
    ),
    _row(
        "only loopback is spoken to in the clear",
        "quaymaster/registries.py",
        'return "http" if is_loopback(self.host) else "https"',
        'return "http"',
        ("tests/quaymaster/test_configuration.py",),
    ),
    _row(
        "a registry is quoted without the login",
        "workers/registry_connection.py",
        'return redact(" ".join(text.split()), self._authorizer.secrets, limit=limit)',
        'return " ".join(text.split())[:limit]',
        (f"{_REGISTRY}::test_the_registrys_words_are_quoted_without_the_password",),
    ),
    _row(
        "an engine is quoted without the login",
        "workers/engine_failures.py",
        "    words = redact(text, secrets).strip()\n",
        "    words = text.strip()\n",
        ("tests/workers/test_streams.py::test_secrets_do_not_leave_with_the_error",),
    ),
    _row(
        "the scanner is quoted without the login",
        "workers/trivy_process.py",
        "return redact(said, secrets, limit=_WORDS)",
        "return said[:_WORDS]",
        ("tests/workers/test_trivy_process.py::test_a_failure_is_quoted_without_secrets",),
    ),
    _row(
        "the text of an unforeseen error stays in the log",
        "quaymaster/logs.py",
        '        "Something went wrong inside Quaymaster.",\n',
        "        str(error),\n",
        (f"{_RUN}::test_an_error_that_nobody_foresaw_ends_it_without_its_text",),
    ),
    _row(
        "a job carries an operation id and nothing else",
        "quaymaster/queues.py",
        '"data": json.dumps([RUN_OPERATION, None, [operation_id], {}]),',
        '"data": json.dumps([RUN_OPERATION, None, [operation_id, queue], {}]),',
        (
            "tests/quaymaster/store/test_records.py::"
            "test_accepting_queues_a_job_that_rq_reads_as_its_own",
        ),
    ),
    _row(
        "what is checked is told without secrets",
        "quaymaster/checks.py",
        "    safe = redact(text, secrets)\n",
        "    safe = text\n",
        (
            "tests/quaymaster/test_checks.py::"
            "test_secrets_and_control_characters_are_taken_out_of_every_word",
        ),
    ),
    _row(
        "variables are told by name",
        "bot/views/approval.py",
        '("adds", tuple(name for name in new if name not in old)),',
        '("adds", tuple(f"{name}={one.value}" for name, one in new.items() if name not in old)),',
        ("tests/bot/views/test_approval.py::test_variables_are_told_by_name",),
    ),
)
