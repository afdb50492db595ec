"""G4: the image that is judged is the image that runs; what was not looked at is not clean."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G4")
_MEMBERS = "tests/end_to_end/test_members.py"
_APPLY = "tests/workers/jobs/deploy/test_apply.py"
_EXAMINE = "tests/workers/jobs/deploy/test_examine.py"
_JUDGED = "tests/workers/scanner/test_judged.py"
_UNJUDGED = f"{_JUDGED}::test_what_was_not_looked_at_is_unknown_with_the_reason"
_PLATFORMS = "tests/quaymaster/test_platforms.py"

MEMBERS = (
    _row(
        "an index is refused where nobody can tell which image the host runs",
        "workers/jobs/deploy/members.py",
        "    if len(entries) > 1:\n",
        "    if len(entries) > len(entries):\n",
        (
            f"{_MEMBERS}::test_an_index_whose_member_nobody_can_tell_is_refused_with_the_line_to_add",
        ),
    ),
    _row(
        "what is looked at is the member that the host runs",
        "workers/jobs/deploy/members.py",
        "    return EnginePlatform(platform) if platform is not None else "
        "platform_of(tools.engine(host))\n",
        "    return EnginePlatform(_USUAL)\n",
        (
            f"{_MEMBERS}::test_another_platform_than_the_usual_is_scanned_and_run",
            f"{_MEMBERS}::test_the_member_that_was_scanned_is_the_one_that_serves",
        ),
    ),
    _row(
        "what is pinned is the member and not the index",
        "workers/jobs/deploy/members.py",
        "return Resolved(image.pinned(manifest.digest), manifest.size, member)",
        "return Resolved(image.pinned(named.digest), manifest.size, member)",
        (f"{_MEMBERS}::test_the_member_that_was_scanned_is_the_one_that_serves",),
    ),
    _row(
        "an engine's later variants are not believed to be known",
        "workers/jobs/deploy/members.py",
        "EnginePlatform(Platform(system, architecture), or_later=True)",
        "EnginePlatform(Platform(system, architecture))",
        (
            f"{_MEMBERS}::test_an_index_whose_member_nobody_can_tell_is_refused_with_the_line_to_add",
        ),
    ),
    _row(
        "an image that no index names a platform of is for the platform of the host",
        "workers/jobs/deploy/members.py",
        "                if platform is None and choice.accept is not None:\n",
        "                if False:\n",
        (
            f"{_MEMBERS}::"
            "test_a_plain_image_for_another_platform_is_refused_before_anything_is_scanned",
            f"{_EXAMINE}::"
            "test_where_an_index_names_no_platform_the_image_itself_says_what_it_is_for",
        ),
    ),
    _row(
        "what the processor of a host runs besides is run",
        "quaymaster/platforms.py",
        "    return is_besides or bool(fitting(alone, runs))\n",
        "    return bool(fitting(alone, runs))\n",
        (_PLATFORMS,),
    ),
    _row(
        "attestations are no images",
        "workers/registry/manifests.py",
        'one.platform is None or one.platform.os != "unknown"',
        "True",
        ("tests/workers/registry/test_manifests.py", "tests/workers/registry/test_client.py"),
    ),
    _row(
        "the engine holds the image that was looked at",
        "workers/targets/docker_host/held_image.py",
        "    refuse_another(engine, change.image, change.examined.member, held.image_id)\n",
        "",
        (
            f"{_APPLY}::"
            "test_an_image_on_the_host_that_is_not_the_one_that_was_looked_at_does_not_run",
        ),
    ),
    _row(
        "the new container is made from the image that was looked at",
        "workers/targets/docker_host/candidates.py",
        'if spec.image_id not in ("", container.image_id):',
        "if False:",
        (
            "tests/workers/targets/docker_host/test_switch.py::"
            "test_a_container_of_another_image_than_was_looked_at_is_removed_before_it_starts",
        ),
    ),
    _row(
        "another index does not count as released before",
        "quaymaster/admissible.py",
        "one.named == resolved.named",
        "True",
        (f"{_EXAMINE}::test_another_member_of_the_same_index_counts_and_one_of_another_does_not",),
    ),
    _row(
        "a report about another image of a registry is no report",
        "workers/scanner/scanner.py",
        "image.by_digest, source, login, check))\n        _refuse_another(report, config)\n",
        "image.by_digest, source, login, check))\n",
        (f"{_JUDGED}::test_of_an_index_the_scanner_may_not_look_at_another_member_than_was_meant",),
    ),
    _row(
        "a report about another image of a host is no report",
        "workers/scanner/scanner.py",
        "str(image.digest), source, None, check))\n        _refuse_another(report, config)\n",
        "str(image.digest), source, None, check))\n",
        (f"{_JUDGED}::test_a_report_about_another_image_of_a_host_is_no_report",),
    ),
    _row(
        "what was not looked at is never clean",
        "quaymaster/gate.py",
        "return Clean() if report.gap is None or is_scratch else",
        "return Clean() if True else",
        (_UNJUDGED,),
    ),
    _row(
        "a release past its end of life is not judged",
        "workers/scanner/trivy_report.py",
        "        if system.is_past_its_end:\n            return Gap.END_OF_LIFE\n",
        "",
        (_UNJUDGED,),
    ),
    _row(
        "a distribution that the scanner does not support is not judged",
        "workers/scanner/trivy_report.py",
        "        if not of_system:\n            return Gap.NOT_SUPPORTED\n",
        "        if not of_system:\n            return None\n",
        (_UNJUDGED,),
    ),
    _row(
        "what is no release is not judged",
        "workers/scanner/trivy_report.py",
        "        if not system.is_a_release:\n            return Gap.NOT_RELEASED\n",
        "",
        (_UNJUDGED,),
    ),
    _row(
        "an image without its package database is not judged",
        "workers/scanner/trivy_report.py",
        "return None if any(any(one.packages or ()) for one in of_system) else Gap.NO_PACKAGES",
        "return None",
        (_UNJUDGED,),
    ),
    _row(
        "an image without a distribution is not judged",
        "workers/scanner/trivy_report.py",
        "            return Gap.NO_DISTRIBUTION\n",
        "            return None\n",
        (_UNJUDGED,),
    ),
    _row(
        "of known variants the latest that the machine has is meant",
        "quaymaster/platforms.py",
        "level is not None and level <= (top or 0)",
        "level is not None",
        (_PLATFORMS,),
    ),
)
