"""One real worker as a process of its own:
`python -m tests.workers.process.worker_process QUEUE...`.
"""

import os
import sys

from quaymaster.store.connections import queue_connection
from workers.process.serve import work_until_stopped

if __name__ == "__main__":
    work_until_stopped(sys.argv[1:], queue_connection(os.environ["REDIS_URL"]), 1.0)
