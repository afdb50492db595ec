"""G6: no secret leaves."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G6")
_ABOUT = "tests/workers/registry/test_image_configuration.py::test_everything_that_is_shown"
_AUTH = "tests/workers/registry/test_auth.py"
_PROXIES = "tests/quaymaster/test_proxies.py"
_CONFIGURATION = "tests/quaymaster/configuration/test_configuration.py::TestMistakes"
_LOGS = "tests/quaymaster/test_logs.py"
_REDACTION = "tests/quaymaster/redaction/test_redaction.py"
_SHAPES_FILE = "quaymaster/redaction/secret_shapes.py"
_VALUES_FILE = "quaymaster/redaction/known_values.py"
_SHAPES_TESTS = "tests/quaymaster/redaction/test_secret_shapes.py"
_LOOKS = f"{_SHAPES_TESTS}::test_what_looks_like_a_secret_is_taken_out"
_WORDS = f"{_SHAPES_TESTS}::test_ordinary_words_stay"
_LINEAR = "tests/quaymaster/redaction/test_linear_redaction.py"
_VALUES = "tests/quaymaster/redaction/test_known_values.py"
_LOG = "tests/workers/targets/docker_host/test_container_log.py"
_REGISTRY = "tests/workers/registry/test_failures.py"
_RENDERING = "tests/workers/targets/test_rendering.py"
_RUN = "tests/workers/test_run.py"
_SCANNER = "tests/workers/scanner/test_scanner.py"
_SETTINGS = "tests/quaymaster/test_settings.py"
_SPELLINGS = f"{_VALUES}::test_a_value_is_found_in_the_spellings_in_which_it_travels"

_SHAPES = (
    ("private keys", "    yield from _private_keys(text)\n", ""),
    (
        "keys that begin before the text",
        "    since, is_open = 0, False\n",
        "    since, is_open = len(text), False\n",
    ),
    ("HTTP Basic", r'_BASIC = re.compile(r"\bbasic ', r'_BASIC = re.compile(r"\bnever '),
    ("bearer tokens", r'_BEARER = re.compile(r"\bbearer ', r'_BEARER = re.compile(r"\bnever '),
    ("passwords in URLs", "    yield from _logins(text)\n", ""),
    ("passwords with @ in URLs", 'text.rfind("@", start, stop)', 'text.find("@", start, stop)'),
    ("passwords with / in URLs", "    if at < 0 and not is_host:\n", "    if False:\n"),
    ("secrets told in sentences and lists", "    yield from stated_secrets(text)\n", ""),
    ("keys in base64", "        if _is_key(encoded[0]):\n", "        if False:\n"),
    (
        "keys of PuTTY",
        "for key in _PUTTY.finditer(text):",
        "for key in _PUTTY.finditer(text, len(text)):",
    ),
    ("keys in forms", "(BEGIN|END)[ +][A-Z0-9 +]", "(BEGIN|END)[ ][A-Z0-9 ]"),
    ("blocks of YAML", "_BLOCK.match(text, at) or ", ""),
    ("names in brackets", 'is_secret_name(name + (match["index"] or ""))', "is_secret_name(name)"),
    ("passwords called pwd", " or _is_pwd(text, match)", ""),
    ("options on a line that goes on", r'r"(?<!\\)(?<!\\\r)\n"', r'r"\n"'),
    ("JSON web tokens", r"(eyJ[A-Za-z0-9_-]", r"(never[A-Za-z0-9_-]"),
    ("keys of AWS", r'(r"\b((?:AKIA|ASIA)', r'(r"\b((?:NEVER)'),
    ("tokens of GitHub", r"((?:gh[pousr]_", r"((?:never_"),
    ("tokens of GitLab", r"(glpat-[", r"(never-["),
    ("tokens of Slack", r"(xox[a-z]-", r"(never-"),
    ("assignments", "    yield from _assignments(text)\n", ""),
    ("options of programs", "    yield from _options(text)\n", ""),
    ("options behind another program", "        if kind not in seen:\n", "        if not seen:\n"),
    ("addresses of hooks", "    yield from _hooks(text)\n", ""),
    (
        "whole headers",
        '    if name.lower() in _WHOLE_HEADERS and ":" in match["sign"] and not is_tag:\n',
        "    if False:\n",
    ),
    ("quotes inside of quotes", '    rf"(?:{_ESCAPED}"\n', '    r"(?:(?!)"\n'),
)

_ENCODINGS = (
    (
        "values with colours inside are",
        '    rf"{COLOURS}"\n    r"|(?P<pair>',
        '    r"(?P<pair>',
        _SPELLINGS,
    ),
    (
        "values with letters that nobody sees inside are",
        "+{INVISIBLE}]++|",
        "+]++|",
        _SPELLINGS,
    ),
    (
        "values that were percent-encoded twice are",
        "(?:%(?:25)*+(?=[0-9a-fA-F]{2})|%|",
        "(?:%|",
        _SPELLINGS,
    ),
    (
        "values whose accents are letters of their own are",
        'for form in ("NFC", "NFD")',
        "for form in ()",
        f"{_VALUES}::test_a_letter_with_an_accent_is_one_letter_or_two",
    ),
    (
        "percent-encoded spellings are",
        r'(?P<byte>[0-9a-fA-F]{2})"',
        r'(?P<byte>[g]{2})"',
        _SPELLINGS,
    ),
    ("JSON's spellings are", r"(?<=u)[0-9a-fA-F]{4}", r"(?<=u)[g]{4}", _SPELLINGS),
    ("HTML's spellings are", r"(?P<entity>&\#?\w{1,8};)", r"(?P<entity>&\#?never;)", _SPELLINGS),
    ("quoted spellings are", """[\\s'\\"+{INV""", """[\\s\\"+{INV""", _SPELLINGS),
    (
        "hexadecimal spellings are",
        "    yield from (as_hex.encode(), as_hex.upper().encode())\n",
        "",
        _SPELLINGS,
    ),
    ("base64 is", "    for offset in range(3):\n", "    for offset in ():\n", _SPELLINGS),
    (
        "base64 of a login is",
        "    for offset in range(3):\n",
        "    for offset in (0,):\n",
        _SPELLINGS,
    ),
    (
        "what base64 has of a value at its edges is",
        "                start, end = _whole_word(text, start, stop, end)\n"
        "                stop = end\n",
        "                pass\n",
        _SPELLINGS,
    ),
    (
        "each line of a value is",
        "*secret.splitlines(), ",
        "",
        f"{_VALUES}::test_each_line_of_a_value_is_a_secret_by_itself",
    ),
    (
        "a value without its last newline is",
        """    stripped = {one.strip().strip("\\"'") for one in values} """
        "| {one.strip() for one in values}\n",
        "    stripped = values\n",
        f"{_VALUES}::test_what_is_secret_in_a_value_is_one_by_itself",
    ),
    (
        "the password in an address is",
        "            values.add(password)\n",
        "            pass\n",
        f"{_VALUES}::test_what_is_secret_in_a_value_is_one_by_itself",
    ),
    (
        "what looks like a secret in a value is",
        "    values |= {secret[start:stop] for start, stop in shapes(secret)}\n",
        "",
        f"{_VALUES}::test_what_is_secret_in_a_value_is_one_by_itself",
    ),
    (
        "a value that is bytes is",
        'surrogateescape" if _is_from_bytes',
        'replace" if _is_from_bytes',
        f"{_VALUES}::test_bytes_that_are_no_text_are_found_as_they_are_read",
    ),
)

_STEPS = "test_twice_the_text_takes_twice_the_steps"
_AGAIN = "test_no_part_of_the_text_is_walked_again_by_who_asks"
_QUADRATIC = (
    (
        "no expression begins inside of what it has walked over",
        r'r"(?<![\w-])(eyJ',
        r'r"(eyJ',
        _STEPS,
    ),
    ("a value is walked over once", "            at = value[1]\n", "            pass\n", _AGAIN),
    ("options are looked for once", "        if kind not in seen:\n", "        if kind:\n", _AGAIN),
)

NO_SECRET_LEAVES = (
    _row(
        "known values are taken out",
        "quaymaster/redaction/redaction.py",
        "sorted((*values.spans(text), *_looks_like(text)))",
        "sorted(_looks_like(text))",
        (f"{_REDACTION}::test_a_known_value_is_found_wherever_it_stands",),
    ),
    _row(
        "values that overlap leave no rest",
        "quaymaster/redaction/redaction.py",
        "        stop = max(stop, past)\n",
        "",
        (f"{_REDACTION}::test_values_that_overlap_are_taken_out_together",),
    ),
    *(
        _row(f"{what} taken out", _VALUES_FILE, old, new, (test,))
        for what, old, new, test in _ENCODINGS
    ),
    _row(
        "an escape with something unseen inside is undone",
        _VALUES_FILE,
        "            yield from map(seen.place, self._as_written(seen.text))\n",
        "            pass\n",
        (f"{_VALUES}::test_no_card_puts_together_what_nobody_saw_in_between",),
    ),
    _row(
        "a text is cut after the search",
        "quaymaster/redaction/redaction.py",
        "    window = written(text[:LONGEST_TEXT])\n",
        "    window = written(text[:limit])\n",
        (f"{_REDACTION}::test_a_cut_hides_no_half_of_a_secret_from_the_search",),
    ),
    _row(
        "what the end of what is looked at goes through is removed whole",
        "quaymaster/redaction/redaction.py",
        "LONGEST_TEXT - _margin(values)\n",
        "LONGEST_TEXT\n",
        (f"{_REDACTION}::test_what_a_cut_goes_through_is_removed_whole",),
    ),
    _row(
        "what the beginning of what is looked at goes through is removed whole",
        "quaymaster/redaction/redaction.py",
        "_after_the_cut(window, _margin(values)) if is_cut else 0",
        "0",
        (f"{_REDACTION}::test_what_a_cut_goes_through_is_removed_whole",),
    ),
    _row(
        "a find that goes over an edge goes whole",
        "quaymaster/redaction/redaction.py",
        "        if stop <= first or start >= past:\n",
        "        if start < first or stop > past:\n",
        (f"{_REDACTION}::test_what_a_cut_goes_through_is_removed_whole",),
    ),
    _row(
        "a tail is cut out of the redacted text",
        "quaymaster/redaction/redaction.py",
        "    window = written(text[-LONGEST_TEXT:])\n",
        '    window = "\\n".join(written(text[-LONGEST_TEXT:]).splitlines()[-lines:])\n',
        (f"{_REDACTION}::test_a_tail_is_cut_out_of_the_redacted_text",),
    ),
    _row(
        "what a mark shows is looked at again",
        "quaymaster/redaction/redaction.py",
        "_MORE_LOOKS = 3\n",
        "_MORE_LOOKS = 0\n",
        (f"{_REDACTION}::test_a_mark_can_show_what_stood_behind_it_to_be_a_value",),
    ),
    _row(
        "the words of a command are looked at together",
        "quaymaster/redaction/redaction.py",
        "tuple(redact(_BETWEEN_WORDS.join(words), secrets).split(_BETWEEN_WORDS)) if words else ()",
        "tuple(redact(word, secrets) for word in words)",
        (f"{_REDACTION}::test_the_words_of_a_command_are_looked_at_together",),
    ),
    *(
        _row(f"{what} are known by their shape", _SHAPES_FILE, old, new, (_LOOKS,))
        for what, old, new in _SHAPES
    ),
    _row(
        "names of images and services are no passwords",
        _SHAPES_FILE,
        "    if is_tag or not ends_as_secret(name):\n",
        "    if is_tag or not is_secret_name(name):\n",
        (_WORDS,),
    ),
    _row(
        "a tag behind a repository is no password",
        _SHAPES_FILE,
        '    if before in ("/", "@") and not match["space"]:\n',
        "    if False:\n",
        (_WORDS,),
    ),
    _row(
        "redaction is linear: none walks over its own beginning",
        "quaymaster/redaction/stated_secrets.py",
        r"(?P<value>[^<\n]{1,4096}+)",
        r"(?P<value>[^\n]{1,4096}+)",
        (f"{_LINEAR}::{_STEPS}",),
    ),
    _row(
        "a version is no password",
        _SHAPES_FILE,
        '    is_tag = not match["space"] and not match["quote"] and '
        "_VERSION.match(text, match.end())\n",
        "    is_tag = False\n",
        (_WORDS,),
    ),
    _row(
        "a value beside the name of a service is no password",
        "quaymaster/redaction/stated_secrets.py",
        'if ends_as_secret(name) or ("_" in name and is_secret_name(name)):',
        "if is_secret_name(name):",
        (_WORDS,),
    ),
    _row(
        "the name of a user of ssh is no password",
        _SHAPES_FILE,
        'if at > start and not (is_name and text.find(":", start, at) < 0):',
        "if at > start:",
        (_WORDS,),
    ),
    _row(
        "a certificate in base64 is no key",
        _SHAPES_FILE,
        "        if _is_key(encoded[0]):\n",
        "        if True:\n",
        (_WORDS,),
    ),
    _row(
        "what looks like a secret is found as it is seen in the end",
        "quaymaster/redaction/redaction.py",
        "    if (meant := decoded(text)) is not None:\n",
        "    if (meant := None) is not None:\n",
        (_LOOKS,),
    ),
    *(
        _row(
            f"{what} of an image are shown without secrets",
            "workers/registry/image_configuration.py",
            old,
            new,
            (
                "tests/workers/registry/test_image_configuration.py::"
                "test_no_secret_is_shown_where_none_belongs",
            ),
        )
        for what, old, new in (
            ("users", "user=redact(self.user),", "user=self.user,"),
            ("ports", "tuple(redact(port) for port in", "tuple(port for port in"),
            ("names of labels", "(redact(key), _shown(", "(key, _shown("),
            ("names of variables", 'f"{redact(name)}{equals}', 'f"{name}{equals}'),
        )
    ),
    _row(
        "what a lock file says instead of a version is searched",
        "workers/scanner/trivy_report.py",
        '_SIGNS = ("://", "=")\n',
        "_SIGNS: tuple[str, ...] = ()\n",
        (
            "tests/workers/scanner/test_trivy_report.py::"
            "test_the_token_of_an_address_in_a_lock_file_is_not_kept",
        ),
    ),
    _row(
        "what the address of a proxy holds is in no error",
        "workers/scanner/scanner.py",
        "if looks_secret(key, value))",
        'if key == "TRIVY_PASSWORD")',
        (f"{_SCANNER}::test_the_password_of_a_proxy_is_in_no_error",),
    ),
    _row(
        "an engine's ID is no text that somebody made up",
        "quaymaster/host_engines.py",
        "if not isinstance(value, str) or not is_engine_id(value):",
        "if not value:",
        ("tests/quaymaster/test_host_engines.py::test_what_is_no_id_is_refused_and_not_shown",),
    ),
    *(
        _row(f"redaction is linear: {what}", _SHAPES_FILE, old, new, (f"{_LINEAR}::{test}",))
        for what, old, new, test in _QUADRATIC
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
        'complaints.append(f"  {setting.name} {what} Example',
        'complaints.append(f"  {setting.name} {value} {what} Example',
        (f"{_SETTINGS}::test_a_wrong_value_is_told_with_an_example_and_not_repeated",),
    ),
    _row(
        "a password in the configuration is refused",
        "quaymaster/configuration/schema_values.py",
        "if template is None or len(template.parts) != 1 or not template.is_secret:",
        "if template is None:",
        (_CONFIGURATION,),
    ),
    _row(
        "a value beside a mistake in the configuration is not repeated",
        "quaymaster/configuration/yaml_source.py",
        '                f"{file}, line {mark.line + 1 if mark else 1}: '
        'a key appears twice in one place.",\n',
        "                str(error),\n",
        (_CONFIGURATION,),
    ),
    _row(
        "a resolved secret does not print itself",
        "quaymaster/configuration/secret_references.py",
        "return SecretStr(_looked_up(reference, environ))",
        "return _looked_up(reference, environ)",
        (
            "tests/quaymaster/configuration/test_secret_references.py::"
            "test_a_resolved_secret_does_not_print_itself",
        ),
    ),
    _row(
        "a plan holds references to secrets",
        "workers/targets/rendering.py",
        "return Variable(name, reference=template.text, fingerprint=self._key.of(name, value))",
        "return Variable(name, value=value)",
        (f"{_RENDERING}::test_a_plan_holds_references_and_fingerprints_and_no_values",),
    ),
    _row(
        "what an env_file says is not in a plan",
        "workers/targets/rendering.py",
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
        "workers/targets/docker_host/candidates.py",
        "    values: tuple[tuple[str, str], ...] = field(default=(), repr=False)\n",
        "    values: tuple[tuple[str, str], ...] = field(default=())\n",
        (
            "tests/workers/targets/docker_host/test_containers.py::test_a_specification_does_not_print_its_values",
        ),
    ),
    _row(
        "a container's last lines are searched",
        "workers/targets/docker_host/container_log.py",
        "redacted_tail(text, secrets, lines, is_cut=end.is_cut)",
        "tuple(text.splitlines()[-lines:])",
        (f"{_LOG}::test_a_container_says_its_last_lines_without_secrets",),
    ),
    _row(
        "more of a log is read than is shown",
        "workers/targets/docker_host/container_log.py",
        "lines + _LINES_BEFORE, since)",
        "lines, since)",
        (f"{_LOG}::test_no_line_of_a_private_key_is_shown",),
    ),
    _row(
        "ssh gets no secret",
        "workers/docker/helper_environment.py",
        "if name in _NEEDED or ",
        "if name or ",
        ("tests/workers/docker/test_ssh_tunnel.py::test_ssh_gets_no_secret_in_its_environment",),
    ),
    _row(
        "a program that is started inherits nothing",
        "workers/checks/probes.py",
        "            env=dict(scanner.environment),\n",
        "",
        (
            "tests/test_repository.py::test_every_program_that_is_started_gets_an_environment_of_its_own",
        ),
    ),
    _row(
        "a secret that is too short to be found is named",
        "workers/checks/probes.py",
        '        if 0 < len(place.environ.get(name, "").strip()) < SHORTEST_VALUE:\n',
        "        if False:\n",
        (
            "tests/workers/checks/test_probes.py::test_a_secret_that_is_too_short_to_be_found_is_named",
        ),
    ),
    _row(
        "each reference in a value is a secret by itself",
        "workers/targets/rendering.py",
        "secrets += (value, *self._inside(variable))",
        "secrets += (value,)",
        (f"{_RENDERING}::test_values_are_those_of_today_and_what_changed_is_named",),
    ),
    _row(
        "what is looked up later is not logged either",
        "workers/targets/rendering.py",
        "        logs.learn(secrets)\n",
        "",
        (f"{_RENDERING}::test_what_is_looked_up_is_not_logged",),
    ),
    _row(
        "what is no text is searched as the text that is logged",
        "quaymaster/logs.py",
        "            return redact(str(value), _known)\n",
        "            return redact(value, _known) if isinstance(value, str) else value\n",
        (f"{_LOGS}::test_no_known_secret_is_logged",),
    ),
    *(
        _row(f"an image's {what}", "workers/registry/image_configuration.py", old, new, (_ABOUT,))
        for what, old, new in (
            (
                "variables are shown without secrets",
                "is_shown = not value or (is_harmless_name(name) and not "
                "looks_secret(name, value))",
                "is_shown = True",
            ),
            (
                "variables are shown by an allow-list",
                "(is_harmless_name(name) and not looks_secret(name, value))",
                "not looks_secret(name, value)",
            ),
            (
                "labels are shown without secrets",
                "(redact(key), _shown(key, value)) for",
                "(redact(key), value) for",
            ),
        )
    ),
    _row(
        "the steps of an image are shown without secrets",
        "workers/registry/image_configuration.py",
        "words = redact(step.created_by or step.comment)",
        "words = step.created_by or step.comment",
        (
            "tests/workers/registry/test_image_configuration.py::"
            "test_history_is_newest_first_with_the_sizes_of_its_layers",
        ),
    ),
    _row(
        "the configuration of an image that was scanned is not kept",
        "workers/scanner/trivy_report.py",
        'class TrivyMetadata(BaseModel):\n    """What was scanned."""\n',
        'class TrivyMetadata(BaseModel, extra="allow"):\n    """What was scanned."""\n',
        (
            "tests/workers/scanner/test_trivy_report.py::test_the_environment_of_the_image_is_not_kept",
        ),
    ),
    _row(
        "the scanner's credentials are in no argument",
        "workers/scanner/scanner.py",
        "            *(*scan.source, scan.name),\n",
        '            *(["--password", scan.login.password.get_secret_value()]\n'
        "              if scan.login and scan.login.password else []),\n"
        "            *(*scan.source, scan.name),\n",
        (f"{_SCANNER}::test_the_password_is_in_no_argument",),
    ),
    _row(
        "a file with credentials is private",
        "workers/scanner/scanner.py",
        "file.touch(mode=0o600)",
        "file.touch(mode=0o644)",
        (f"{_SCANNER}::test_credentials_with_a_comma_reach_the_registry_whole",),
    ),
    _row(
        "a program in the scanner's place cannot look into the one that started it",
        "programs/hidden.py",
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
        "workers/scanner/trivy_process.py",
        "                start_new_session=True,\n",
        "                start_new_session=True,\n                close_fds=False,\n",
        ("tests/workers/scanner/test_trivy_process.py::test_it_inherits_no_descriptor",),
    ),
    _row(
        "only what the scanner needs of the environment reaches it",
        "workers/scanner/scanner.py",
        "if key in _PASSED_ON and value}",
        "if value}",
        (f"{_SCANNER}::test_only_what_the_scanner_needs_of_the_environment_reaches_it",),
    ),
    _row(
        "a token server is asked over HTTPS only",
        "workers/registry/auth.py",
        'is_safe = parts.scheme == "https" or',
        'is_safe = bool(parts.scheme) or parts.scheme == "https" or',
        (f"{_AUTH}::test_the_password_is_never_sent_in_clear_over_a_network",),
    ),
    _row(
        "a registry that names itself without TLS is still spoken to over TLS",
        "workers/registry/addresses.py",
        "parts._replace(scheme=own.scheme, netloc=own.netloc)",
        "parts._replace(netloc=own.netloc)",
        ("tests/workers/registry/test_dialects.py::TestOnesOwnAddress",),
    ),
    _row(
        "the password of a proxy is printed nowhere",
        "quaymaster/settings.py",
        "        values += self.proxies.secrets\n",
        "",
        (f"{_PROXIES}::TestServer::test_has_a_password_that_is_never_printed",),
    ),
    _row(
        "an address that names a login is not followed",
        "workers/registry/connection.py",
        "        if has_login(url):\n",
        "        if False:\n",
        (
            "tests/workers/registry/test_dialects.py::TestOnesOwnAddress"
            "::test_with_a_login_in_it_is_not_followed",
        ),
    ),
    _row(
        "a part of a proxy's password is not taken for the rest of its address",
        "quaymaster/proxies.py",
        ' or "@" in rest:\n',
        ":\n",
        (f"{_PROXIES}::TestServer::test_that_cannot_be_used_is_named_by_its_variable",),
    ),
    _row(
        "a link to another host does not get the login",
        "workers/registry/connection.py",
        "        if origin(url) != origin(self.base):\n            raise",
        "        if False:\n            raise",
        (f"{_REGISTRY}::TestPages::test_another_host_never_gets_the_login",),
    ),
    _row(
        "only loopback is spoken to in the clear",
        "quaymaster/configuration/registries.py",
        'return "http" if is_loopback(self.host) else "https"',
        'return "http"',
        ("tests/quaymaster/configuration/test_configuration.py",),
    ),
    _row(
        "a registry is quoted without the login",
        "workers/registry/connection.py",
        "safe = safe_words(text, self._authorizer.secrets)",
        "safe = text",
        (f"{_REGISTRY}::test_the_registrys_words_are_quoted_without_the_password",),
    ),
    _row(
        "an engine is quoted without the login",
        "workers/docker/failures.py",
        "    shown = safe_words(text, secrets).strip()\n",
        "    shown = text.strip()\n",
        ("tests/workers/docker/test_streams.py::test_secrets_do_not_leave_with_the_error",),
    ),
    _row(
        "the scanner is quoted without the login",
        "workers/scanner/trivy_process.py",
        "    text = safe_words(text, secrets)\n",
        "",
        ("tests/workers/scanner/test_trivy_process.py::test_a_failure_is_quoted_without_secrets",),
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
        "quaymaster/store/jobs.py",
        '*("data", json.dumps([function, None, [pointer], {}])),',
        '*("data", json.dumps([function, None, [pointer, queue], {}])),',
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
        "quaymaster/services.py",
        '"adds", tuple(name for name in new if name not in old)),',
        '"adds", tuple(f"{name}={one.value}" for name, one in new.items() if name not in old)),',
        ("tests/quaymaster/test_services.py::test_variables_are_told_by_name",),
    ),
)
