"""placeholder"""

from workers.running import Running
from workers.steps import Step
from workers.toolbox import Toolbox


def look_again(running: Running, tools: Toolbox) -> Step: ...
