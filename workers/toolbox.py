"""What every job is handed. Built in the work horse: no connection is shared across a fork."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import redis

from quaymaster.configuration import Configuration
from quaymaster.seals import Sealer
from quaymaster.settings import Settings
from quaymaster.store.transactions import Connection
