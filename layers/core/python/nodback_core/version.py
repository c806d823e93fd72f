"""The names of the service that people see: what it is called, and the version that the changelog tells of."""

PRODUCT = "Nodback"
VERSION = "0.1.0"
