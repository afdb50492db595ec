"""G3: whoever asked reads what happened, and not what hid it or what somebody is called."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G3")
_FAILURES = "tests/workers/docker/test_failures.py"
_ASIDES = "tests/workers/outside/test_best_effort.py"
_STREAMS = "tests/workers/docker/test_streams.py"
_NAMES = f"{_FAILURES}::test_a_name_says_nothing_about_what_happened"
_EACH = f"{_FAILURES}::test_each_reason_is_an_error_of_its_own_with_its_way_out"

REFUSALS = (
    _row(
        "what stands in quotes is not read as words",
        "workers/outside/foreign_words.py",
        '        bare = _QUOTED.sub(_NAME, _TAG.sub(" ", text.lower()))\n',
        '        bare = _TAG.sub(" ", text.lower())\n',
        (_EACH,),
    ),
    _row(
        "a name that we know is not read as words",
        "workers/outside/foreign_words.py",
        "        for name in _parts(names):\n",
        "        for name in ():\n",
        (_NAMES,),
    ),
    _row(
        "a status is a number that is called one",
        "workers/outside/foreign_words.py",
        "        found = _STATUS.finditer(bare)\n",
        '        found = re.finditer(r"(?P<named>[45]\\d\\d)(?P<phrased>)", text)\n',
        (_NAMES,),
    ),
    _row(
        "what an engine says of itself is not the registry's",
        "workers/docker/failures.py",
        "    if phase is Phase.ITSELF:\n",
        "    if phase is None:\n",
        (_EACH,),
    ),
    _row(
        "what a proxy says is not the registry's",
        "workers/docker/unreached_registry.py",
        "    if words.has(*_BY_PROXY):\n",
        "    if False:\n",
        (_EACH,),
    ),
    _row(
        "a quota, an expired login and their like come before the code that they are told under",
        "workers/outside/refusals.py",
        "not is_told and one.cause in _BY_WORDS_BEFORE_CODES and words.has(*one.words)",
        "False",
        (_EACH,),
    ),
    _row(
        "a detail that cannot be had is left out of an error",
        "workers/outside/best_effort.py",
        "        return otherwise\n",
        "        raise\n",
        (f"{_ASIDES}::test_an_unhealthy_container_is_told_without_its_log",),
    ),
    _row(
        "tidying up that fails is told beside the reason",
        "workers/outside/best_effort.py",
        "        error.problem = replace(error.problem, why=why)\n",
        "        raise\n",
        (f"{_ASIDES}::test_a_switch_that_fails_twice_tells_the_first_reason",),
    ),
    _row(
        "a wish to stop is no detail",
        "workers/outside/best_effort.py",
        "    except passes:\n        raise\n",
        "",
        (f"{_ASIDES}::test_a_wish_to_stop_is_no_failure",),
    ),
    _row(
        "the last line of a push tells its digest where nothing else does",
        "workers/docker/streams.py",
        "        if (pushed := _PUSHED.fullmatch(status.strip())) is not None:\n",
        "        if (pushed := _PUSHED.fullmatch('')) is not None:\n",
        (
            f"{_STREAMS}::"
            "test_the_digest_of_a_push_comes_as_its_last_line_where_containerd_keeps_the_images",
        ),
    ),
    _row(
        "a registry is asked for the digest that an engine does not tell",
        "workers/docker/images.py",
        "    digest = fold.digest or best_effort(lambda: digest_in_registry(tagged), None)\n",
        "    digest = fold.digest\n",
        ("tests/workers/docker/test_images.py::test_a_digest_that_is_not_told_is_asked_for",),
    ),
    _row(
        "a service has its own first process where it asks for it",
        "workers/targets/docker_host/candidates.py",
        "        init=configuration.init,\n",
        "        init=True,\n",
        (
            "tests/workers/docker/test_dialects.py::"
            "test_a_service_has_its_own_first_process_where_it_asks_for_it",
        ),
    ),
)
