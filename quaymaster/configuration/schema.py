"""What may stand in ``quaymaster.yml``, field by field, as frozen typed values.

Rules between fields are in ``schema_rules``; look-ups are in ``configuration``. Every field has a
description and an example, and stands in ``quaymaster.example.yml``.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    model_validator,
)

from quaymaster.configuration.schema_values import (
    AbsolutePath,
    Capability,
    ChannelId,
    DroppedCapability,
    Duration,
    EachRegistryOnce,
    EngineId,
    EngineUrl,
    FreezeText,
    HttpPath,
    LongDuration,
    Memory,
    Mount,
    Name,
    PermissionText,
    PlatformText,
    Port,
    RedirectHost,
    Reference,
    RegistryHost,
    RoleMembers,
    ServiceImage,
    VariableName,
    VariableValue,
    WindowText,
)
from quaymaster.findings import Severity
from quaymaster.services import HealthCheck, Limits

Words = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Part(BaseModel):
    """A part of the file: nothing but its fields, and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, data: Any) -> Any:
        return {} if data is None else data


class RegistryEntry(Part):
    """How to log in to a registry, and whom to trust."""

    username: Words | None = Field(None, description="who logs in", examples=["ci"])
    password: Reference | None = Field(
        None,
        description="the name of an environment variable, never a value",
        examples=["${REGISTRY_PASSWORD}"],
    )
    ca_file: Words | None = Field(
        None,
        description="certificates to trust besides the system's; relative to this file",
        examples=["registry-ca.pem"],
    )
    redirects_to: tuple[RedirectHost, ...] = Field(
        (),
        description="other hosts[:port] that it may redirect reads to, such as its storage",
        examples=[["storage.example.com"]],
    )


class HostEntry(Part):
    """A Docker engine."""

    docker: EngineUrl | None = Field(
        None,
        description="its address; without it, the DOCKER_HOST of the host's worker",
        examples=["unix:///var/run/docker.sock"],
    )
    allow_paths: tuple[AbsolutePath, ...] = Field(
        (),
        description="directories of the host that services may mount, or parts of them",
        examples=[["/srv/data"]],
    )
    platform: PlatformText | None = Field(
        None,
        description="what it runs, if its engine does not report the processor's variant",
        examples=["linux/amd64/v2"],
    )
    engine_id: EngineId | None = Field(
        None,
        description="the ID that `docker info` shows; without it, the first one that its worker "
        "finds",
        examples=["7TJD:GKQ4:2XLC:HNAV"],
    )


class GateSettings(Part):
    """What may not be deployed. What is left out comes from the wider place."""

    block: Literal["low", "medium", "high", "critical", "never"] | None = Field(
        None, description="the lowest severity that stops a deploy", examples=["high"]
    )
    only_fixable: StrictBool | None = Field(
        None, description="count a finding only once a fixed version exists", examples=[True]
    )
    unknown: Literal["block", "allow"] | None = Field(
        None,
        description="what an unknown verdict means: never scanned or not judged, old database",
        examples=["block"],
    )
    database_older_than: Duration | None = Field(
        None, description="from this age the scanner's database proves nothing", examples=["48h"]
    )
    will_not_fix: Literal["count", "ignore"] | None = Field(
        None,
        description="what its vendor will not fix, if only_fixable is true",
        examples=["ignore"],
    )
    from_scratch: Literal["block", "allow"] | None = Field(
        None,
        description="an image without a distribution; allow judges it by its own packages alone",
        examples=["block"],
    )


class ApprovalSettings(Part):
    """Who has to agree before a deploy. What is left out comes from the wider place."""

    needed: Annotated[StrictInt, Field(ge=0, le=20)] | None = Field(
        None, description="how many approvals; 0 asks nobody", examples=[2]
    )
    from_roles: tuple[Name, ...] | None = Field(
        None, alias="from", description="the roles that may vote", examples=[["release-managers"]]
    )
    channel: ChannelId | None = Field(
        None, description="where the request is also posted", examples=["C0RELEASE"]
    )
    expires: LongDuration | None = Field(
        None, description="how long there is time to vote", examples=["4h"]
    )
    own_request: Literal["refuse", "count"] | None = Field(
        None, description="whether the requester's own approval counts", examples=["refuse"]
    )


class Defaults(Part):
    """What holds where an environment or a service says nothing else."""

    gate: GateSettings = Field(
        GateSettings(), description="the scan gate", examples=[{"block": "high"}]
    )
    approval: ApprovalSettings = Field(
        ApprovalSettings(), description="approvals", examples=[{"needed": 0, "expires": "4h"}]
    )
    requests_valid_for: LongDuration = Field(
        timedelta(hours=24),
        description="how long after a request its work may start; no approval may take longer",
        examples=["24h"],
    )
    keep_releases: Annotated[StrictInt, Field(ge=1, le=100)] = Field(
        5, description="how many earlier releases of a service can be restored", examples=[5]
    )


class KeepSettings(Part):
    """For how long what has ended is kept. What is open, the releases of services, the marks of bad
    digests and the audit are never dropped by age.
    """

    operations: LongDuration = Field(
        timedelta(days=90),
        description="operations that changed something or tried to, and their cards' addresses",
        examples=["90d"],
    )
    reports: LongDuration = Field(
        timedelta(days=30), description="scan reports, by image and database", examples=["30d"]
    )
    listings: LongDuration = Field(
        timedelta(days=1),
        description="operations that only read (tags, images, inspect, history), and their pages",
        examples=["1d"],
    )


class TargetEntry(Part):
    """Where the services of an environment run."""

    docker: tuple[Name, ...] = Field(description="one of the hosts", examples=[["build1"]])


class HealthEntry(Part):
    """When a container of a service counts as healthy."""

    http: HttpPath | None = Field(
        None,
        description="this path answers 200 to 399; without it, the image's HEALTHCHECK decides",
        examples=["/healthz"],
    )
    port: Annotated[StrictInt, Field(ge=1, le=65_535)] | None = Field(
        None, description="the port inside the container that answers", examples=[8000]
    )
    within: LongDuration = Field(
        timedelta(seconds=30), description="how long it may take", examples=["30s"]
    )
    steady: Duration = Field(
        timedelta(seconds=3),
        description="without any check: how long the container has to keep running",
        examples=["3s"],
    )
    outbound: StrictBool = Field(
        False,
        description="the check needs a way out to the network (costs a longer gap)",
        examples=[False],
    )

    def as_check(self) -> HealthCheck:
        """The check as a plan holds it."""
        return HealthCheck(
            http=self.http,
            port=self.port,
            within=self.within.total_seconds(),
            steady=self.steady.total_seconds(),
            outbound=self.outbound,
        )


class LimitsEntry(Part):
    """What a container may use at most."""

    memory: Memory | None = Field(
        None, description="an amount, as docker run takes it", examples=["512m"]
    )
    cpus: Annotated[float, Field(gt=0, le=1024, strict=True)] | None = Field(
        None, description="processors, also parts of one", examples=[1.5]
    )

    pids: Annotated[StrictInt, Field(ge=1, le=4_194_304)] | Literal["unlimited"] = Field(
        4096, description="processes and threads together", examples=[4096]
    )

    def as_limits(self) -> Limits:
        """The limits as a plan holds them."""
        return Limits(self.memory, self.cpus, None if self.pids == "unlimited" else self.pids)


class ServiceEntry(Part):
    """A service of an environment."""

    image: ServiceImage = Field(
        description="the only repository it may run, without a tag",
        examples=["registry.example.com/shop/web"],
    )
    ports: tuple[Port, ...] = Field(
        (), description="[ADDRESS:]HOST:CONTAINER[/udp]", examples=[["8080:8000"]]
    )
    health: HealthEntry = Field(
        HealthEntry(),
        description="when it counts as healthy",
        examples=[{"http": "/healthz", "port": 8000, "within": "30s"}],
    )
    env_file: Words | None = Field(
        None,
        description="NAME=value lines, as docker run --env-file takes them; all kept secret",
        examples=["web.staging.env"],
    )
    environment: Mapping[VariableName, VariableValue] = Field(
        {},
        description="variables; secrets as ${NAME} of the worker's environment",
        examples=[{"DATABASE_URL": "${STAGING_DATABASE_URL}"}],
    )
    command: tuple[str, ...] | None = Field(
        None,
        description="instead of the image's own; no ${NAME} is filled in",
        examples=[["web", "--verbose"]],
    )
    volumes: tuple[Mount, ...] = Field(
        (), description="NAME-or-/PATH:TARGET[:ro]", examples=[["uploads:/srv/uploads"]]
    )
    limits: LimitsEntry = Field(
        LimitsEntry(),
        description="what it may use at most",
        examples=[{"memory": "512m", "cpus": 1.5}],
    )
    cap_add: tuple[Capability, ...] = Field(
        (),
        description="capabilities that it has besides; Docker's usual ones, and no others",
        examples=[["NET_RAW"]],
    )
    cap_drop: tuple[DroppedCapability, ...] = Field(
        (), description="capabilities that it does not have, or ALL", examples=[["ALL"]]
    )
    no_new_privileges: StrictBool = Field(
        True,
        description="no program in it gains rights by its file (setuid)",
        examples=[True],
    )
    init: StrictBool = Field(
        True,
        description="Docker's init is its first process; false for images that bring one (s6)",
        examples=[False],
    )
    channel: ChannelId | None = Field(
        None, description="the channel that owns it; alerts go there", examples=["C0SHOP"]
    )
    drain: Duration = Field(
        timedelta(seconds=10), description="how long the old one may take to stop", examples=["20s"]
    )
    bake: Duration = Field(
        timedelta(), description="when to check again before it counts as released", examples=["5m"]
    )
    gate: GateSettings = Field(
        GateSettings(), description="as in defaults", examples=[{"block": "critical"}]
    )
    approval: ApprovalSettings = Field(
        ApprovalSettings(), description="as in defaults", examples=[{"needed": 1}]
    )


class EnvironmentEntry(Part):
    """An environment: services on a target, and the rules for changing them."""

    target: TargetEntry = Field(
        description="where its services run", examples=[{"docker": ["build1"]}]
    )
    services: Annotated[Mapping[Name, ServiceEntry], Field(min_length=1)] = Field(
        description="by name", examples=[{"web": {"image": "registry.example.com/shop/web"}}]
    )
    after: Name | None = Field(
        None, description="accept only digests that were released there", examples=["staging"]
    )
    gate: GateSettings = Field(
        GateSettings(), description="as in defaults", examples=[{"block": "medium"}]
    )
    approval: ApprovalSettings = Field(
        ApprovalSettings(),
        description="as in defaults",
        examples=[{"needed": 2, "from": ["release-managers"]}],
    )
    allowed: tuple[WindowText, ...] = Field(
        (),
        description="when it takes deploys; always when there is none",
        examples=[["Mon-Thu 09:00-17:00 Europe/Berlin"]],
    )
    freeze: tuple[FreezeText, ...] = Field(
        (),
        description="days, both included, on which it takes none",
        examples=[["2026-12-20/2027-01-03"]],
    )


class AlertSettings(Part):
    """Where new findings are reported."""

    channel: ChannelId | None = Field(
        None, description="besides the channel of the service", examples=["C0SECURITY"]
    )
    at_least: Literal["low", "medium", "high", "critical"] = Field(
        "high", description="the lowest severity that is reported", examples=["high"]
    )

    @property
    def severity(self) -> Severity:
        """The lowest severity that is reported."""
        return Severity(self.at_least)


class Declaration(Part):
    """The whole file."""

    default_registry: RegistryHost = Field(
        description="the registry of a name without one", examples=["registry.example.com"]
    )
    registries: Annotated[Mapping[RegistryHost, RegistryEntry], EachRegistryOnce] = Field(
        {},
        description="registries that Quaymaster may connect to besides the default one, and their "
        "logins",
        examples=[{"registry.example.com": {"username": "ci", "password": "${REGISTRY_PASSWORD}"}}],
    )
    hosts: Annotated[Mapping[Name, HostEntry], Field(min_length=1)] = Field(
        description="Docker engines, by name",
        examples=[{"build1": {"docker": "unix:///var/run/docker.sock"}}],
    )
    defaults: Defaults = Field(
        Defaults(), description="what applies everywhere else", examples=[{"keep_releases": 5}]
    )
    keep: KeepSettings = Field(
        KeepSettings(),
        description="how long ended operations are kept",
        examples=[{"operations": "90d", "reports": "30d", "listings": "1d"}],
    )
    environments: Mapping[Name, EnvironmentEntry] = Field(
        {},
        description="by name",
        examples=[
            {
                "staging": {
                    "target": {"docker": ["build1"]},
                    "services": {"web": {"image": "registry.example.com/shop/web"}},
                }
            }
        ],
    )
    roles: Mapping[Name, RoleMembers] = Field(
        {},
        description="people (U…), user groups (S…), or everyone",
        examples=[{"release-managers": ["U024BE7LH", "SAZ94GDB8"]}],
    )
    permissions: Mapping[Name, tuple[PermissionText, ...]] = Field(
        {},
        description="rights by role; without any `read`, everybody may read",
        examples=[{"developers": ["read", "pull", "tag", "push", "scan", "deploy"]}],
    )
    alerts: AlertSettings = Field(
        AlertSettings(),
        description="where new findings are reported",
        examples=[{"channel": "C0SECURITY", "at_least": "high"}],
    )
