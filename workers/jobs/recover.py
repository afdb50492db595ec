"""placeholder"""

from workers.running import Running
from workers.steps import Step
from workers.toolbox import Toolbox


def recover(running: Running, tools: Toolbox) -> Step: ...
