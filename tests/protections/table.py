"""Every protection: a row for each thing that a guarantee rests on."""

from tests.protections.admissible import ADMISSIBLE
from tests.protections.answered import ANSWERED
from tests.protections.as_approved import AS_APPROVED
from tests.protections.audit import AUDIT
from tests.protections.audit_chain import AUDIT_CHAIN
from tests.protections.bounds import BOUNDS
from tests.protections.chat_page import CHAT_PAGE
from tests.protections.freshness import FRESHNESS
from tests.protections.genuine import GENUINE
from tests.protections.keys import KEYS
from tests.protections.members import MEMBERS
from tests.protections.never_silent import NEVER_SILENT
from tests.protections.no_injection import NO_INJECTION
from tests.protections.no_secret_leaves import NO_SECRET_LEAVES
from tests.protections.nothing_lost import NOTHING_LOST
from tests.protections.once import ONCE
from tests.protections.only_who_may import ONLY_WHO_MAY
from tests.protections.people import PEOPLE
from tests.protections.refusals import REFUSALS
from tests.protections.scanning import SCANNING
from tests.protections.signatures import SIGNATURES
from tests.protections.supply_chain import SUPPLY_CHAIN
from tests.protections.targets import TARGETS
from tests.protections.within_limits import WITHIN_LIMITS

PROTECTIONS = (
    *ANSWERED,
    *ONCE,
    *NEVER_SILENT,
    *TARGETS,
    *AS_APPROVED,
    *MEMBERS,
    *SIGNATURES,
    *SCANNING,
    *ONLY_WHO_MAY,
    *NO_SECRET_LEAVES,
    *NO_INJECTION,
    *SUPPLY_CHAIN,
    *WITHIN_LIMITS,
    *NOTHING_LOST,
    *AUDIT,
    *AUDIT_CHAIN,
    *FRESHNESS,
    *ADMISSIBLE,
    *CHAT_PAGE,
    *GENUINE,
    *KEYS,
    *BOUNDS,
    *PEOPLE,
    *REFUSALS,
)
