"""placeholder"""

from workers.running import Running
from workers.steps import Step
from workers.toolbox import Toolbox


def apply_plan(running: Running, tools: Toolbox) -> Step: ...
