"""The real engines that tests run against: Docker, registries, Valkey and Trivy.

Everything an engine writes lies under one run directory; the controller process of pytest
removes that directory, and every process started for it, when the run ends.
"""
