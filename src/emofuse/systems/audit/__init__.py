"""Published systems against their own files: what was claimed, what it is, what it is honestly."""

from .audit import AUDITS, audit, record_audit
from .page import audit_page
from .row import COLUMNS, AuditRow, printable

__all__ = ["AUDITS", "COLUMNS", "AuditRow", "audit", "audit_page", "printable", "record_audit"]
