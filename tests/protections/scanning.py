"""What the scanner says counts, and nothing else; nobody waits for it in vain."""

from tests.protections.protection import Protection

_GATE, _ONCE, _SILENT = "G4", "G2", "G3"
_SCANNING = "tests/end_to_end/test_scanning.py"
_ORDER = "tests/workers/process/test_scan_order.py"
_WATCH = "tests/workers/work/test_scan_watch.py"

SCANNING = (
    Protection(
        _GATE,
        "a report about a registry's image counts with the scanner's signature alone",
        "quaymaster/store/formats.py",
        "TypeAdapter(ScanReport), _SCANNER)",
        "TypeAdapter(ScanReport), _SCANNER | _WORKER)",
        (f"{_SCANNING}::test_a_report_that_a_worker_signed_is_replaced_and_never_believed",),
    ),
    Protection(
        _GATE,
        "an answer counts with the scanner's signature alone",
        "quaymaster/store/formats.py",
        "TypeAdapter(ScanAnswer), _SCANNER)",
        "TypeAdapter(ScanAnswer), _SCANNER | _BOT | _WORKER)",
        (f"{_ORDER}::test_an_answer_counts_with_the_scanners_signature_alone",),
    ),
    Protection(
        _GATE,
        "only a worker orders scans",
        "quaymaster/store/formats.py",
        "TypeAdapter(ScanOrder), _WORKER)",
        "TypeAdapter(ScanOrder), _WORKER | _BOT)",
        (f"{_ORDER}::test_an_order_of_who_may_not_give_one_is_refused",),
    ),
    Protection(
        _GATE,
        "a worker orders scans for its own queues",
        "quaymaster/store/scan_orders.py",
        "if not ring.key(order.key).may_work_in(order.value.queue):",
        "if False:",
        (f"{_ORDER}::test_an_order_of_who_may_not_give_one_is_refused",),
    ),
    Protection(
        _GATE,
        "where there is no report the verdict is unknown",
        "workers/jobs/deploy/scanned.py",
        "return Unknown(self.why) if self.why else",
        "return Clean() if self.why else",
        ("tests/workers/jobs/deploy/test_scanned.py::test_without_a_report_nobody_knows",),
    ),
    Protection(
        _GATE,
        "an operation does not go on before its scan is answered",
        "workers/run.py",
        "        return ask(tools.connection, scan_orders.is_answered(operation.scan_order))\n",
        "        return True\n",
        (f"{_ORDER}::test_a_job_that_comes_before_the_answer_does_nothing",),
    ),
    Protection(
        _ONCE,
        "one scanner works on an order",
        "workers/process/scan_order.py",
        "    if not perform(tools.connection, leases.take(*held)):\n",
        "    if False:\n",
        (f"{_ORDER}::test_an_order_that_another_scanner_has_is_left_to_it",),
    ),
    Protection(
        _ONCE,
        "of scans of one digest at once, one is made",
        "workers/work/scanning.py",
        "        if perform(client.connection, leases.take(cache.lease, client.owner, "
        "LEASE_MILLISECONDS)):\n",
        "        if True:\n",
        (f"{_SCANNING}::test_two_operations_scan_one_digest_once",),
    ),
    Protection(
        _SILENT,
        "a scanner that dies is followed by the next",
        "workers/work/scan_watch.py",
        "            return OrdersAgain(order)\n",
        "            return None\n",
        (f"{_SCANNING}::test_a_scanner_that_is_killed_in_a_scan_is_followed_by_the_next",),
    ),
    Protection(
        _SILENT,
        "an image that kills the scanner again and again is judged without it",
        "workers/work/scan_watch.py",
        "            if facts.lost + 1 >= MOST_LOST:\n",
        "            if False:\n",
        (f"{_WATCH}::test_what_kills_the_scanner_again_and_again_is_judged_without_it",),
    ),
    Protection(
        _SILENT,
        "an answer whose job got lost is read all the same",
        "workers/work/scan_watch.py",
        "        return EndsWait(_next(operation, facts.now)) if is_lost else None\n",
        "        return None\n",
        (f"{_SCANNING}::test_a_worker_that_is_killed_while_its_image_is_scanned_is_not_missed",),
    ),
    Protection(
        _SILENT,
        "a scan that nobody waits for any more is stopped",
        "quaymaster/store/records.py",
        "            *(scan_orders.withdrawn(before) if before.state is State.SCANNING else ()),\n",
        "",
        (f"{_ORDER}::test_an_operation_that_leaves_the_scanner_withdraws_its_order",),
    ),
    Protection(
        _SILENT,
        "a scanner that shuts down hands its scan on",
        "workers/process/scan_order.py",
        "    except HandedBack:\n        return False\n",
        "    except HandedBack:\n        return True\n",
        (f"{_SCANNING}::test_a_scanner_that_is_stopped_hands_the_scan_to_the_next",),
    ),
    Protection(
        _SILENT,
        "a scan that ended while Redis was away is not lost",
        "workers/work/scanning.py",
        "            if time.monotonic() > deadline:\n",
        "            if True:\n",
        (f"{_SCANNING}::test_a_scan_that_ends_while_the_database_is_away_is_found",),
    ),
)
