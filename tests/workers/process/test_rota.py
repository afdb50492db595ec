"""Who serves what: urgent work first, by everybody, and one keeps free for it."""

from workers.process.rota import Post, posts_of_scanner, posts_of_worker


def test_one_process_is_kept_free_for_what_is_urgent_and_one_is_for_scans() -> None:
    assert posts_of_worker(["host:app1"], 1) == (
        Post("worker 1", ("urgent:app1", "host:app1")),
        Post("worker for what is urgent", ("urgent:app1",)),
        Post("worker for scans", ("scans:app1",)),
    )


def test_urgent_work_of_every_host_comes_before_anything_else() -> None:
    first, second, urgent, scans = posts_of_worker(["registry", "host:a", "host:b"], 2)
    assert first.queues == second.queues
    assert first.queues == ("urgent:a", "urgent:b", "registry", "host:a", "host:b")
    assert urgent.queues == ("urgent:a", "urgent:b")
    assert scans.queues == ("scans:a", "scans:b")


def test_without_a_host_there_is_nothing_urgent() -> None:
    assert posts_of_worker(["registry"], 2) == (
        Post("worker 1", ("registry",)),
        Post("worker 2", ("registry",)),
    )


def test_what_a_deploy_waits_for_is_scanned_first_and_one_scanner_is_kept_free_for_it() -> None:
    assert posts_of_scanner(1) == (
        Post("scanner 1", ("scan:deploys", "scan")),
        Post("scanner for deploys", ("scan:deploys",)),
    )
