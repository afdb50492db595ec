"""The scanner: Trivy, its database and its reports."""
