"""The chat page and the local Slack behind it: whoever can act there can deploy to the engine of
the machine, and what comes from outside is shown there.
"""

from functools import partial

from tests.protections.protection import Protection

_once = partial(Protection, "G2")
_who = partial(Protection, "G5")
_secret = partial(Protection, "G6")
_text = partial(Protection, "G7")
_kept = partial(Protection, "G9")
_ADDRESSES = "tests/local_slack/page/test_app.py"
_APP = "local_slack/page/app.py"
_BROWSER = "tests/trial/test_browser.py"
_GUARD = "local_slack/page/guard.py"
_GUARDED = "tests/local_slack/page/test_guard.py"
_HISTORY = "local_slack/history.py"
_HOSTILE = "tests/page/test_hostile.py::test_what_comes_from_outside_stays_text"
_KEPT = "tests/local_slack/test_history.py"
_KILLED = "tests/local_slack/test_killed.py::test_all_that_was_answered_outlives_a_kill"
_LIVE = "tests/local_slack/page/test_live.py"
_HEARD = f"{_LIVE}::test_each_person_hears_what_they_may_see"
_MARKUP = f"{_ADDRESSES}::test_the_page_makes_no_markup_of_texts"
_NO_PICTURE = f"{_ADDRESSES}::test_only_pictures_are_shown_in_the_browser"
_OTHER_ORIGIN_HEARS = f"{_GUARDED}::test_another_origin_hears_nothing"
_POLICY = f"{_GUARDED}::test_every_answer_allows_nothing_from_elsewhere"
_PRIVATE = f"{_ADDRESSES}::test_what_is_only_for_one_person_is_read_and_clicked_by_nobody_else"
_REDACTED = "tests/local_slack/test_redaction.py"
_REDACTION = "local_slack/redaction.py"
_SHOWN = "local_slack/page/shown.py"
_TRAFFIC = "tests/local_slack/test_traffic.py::test_no_secret_is_in_the_log"

_ACTS = (
    _once(
        "an act of the page that is asked for again is done once",
        "local_slack/page/once.py",
        "        task = self._tasks.get(name)\n",
        "        task = None\n",
        (f"{_ADDRESSES}::test_what_is_asked_for_again_is_done_once",),
    ),
    _once(
        "the page asks again under the same name",
        "local_slack/page/static/client.js",
        "id: crypto.randomUUID(), as:",
        "as:",
        ("tests/page/test_connection.py::test_what_is_sent_in_a_short_gap_arrives_once",),
    ),
)

_DOOR = (
    _who(
        "the page answers nobody without its token",
        _GUARD,
        "if not hmac.compare_digest(token.encode(), self._token):",
        "if not token:",
        (f"{_GUARDED}::test_without_the_token_there_is_nothing",),
    ),
    _who(
        "nobody hears what happens on the page without its token",
        _GUARD,
        "if not hmac.compare_digest(token.encode(), self._token):",
        'if scope["type"] == "http" and not hmac.compare_digest(token.encode(), self._token):',
        (f"{_GUARDED}::test_without_the_token_nothing_is_heard",),
    ),
    _who(
        "the page is served under the names of this machine alone",
        _GUARD,
        'if urlsplit(f"//{host}").hostname not in _LOCAL:',
        "if not host:",
        (f"{_GUARDED}::test_another_host_name_is_refused",),
    ),
    _who(
        "another page of the browser does nothing here",
        _GUARD,
        'if origin != f"http://{host}":',
        'if scope["type"] == "websocket" and origin != f"http://{host}":',
        (f"{_GUARDED}::test_another_origin_can_do_nothing",),
    ),
    _who(
        "another page of the browser hears nothing here",
        _GUARD,
        'if origin != f"http://{host}":',
        'if scope["type"] == "http" and origin != f"http://{host}":',
        (_OTHER_ORIGIN_HEARS,),
    ),
    _who(
        "who acts on the page says from where",
        _GUARD,
        'scope["type"] == "http" and scope["method"] in ("GET", "HEAD")',
        'scope["type"] == "http"',
        (f"{_GUARDED}::test_who_acts_has_to_say_from_where",),
    ),
    _who(
        "who listens to the page says from where",
        _GUARD,
        'scope["type"] == "http" and scope["method"] in ("GET", "HEAD")',
        'scope["type"] == "websocket" or scope["method"] in ("GET", "HEAD")',
        (_OTHER_ORIGIN_HEARS,),
    ),
    _who(
        "the page is in no frame of another one",
        _GUARD,
        "            \"frame-ancestors 'none'\"\n",
        "",
        (_POLICY,),
    ),
)

_PERSONS = (
    _who(
        "who is not in a channel reads nothing of it",
        _APP,
        "if conversation is None or self._person(user) not in conversation.members:",
        "if conversation is None:",
        (f"{_ADDRESSES}::test_who_is_not_in_a_channel_reads_nothing_of_it",),
    ),
    _who(
        "who is not in a channel does not see it in the list",
        _SHOWN,
        "for one in state.channels.values() if user in one.members",
        "for one in state.channels.values()",
        (f"{_ADDRESSES}::test_the_workspace_is_that_of_one_person",),
    ),
    _who(
        "who is not in a channel hears nothing of it",
        _SHOWN,
        " and channel is not None and user in channel.members",
        " and channel is not None",
        (_HEARD,),
    ),
    _who(
        "a message for one person is told to nobody else",
        _SHOWN,
        "return message.only_for in (None, user) and channel is not None",
        "return channel is not None",
        (_HEARD,),
    ),
    _who(
        "a reply brings nobody what only another person sees",
        _SHOWN,
        " or root.ts == reply.ts or not _sees(state, root, user):",
        " or root.ts == reply.ts:",
        (f"{_LIVE}::test_a_reply_to_what_only_one_person_sees_brings_it_to_nobody_else",),
    ),
    _who(
        "a message for one person is read by nobody else",
        "local_slack/timeline.py",
        "            if message.only_for in (None, user):\n",
        "            if user:\n",
        (_PRIVATE,),
    ),
    _who(
        "a message for one person opens no thread for anybody else",
        _APP,
        "if root is not None and root.only_for in (None, user):",
        "if root is not None:",
        (_PRIVATE,),
    ),
    _who(
        "a message for one person is clicked by nobody else",
        "local_slack/actions.py",
        "if message is None or message.only_for not in (None, user):",
        "if message is None:",
        (_PRIVATE,),
    ),
    _who(
        "what others see is not dismissed",
        _APP,
        "if message is None or message.only_for != user:",
        "if message is None:",
        (f"{_ADDRESSES}::test_a_message_that_others_see_is_not_dismissed",),
    ),
    _who(
        "the page does what a person can do and nothing else",
        _APP,
        "        if name not in _ACTS:\n",
        "        if False:\n",
        (f"{_ADDRESSES}::test_what_nobody_can_do_is_refused_with_words",),
    ),
)

_SECRETS = (
    _secret(
        "the traffic hides the app's secrets by value",
        _REDACTION,
        "[*map(re.escape, longest_first), _FORMS]",
        "[_FORMS]",
        (f"{_REDACTED}::test_the_apps_secrets_are_hidden_by_value",),
    ),
    _secret(
        "the traffic hides the app's secrets as a form has them",
        _REDACTION,
        "        secrets |= {quote_plus(one) for one in secrets}\n",
        "",
        (f"{_REDACTED}::test_the_apps_secrets_are_hidden_by_value",),
    ),
    _secret(
        "the traffic hides tokens by their form",
        _REDACTION,
        "[*map(re.escape, longest_first), _FORMS]",
        "map(re.escape, longest_first)",
        (f"{_REDACTED}::test_tokens_of_other_workspaces_are_hidden_by_their_form",),
    ),
    _secret(
        "the traffic hides secrets by the name they stand under",
        _REDACTION,
        "REDACTED if str(name).lower() in _NAMES and one else self.value(one)",
        "self.value(one)",
        (f"{_REDACTED}::test_what_stands_under_the_name_of_a_secret_is_hidden",),
    ),
    _secret(
        "no body of the traffic holds a secret",
        "local_slack/traffic.py",
        "shown_value: Json | str = hide.value(value)",
        "shown_value: Json | str = value",
        (_TRAFFIC,),
    ),
    _secret(
        "no line of the traffic holds a secret",
        "local_slack/traffic.py",
        "hide.text(kept.about)[:LONGEST_LINE]",
        "kept.about[:LONGEST_LINE]",
        (_TRAFFIC,),
    ),
    _secret(
        "no command line holds the address of the page",
        "trial/browser.py",
        "_opened(leading_on.as_uri(), environment)",
        "_opened(address, environment)",
        (f"{_BROWSER}::test_a_file_is_opened_that_only_its_owner_can_read_and_that_leads_on",),
    ),
    _secret(
        "the file that leads to the page is its owner's alone",
        "trial/browser.py",
        "    leading_on.touch(mode=0o600)\n",
        "",
        (f"{_BROWSER}::test_a_file_is_opened_that_only_its_owner_can_read_and_that_leads_on",),
    ),
    _secret(
        "a link that is followed does not tell the address of the page",
        _GUARD,
        '        "referrer-policy": "no-referrer",\n',
        "",
        (_POLICY,),
    ),
    _secret(
        "the history is its owner's alone",
        _HISTORY,
        "path.touch(mode=0o600)",
        "path.touch()",
        (f"{_KEPT}::test_nobody_else_can_read_it",),
    ),
)

_TEXTS = (
    _text(
        "the page loads nothing that it does not name",
        _GUARD,
        "default-src 'none'; ",
        "",
        (_POLICY,),
    ),
    _text(
        "no script runs that stands in what the page shows",
        _GUARD,
        "script-src 'self'{hashes}; ",
        "script-src 'self' 'unsafe-inline'; ",
        (_POLICY,),
    ),
    _text(
        "the page's own script is known by its digest",
        _GUARD,
        "for script in _INLINE.findall(page)",
        "for script in ()",
        (f"{_GUARDED}::test_only_the_script_that_stands_in_the_page_runs",),
    ),
    _text(
        "a browser does not guess what a file is",
        _GUARD,
        '        "x-content-type-options": "nosniff",\n',
        "",
        (_POLICY,),
    ),
    _text(
        "a file that is no picture is saved and not shown",
        _APP,
        'headers = {} if ending in _PICTURES else {"content-disposition": "attachment"}',
        "headers = dict[str, str]()",
        (_NO_PICTURE,),
    ),
    _text(
        "a picture that can hold a script is no picture",
        _APP,
        '    "png": "image/png",\n',
        '    "png": "image/png",\n    "svg": "image/svg+xml",\n',
        (_NO_PICTURE,),
    ),
    _text(
        "no path leads out of the page's own files",
        "local_slack/page/assets.py",
        'if kind is None or ".." in parts or not file.is_file():',
        "if kind is None or not file.is_file():",
        (f"{_ADDRESSES}::test_nothing_but_the_page_s_own_files_is_served",),
    ),
    _text(
        "a link of the page leads to http, https or mail",
        "local_slack/page/static/inline.js",
        'return ["http:", "https:", "mailto:"].includes(new URL(url).protocol) ? url : undefined;',
        "return new URL(url).href;",
        (_HOSTILE,),
    ),
    _text(
        "a text on the page is no markup",
        "local_slack/page/static/topic.js",
        "onClick=${() => put(part)}>${part}</button>`",
        "onClick=${() => put(part)} dangerouslySetInnerHTML=${{ __html: part }} />`",
        (_HOSTILE,),
    ),
    _text(
        "no file of the page makes markup of texts",
        "local_slack/page/static/topic.js",
        "onClick=${() => put(part)}>${part}</button>`",
        "onClick=${() => put(part)} dangerouslySetInnerHTML=${{ __html: part }} />`",
        (_MARKUP,),
    ),
)

_MESSAGES = (
    _kept(
        "a message of the local Slack is on the disk before it is answered",
        _HISTORY,
        '    database.execute("BEGIN IMMEDIATE")\n'
        "    try:\n"
        "        for sql, values in statements:\n"
        "            database.execute(sql, values)\n"
        '        database.execute("COMMIT")\n',
        "    try:\n"
        "        if not database.in_transaction:\n"
        '            database.execute("BEGIN IMMEDIATE")\n'
        "        for sql, values in statements:\n"
        "            database.execute(sql, values)\n",
        (_KILLED,),
    ),
    _kept(
        "what cannot be kept is not said",
        "local_slack/state.py",
        "        self._history.keep_message(message, body, files)\n"
        "        self.timelines[message.channel].put(message)\n",
        "        self.timelines[message.channel].put(message)\n"
        "        self._history.keep_message(message, body, files)\n",
        (f"{_KEPT}::test_what_cannot_be_kept_is_not_said",),
    ),
    _kept(
        "no id of the local Slack comes again after a restart",
        _HISTORY,
        "return _Rising(row[0], at_once, reserve)",
        "return _Rising(0, at_once, reserve)",
        (f"{_KEPT}::test_no_id_comes_twice",),
    ),
    _kept(
        "an id is reserved before it is given out",
        _HISTORY,
        "            self._reserve(number + self._at_once)\n",
        "",
        (f"{_KEPT}::test_no_id_comes_twice",),
    ),
    _kept(
        "timestamps rise although the clock was set back",
        _HISTORY,
        "number = max(wanted, self._last + 1)",
        "number = wanted or self._last + 1",
        (f"{_KEPT}::test_timestamps_rise_also_when_the_clock_was_set_back",),
    ),
    _kept(
        "one local Slack at a time has a history",
        _HISTORY,
        '    database.execute("PRAGMA locking_mode = EXCLUSIVE")\n',
        "",
        (f"{_KEPT}::test_only_one_at_a_time_has_it",),
    ),
)

CHAT_PAGE = (*_ACTS, *_DOOR, *_PERSONS, *_SECRETS, *_TEXTS, *_MESSAGES)
