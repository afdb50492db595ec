"""What real engines said when they were refused something, word for word: Docker 20.10.24 and
26.1.5 with the classic store, and 26.1.5 with containerd's. `tests/workers/docker/test_dialects.py`
has engines say it again.
"""

from quaymaster.errors import Conflict, DiskFull, LoginRefused, NotFound, OutsideFailure
from workers.docker.failures import Phase

HOST = "127.0.0.1:5000"
IMAGE = f"{HOST}/shop/unauthorized-page:1.4-401"
_PATH = f"http://{HOST}/v2/shop/unauthorized-page"
_RESOLVE = f'failed to resolve reference "{IMAGE}": '
_COMMIT = f'failed commit on ref "manifest-v1@sha256:{"8b" * 32}": '
_STATUS = f"unexpected status from HEAD request to {_PATH}/manifests/1.4-401: "
_PUT = f"{_COMMIT}unexpected status from PUT request to {_PATH}/manifests/1.4-401: "
_PAGE = r"<html>\r\n<head><title>%s</title></head>\r\n<body>nginx</body></html>"
_START = (
    "failed to create shim task: OCI runtime create failed: runc create failed: unable to start "
    "container process: exec: "
)
PULL, PUSH, ITSELF = Phase.PULL, Phase.PUSH, Phase.ITSELF

# The engine, what it was about, the status of its answer, its words, and what people read.
TEXTS = (
    ("20.10", ITSELF, 404, f"no such image: {IMAGE}: No such image: {IMAGE}", NotFound, "no image"),
    ("26", ITSELF, 404, f"No such image: {IMAGE}", NotFound, "Host build1 has no image"),
    (
        "20.10",
        PULL,
        404,
        f"manifest for {IMAGE} not found: manifest unknown: manifest unknown",
        NotFound,
        "does not exist",
    ),
    ("containerd", PULL, 404, f"{_RESOLVE}{IMAGE}: not found", NotFound, "does not exist"),
    (
        "20.10",
        PULL,
        500,
        f'Head "{_PATH}/manifests/1.4-401": no basic auth credentials',
        LoginRefused,
        "refuses the login",
    ),
    ("20.10", PULL, 500, "unauthorized: authentication required", LoginRefused, "refuses"),
    ("26", PULL, 500, "unauthorized: ", LoginRefused, "refuses the login"),
    (
        "containerd",
        PULL,
        500,
        f"{_RESOLVE}pull access denied, repository does not exist or may require authorization: "
        "authorization failed: no basic auth credentials",
        LoginRefused,
        "refuses the login",
    ),
    ("containerd", PULL, 500, f"{_RESOLVE}{_STATUS}401 Unauthorized", LoginRefused, "refuses"),
    (
        "containerd",
        PUSH,
        None,
        "push access denied, repository does not exist or may require authorization: "
        "authorization failed: no basic auth credentials",
        LoginRefused,
        "refuses the login",
    ),
    (
        "26",
        PULL,
        404,
        f"pull access denied for {HOST}/shop/unauthorized-page, repository does not exist or may "
        "require 'docker login': denied: Your authorization token has expired. Reauthenticate and "
        "try again.",
        LoginRefused,
        "has expired",
    ),
    ("containerd", PULL, 500, f"{_RESOLVE}{_STATUS}403 Forbidden", OutsideFailure, "not allow"),
    ("20.10", PULL, 500, "denied", OutsideFailure, "does not allow"),
    (
        "20.10",
        PULL,
        500,
        "error parsing HTTP 429 response body: invalid character '<' looking for beginning of "
        f'value: "{_PAGE % "429 Too Many Requests"}"',
        OutsideFailure,
        "gets too many requests",
    ),
    (
        "26",
        PULL,
        500,
        f"toomanyrequests: {_PAGE % '429 Too Many Requests'}",
        OutsideFailure,
        "gets too many requests",
    ),
    (
        "containerd",
        PULL,
        500,
        f"{_RESOLVE}{_STATUS}429 Too Many Requests",
        OutsideFailure,
        "gets too many requests",
    ),
    (
        "26",
        PULL,
        None,
        "no matching manifest for linux/amd64 in the manifest list entries",
        NotFound,
        "has no image for linux/amd64, which build1 runs",
    ),
    (
        "containerd",
        PULL,
        404,
        "no match for platform in manifest: not found",
        NotFound,
        "has no image for the platform of build1",
    ),
    (
        "20.10",
        PUSH,
        None,
        "error parsing HTTP 413 response body: invalid character '<' looking for beginning of "
        f'value: "{_PAGE % "413 Request Entity Too Large"}"',
        OutsideFailure,
        "as large as a layer",
    ),
    (
        "26",
        PUSH,
        None,
        f"unknown: {_PAGE % '413 Request Entity Too Large'}",
        OutsideFailure,
        "as large as a layer",
    ),
    ("containerd", PUSH, None, f"{_PUT}413 Request Entity Too Large", OutsideFailure, "as large"),
    ("containerd", PUSH, None, f"{_PUT}507 Insufficient Storage", DiskFull, "no space left"),
    ("containerd", PUSH, None, f"{_PUT}400 Bad Request", OutsideFailure, "rejects"),
    ("containerd", PUSH, None, f"{_PUT}500 Internal Server Error", OutsideFailure, "failed."),
    (
        "20.10",
        PUSH,
        None,
        "received unexpected HTTP status: 507 Insufficient Storage",
        DiskFull,
        "The registry of",
    ),
    (
        "26",
        PUSH,
        None,
        "tag invalid: The image tag '1.4' already exists in the 'shop/web' repository and cannot "
        "be overwritten because the tag is immutable.",
        Conflict,
        "refuses to change",
    ),
    (
        "20.10",
        PULL,
        None,
        "write /var/lib/docker/tmp/GetImageBlob3573245081: no space left on device",
        DiskFull,
        "build1 has no space left",
    ),
    (
        "26",
        PULL,
        None,
        "failed to register layer: write /f0: no space left on device",
        DiskFull,
        "build1 has no space left",
    ),
    (
        "containerd",
        PULL,
        None,
        f"failed to extract layer sha256:{'9a' * 32}: mount callback failed on "
        "/var/lib/docker/containerd/daemon/tmpmounts/containerd-mount2835036865: write "
        "/var/lib/docker/containerd/daemon/tmpmounts/containerd-mount2835036865/f0: no space left "
        "on device: unknown",
        DiskFull,
        "build1 has no space left",
    ),
    (
        "containerd",
        PULL,
        500,
        f'{_RESOLVE}failed to do request: Head "https://{HOST}/v2/": dial tcp {HOST}: connect: '
        "connection refused",
        OutsideFailure,
        "cannot reach the registry",
    ),
    (
        "containerd",
        PULL,
        500,
        f'{_RESOLVE}failed to do request: Head "https://{HOST}/v2/": tls: first record does not '
        "look like a TLS handshake",
        OutsideFailure,
        "speaks plain HTTP",
    ),
    (
        "20.10",
        ITSELF,
        400,
        f'{_START}"/etc": permission denied: unknown',
        OutsideFailure,
        "started",
    ),
    (
        "26",
        ITSELF,
        400,
        f'failed to create task for container: {_START}"denied": executable file not found in '
        "$PATH: unknown",
        OutsideFailure,
        "cannot be started",
    ),
    (
        "20.10",
        ITSELF,
        500,
        "error while creating mount source path '/sys/denied': mkdir /sys/denied: operation not "
        "permitted",
        OutsideFailure,
        "build1 is not allowed to do",
    ),
    ("26", ITSELF, 404, "network unauthorized not found", NotFound, "A network that"),
    ("26", ITSELF, 400, "Minimum memory limit allowed is 6MB", OutsideFailure, "rejects"),
)
