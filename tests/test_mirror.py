"""Every file of the product has its mirrored test, or another one, which is named here."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("programs", "bot", "workers", "quaymaster", "local_slack", "trial")

ALSO_TESTS = {
    "bot/commands/test_grammar.py": ("bot/commands/arguments.py",),
    "bot/commands/test_repair.py": ("bot/commands/repaired_words.py",),
    "bot/conversation/test_admission.py": ("bot/conversation/deciding.py",),
    "bot/listening/test_app.py": ("bot/listening/router.py",),
    "bot/courier/test_courier.py": ("bot/courier/delivery.py",),
    "bot/conversation/test_home.py": ("bot/conversation/overview.py",),
    "bot/listening/test_not_slacks.py": ("bot/listening/fields.py",),
    "bot/listening/test_payloads.py": ("bot/conversation/answers.py", "bot/views/buttons.py"),
    "bot/conversation/test_returned.py": ("bot/conversation/background.py",),
    "bot/slack/test_sender.py": ("bot/slack/errors.py",),
    "bot/courier/test_throttle.py": ("quaymaster/store/slack_calls.py",),
    "bot/views/test_everything.py": (
        *("bot/views/alert.py", "bot/views/inspected.py", "bot/views/outcomes.py"),
        *("bot/views/results.py", "bot/views/status.py"),
    ),
    "end_to_end/test_database_of_before.py": ("programs/database_commands.py",),
    "end_to_end/test_dying_in_a_deploy.py": ("workers/jobs/deploy/recover.py",),
    "end_to_end/test_looking.py": (
        *("workers/jobs/history.py", "workers/jobs/inspect.py", "workers/jobs/scan.py"),
        "workers/jobs/tag.py",
    ),
    "end_to_end/test_starting.py": (
        *("programs/bot.py", "programs/cli.py", "programs/command_line.py"),
        "programs/worker.py",
    ),
    "end_to_end/test_check.py": ("programs/check.py",),
    "end_to_end/test_still_allowed.py": ("workers/jobs/deploy/permitted.py",),
    "end_to_end/test_transfers.py": ("workers/jobs/push.py",),
    "local_slack/blocks/test_violations.py": (
        *("local_slack/blocks/composition.py", "local_slack/blocks/elements.py"),
        *("local_slack/blocks/layout.py", "local_slack/blocks/schema.py"),
        "local_slack/inputs.py",
    ),
    "local_slack/delivery/test_http.py": (
        *("local_slack/client.py", "local_slack/delivery/over_http.py"),
    ),
    "local_slack/delivery/test_socket_mode.py": (
        *("local_slack/delivery/events.py", "local_slack/delivery/lines.py"),
        *("local_slack/delivery/over_socket.py", "local_slack/workspace.py"),
    ),
    "local_slack/page/test_app.py": (
        *("local_slack/message.py", "local_slack/page/assets.py", "local_slack/page/once.py"),
        "local_slack/timeline.py",
    ),
    "local_slack/page/test_live.py": ("local_slack/page/shown.py",),
    "local_slack/test_actions.py": ("local_slack/delivery/payloads.py", "local_slack/person.py"),
    "local_slack/test_process.py": (
        *("local_slack/control.py", "local_slack/server.py", "local_slack/slack.py"),
        "local_slack/wire.py",
    ),
    "local_slack/test_rates_and_faults.py": (
        *("local_slack/gateway.py", "local_slack/faults.py", "local_slack/rates.py"),
    ),
    "local_slack/webapi/test_chat.py": ("local_slack/webapi/content.py",),
    "local_slack/webapi/test_files.py": ("local_slack/file_store.py",),
    "local_slack/webapi/test_reading.py": (
        *("local_slack/webapi/arguments.py", "local_slack/webapi/conversations.py"),
        *("local_slack/webapi/endpoint.py", "local_slack/webapi/method.py"),
        *("local_slack/webapi/people.py", "local_slack/webapi/shapes.py"),
    ),
    "page/test_inspector.py": ("local_slack/page/inspection.py",),
    "quaymaster/store/test_format_key.py": (
        "quaymaster/store/start.py",
        "quaymaster/store/emptying.py",
    ),
    "quaymaster/store/test_records.py": ("quaymaster/store/cards.py", "quaymaster/store/keys.py"),
    "quaymaster/audit/test_auditor.py": (
        *("quaymaster/audit/check.py", "quaymaster/audit_entries.py"),
        *("quaymaster/audit/links.py", "quaymaster/audit/store.py"),
    ),
    "quaymaster/audit/test_export.py": ("quaymaster/audit/files.py", "quaymaster/audit/whole.py"),
    "quaymaster/configuration/test_configuration.py": (
        *(
            "quaymaster/configuration/joined_settings.py",
            "quaymaster/configuration/registries.py",
            "quaymaster/configuration/schema.py",
        ),
        *("quaymaster/configuration/schema_errors.py", "quaymaster/configuration/schema_rules.py"),
        *("quaymaster/configuration/schema_values.py", "quaymaster/configuration/yaml_source.py"),
    ),
    "programs/test_key_commands.py": (
        *("quaymaster/key_files.py", "quaymaster/key_making.py", "quaymaster/key_programs.py"),
    ),
    "quaymaster/redaction/test_linear_redaction.py": (
        *("quaymaster/redaction/decoded_text.py", "quaymaster/redaction/stated_secrets.py"),
    ),
    "quaymaster/test_policy.py": ("quaymaster/rights.py",),
    "quaymaster/configuration/test_revisions.py": ("quaymaster/request_revision.py",),
    "quaymaster/test_signs_of_life.py": ("programs/hidden.py",),
    "test_docs.py": ("quaymaster/limits.py",),
    "test_verbs.py": ("quaymaster/requests.py",),
    "trial/test_own_engine.py": (
        *("trial/bridge.py", "trial/dockerd.py", "trial/installed.py"),
        *("trial/leftovers.py", "trial/packages.py", "trial/ports.py"),
    ),
    "trial/test_run.py": (
        *("trial/configuration.py", "trial/lifecycle.py", "trial/processes.py"),
        *("trial/pulling.py", "trial/registry.py", "trial/state_directory.py"),
    ),
    "trial/test_sample_world.py": (
        *("trial/busybox.py", "trial/engine.py", "trial/images.py"),
        *("trial/seed_images.py", "trial/vulnerabilities.py"),
    ),
    "workers/jobs/deploy/test_apply.py": ("workers/jobs/deploy/rollback.py",),
    "workers/jobs/deploy/test_verify.py": ("workers/targets/unhealthy.py",),
    "workers/jobs/test_alert_channels.py": ("workers/jobs/alerts.py",),
    "workers/docker/test_answers.py": ("workers/docker/client.py",),
    "workers/docker/test_bounds.py": (
        "workers/docker/event_lines.py",
        "workers/docker/transfers.py",
    ),
    "workers/docker/test_failures.py": (
        *(
            "workers/outside/foreign_words.py",
            "workers/outside/refusals.py",
            "workers/docker/unreached_registry.py",
        ),
    ),
    "workers/outside/test_http_client.py": (
        *(
            "workers/outside/exchange.py",
            "workers/outside/http_wires.py",
            "workers/outside/packing.py",
        ),
        "workers/outside/wire.py",
    ),
    "workers/docker/test_images.py": ("quaymaster/progress.py",),
    "workers/docker/test_own_engine.py": (
        *("programs/hosts_commands.py", "quaymaster/store/host_engines.py"),
    ),
    "workers/registry/test_redirects.py": (
        *("workers/registry/addresses.py", "workers/registry/connection.py"),
    ),
    "workers/registry/test_client.py": ("workers/registry/writes.py",),
    "workers/registry/test_failures.py": ("workers/registry/words.py",),
    "workers/test_run.py": ("workers/work/toolbox.py",),
    "workers/work/test_running.py": ("quaymaster/store/service_leases.py",),
    "workers/process/test_scan_order.py": (
        "quaymaster/store/scan_orders.py",
        "workers/work/scanning.py",
    ),
    "workers/targets/docker_host/test_containers.py": (
        *("quaymaster/capabilities.py", "workers/targets/docker_host/candidates.py"),
    ),
    "workers/targets/docker_host/test_host.py": ("workers/targets/docker_host/as_observed.py",),
    "workers/targets/docker_host/test_switch.py": (
        *("workers/targets/docker_host/health.py", "workers/targets/docker_host/moves.py"),
    ),
    "workers/targets/test_fleet.py": (
        *("workers/targets/agreement.py", "workers/targets/observed.py"),
    ),
    "workers/process/test_service_look.py": (
        *("quaymaster/store/drifts.py", "workers/targets/connection.py"),
    ),
}
"""For each test, the product's files that it tests besides the one that it is named after."""


def decides(path: Path) -> bool:
    """Whether a file does more than to declare: what has no branch and no loop has no test."""
    branches = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Match)
    return any(isinstance(node, branches) for node in ast.walk(ast.parse(path.read_text())))


def without_a_mirror() -> Iterator[str]:
    """The files of the product that decide something, and have no test of their name."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            own = path.relative_to(ROOT)
            mirror = ROOT / "tests" / own.parent / f"test_{own.name}"
            if not own.name.startswith("__") and decides(path) and not mirror.exists():
                yield str(own)


def test_every_file_has_a_test() -> None:
    named = [file for files in ALSO_TESTS.values() for file in files]
    assert sorted(named) == sorted(without_a_mirror())


def test_every_test_that_is_named_exists() -> None:
    assert [test for test in ALSO_TESTS if not (ROOT / "tests" / test).exists()] == []
